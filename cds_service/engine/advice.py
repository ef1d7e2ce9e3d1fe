"""What to say about one order, and the trace of how it was decided."""

import msgspec

from cds_service.content.library import TopicContent
from cds_service.content.model import (
    Citation,
    Indicator,
    Procedure,
    Recommendation,
    SafetyState,
    Variant,
)
from cds_service.engine.evidence import Evidence
from cds_service.engine.findings import Findings
from cds_service.engine.ratings import Rated
from cds_service.engine.recognise import Recognised
from cds_service.engine.result import Result
from cds_service.engine.safety import SafetyVerdict
from cds_service.engine.variants import Selection
from cds_service.fhir.orders import DraftOrder


class Proposal(msgspec.Struct, frozen=True):
    """What accepting would do: order one of `procedures`, set `priority`, or remove the order."""

    procedures: tuple[Procedure, ...] = ()
    priority: str = ""
    remove: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to accept: the card asks a question."""
        return not (self.procedures or self.priority or self.remove)


class Advice(msgspec.Struct, frozen=True):
    """One piece of advice: which card, how urgent, on what grounds, and what to accept."""

    card: str
    indicator: Indicator
    rule: Recommendation | SafetyState
    rule_id: str
    citations: tuple[Citation, ...]
    proposal: Proposal
    evidence: tuple[Result, ...]
    headline: tuple[Result, ...] = ()
    """The findings to name first: the watched ones of a safety rule, else the red flags."""
    variant: Variant | None = None
    rated_order: Rated | None = None
    rated_proposal: Rated | None = None
    held: tuple[SafetyVerdict, ...] = ()
    """Better-rated procedures that a safety rule holds back, with the rule's verdict."""
    cautions: tuple[SafetyVerdict, ...] = ()
    """What is to be cleared before the proposed procedure goes ahead."""
    also_against: tuple[SafetyVerdict, ...] = ()
    """What else speaks against the ordered procedure, in the order of the rules."""
    none_left: bool = False
    """Whether an alternative was looked for and none is left to propose."""


class Suppressed(msgspec.Struct, frozen=True):
    """Advice or a rule that did not speak, and why."""

    rule_id: str
    why: str


class TopicAssessment(msgspec.Struct, frozen=True):
    """What one topic makes of one order; `applies` False with `why_not` if it does not speak."""

    topic: TopicContent
    applies: bool
    why_not: str = ""
    certain: bool = True
    """Whether it is certain that the topic speaks; False if the indication is not known."""
    selection: Selection | None = None
    rated_order: Rated | None = None
    table: tuple[Rated, ...] = ()

    @property
    def variant(self) -> Variant | None:
        """Return the variant that decides, the first of twins; None if none is settled."""
        return next(iter(self.selection.selected), None) if self.selection else None


class Assessment(msgspec.Struct, frozen=True):
    """Everything decided about one order."""

    order: DraftOrder
    recognised: Recognised
    findings: Findings
    evidence: Evidence
    safety: tuple[SafetyVerdict, ...]
    topics: tuple[TopicAssessment, ...]
    advice: tuple[Advice, ...]
    suppressed: tuple[Suppressed, ...]
    not_checked: tuple[str, ...]
    """Resource types that were not read to the end."""

    @property
    def topic(self) -> TopicAssessment | None:
        """Return the topic that speaks about the order, if one does."""
        return next((topic for topic in self.topics if topic.applies), None)
