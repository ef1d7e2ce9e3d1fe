"""What people call the ids in the journal, after the content in use now."""

from typing import TYPE_CHECKING

from cds_service.content.library import ORDER_NOT_ASSESSED
from cds_service.site.written import written_rules
from cds_service.web.insights.table import Named

if TYPE_CHECKING:
    from cds_service.clients.model import Clients
    from cds_service.content.library import Content

_FAULTY = {ORDER_NOT_ASSESSED: "Not assessed: a fault of the advisor"}
_INDICATORS = {"critical": "Critical", "warning": "Warning", "info": "Information"}
_HOOKS = {"order-select": "while choosing orders", "order-sign": "before signing"}


class Names:
    """Titles of rules, procedures, variants, reasons and clients, and which rules are serious.

    An id that the content no longer has is its own title.
    """

    def __init__(self, content: "Content | None", clients: "Clients") -> None:
        """Collect the titles in `content` and `clients`."""
        self._topics = dict(_FAULTY)
        self._variants = dict(_FAULTY)
        self._procedures: dict[str, str] = {}
        self._cards: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._serious: frozenset[str] = frozenset()
        self._clients = {client.id: client.title for client in clients.all}
        if content is not None:
            for topic in content.topics_as_written:
                self._topics[topic.topic.id] = topic.topic.title
                self._variants.update({each.id: each.title for each in topic.variants})
            self._procedures = {each.id: each.title for each in content.procedures.values()}
            self._cards = {text.id: text.title for text in content.texts.values()}
            presets = [reason for each in content.override_reasons.values() for reason in each]
            self._reasons = {reason.code: reason.display for reason in presets}
            self._serious = frozenset(rule.id for rule in written_rules(content) if rule.serious)

    def topic(self, identity: str) -> Named:
        """Return a topic; an order without one is advised on by safety rules only."""
        return _named(self._topics, identity, "No topic: safety rules only")

    def variant(self, identity: str) -> Named:
        """Return a variant of a topic."""
        return _named(self._variants, identity, "No variant applies")

    def procedure(self, identity: str) -> Named:
        """Return a procedure."""
        return _named(self._procedures, identity, "No single study recognised")

    def rule(self, identity: str, card: str) -> Named:
        """Return a rule, called by the title of its `card`."""
        return Named(identity, self._cards.get(card, card or identity))

    def indicator(self, identity: str) -> Named:
        """Return the urgency of a card."""
        return _named(_INDICATORS, identity, "Not known")

    def client(self, identity: str) -> Named:
        """Return a client."""
        return _named(self._clients, identity, "Not known")

    def hook(self, identity: str) -> Named:
        """Return the occasion of a call."""
        return _named(_HOOKS, identity, "any time")

    def reason(self, code: str) -> Named:
        """Return a reason for overriding a card."""
        return _named(self._reasons, code, "No reason given")

    def is_serious(self, rule: str) -> bool:
        """Say whether the content has the rule to warn of serious harm, however a site shows it."""
        return rule in self._serious

    def knows_reason(self, code: str) -> bool:
        """Say whether `code` is a preset reason of the content or the site, or no reason."""
        return not code or code in self._reasons


def _named(titles: dict[str, str], identity: str, nothing: str) -> Named:
    return Named(identity, titles.get(identity, identity) if identity else nothing)
