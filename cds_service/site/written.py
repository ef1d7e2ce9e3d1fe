"""The rules of the content as they are written, in one list: what a site can switch."""

from collections.abc import Iterator
from dataclasses import dataclass

from cds_service.content.library import Content
from cds_service.content.model import Citation, Indicator
from cds_service.site.model import Site


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A recommendation, or a state of a safety rule (then its id is ``rule.state``).

    `topic` is the id of its topic, or `safety_rule` that of its safety rule. `effect` and `note`
    are those of a safety state. `needs` are the ids to switch on, where it is off by default.
    """

    id: str
    title: str
    card: str
    indicator: Indicator | None
    citation: Citation | None
    topic: str = ""
    safety_rule: str = ""
    effect: str = ""
    note: str = ""
    needs: tuple[str, ...] = ()

    @property
    def serious(self) -> bool:
        """Whether it warns of serious harm: it is critical, or holds an order back."""
        return self.indicator is Indicator.CRITICAL or self.effect == "hold"

    def in_force(self, site: Site) -> bool:
        """Say whether the rule has any effect at the site."""
        return all(name in site.rules.switched_on for name in self.needs)

    def off(self, site: Site) -> bool:
        """Say whether the site has switched off the rule, or the safety rule it is a state of."""
        return bool({self.id, self.safety_rule} & set(site.rules.switched_off))

    def speaks(self, site: Site) -> bool:
        """Say whether the rule can show its card at the site."""
        return (
            bool(self.card)
            and self.in_force(site)
            and not self.off(site)
            and self.card not in site.cards.switched_off
        )


def written_rules(content: Content) -> list[WrittenRule]:
    """Return all rules: recommendations by topic, then the states of the safety rules."""
    return [*_recommendations(content), *_states(content)]


def switchable(rules: list[WrittenRule]) -> set[str]:
    """Return every id that a site may switch: of rules, of states, and of whole safety rules."""
    return {rule.id for rule in rules} | {rule.safety_rule for rule in rules if rule.safety_rule}


def shown_cards(rules: list[WrittenRule]) -> set[str]:
    """Return the ids of all cards that rules show."""
    return {rule.card for rule in rules if rule.card}


def _recommendations(content: Content) -> Iterator[WrittenRule]:
    for topic in content.topics_as_written:
        for rule in topic.recommendations:
            yield WrittenRule(
                id=rule.id,
                title=rule.title,
                card=rule.card,
                indicator=rule.indicator,
                citation=topic.sources.get(rule.id),
                topic=topic.topic.id,
                needs=(rule.id,) if rule.off_by_default else (),
            )


def _states(content: Content) -> Iterator[WrittenRule]:
    for rule in content.safety_rules_as_written:
        for state in rule.states:
            name = f"{rule.id}.{state.id}"
            cited = (source for source in rule.sources if source.id == state.source)
            needs = (
                *((rule.id,) if rule.off_by_default else ()),
                *((name,) if state.off_by_default else ()),
            )
            yield WrittenRule(
                id=name,
                title=rule.title,
                card=state.card,
                indicator=state.indicator,
                citation=next(cited, None),
                safety_rule=rule.id,
                effect=state.effect,
                note=state.note,
                needs=needs,
            )
