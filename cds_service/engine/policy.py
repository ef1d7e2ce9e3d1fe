"""What a site may set about how much is said, and how loudly."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cds_service.content.model import Indicator

EVERY_CARD = "*"
"""Stands for all cards that have no cap of their own."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many cards a site wants for an order, and which cards and rules it does not.

    `indicator_caps` holds the most urgent indicator of a card, by card id or `EVERY_CARD`.
    `rules_off` holds ids of recommendations, of safety rules, and of their states as
    ``rule.state``: these show no card. What a safety rule holds back or excludes is never
    proposed all the same.
    """

    max_cards_per_order: int = 2
    disabled_cards: frozenset[str] = frozenset()
    indicator_caps: Mapping[str, Indicator] = field(default_factory=dict)
    rules_off: frozenset[str] = frozenset()

    def silences(self, rule_id: str) -> bool:
        """Say whether the rule, or the safety rule that the state `rule_id` is of, is off."""
        return rule_id in self.rules_off or rule_id.partition(".")[0] in self.rules_off

    def capped(self, card: str, indicator: Indicator) -> Indicator:
        """Return how urgently `card` is shown: as `indicator` says, or less, never more."""
        cap = self.indicator_caps.get(card, self.indicator_caps.get(EVERY_CARD, indicator))
        return max(indicator, cap, key=lambda each: each.rank)
