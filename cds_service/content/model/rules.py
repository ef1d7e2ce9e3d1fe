"""Rules that turn findings and ratings into advice: recommendations and safety rules."""

from typing import Literal

from cds_service.content.model.base import Expression, Head, Indicator, Part, Rating
from cds_service.content.model.terminology import Procedure


class Selector(Part, kw_only=True, frozen=True):
    """Which procedures a rule bears on. Every list that is given must hold the procedure's."""

    procedures: tuple[str, ...] = ()
    modality: tuple[str, ...] = ()
    body_region: tuple[str, ...] = ()
    contrast: tuple[str, ...] = ()

    def matches(self, procedure: Procedure) -> bool:
        """Say whether `procedure` is one of those selected."""
        return (
            (not self.procedures or procedure.id in self.procedures)
            and (not self.modality or procedure.modality in self.modality)
            and (not self.body_region or procedure.body_region in self.body_region)
            and (not self.contrast or procedure.contrast in self.contrast)
        )


class Remedy(Part, kw_only=True, frozen=True):
    """What accepting a card does to the order: exactly one of these, or nothing (a question).

    `order` proposes the first of these procedures that no safety rule excludes. `best_rated`
    proposes up to that many of the best-rated procedures that no safety rule excludes, of these
    modalities where any are named.
    """

    order: tuple[str, ...] = ()
    best_rated: int = 0
    modality: tuple[str, ...] = ()
    set_priority: str = ""
    remove_order: bool = False


class Recommendation(Part, kw_only=True, frozen=True):
    """A rule of a topic: for which orders and variants it speaks, and what it proposes.

    `variants` empty means any; `unsettled` asks for the opposite: that no variant could be
    settled because something was unknown. `rated` limits it to orders whose best rating is one
    of these. `unless_priority` silences it for orders that already have one of these priorities.
    One that is `off_by_default` speaks only where a site switches it on.
    """

    id: str
    title: str
    off_by_default: bool = False
    card: str
    indicator: Indicator
    orders: Selector
    variants: tuple[str, ...] = ()
    unsettled: bool = False
    rated: tuple[Rating, ...] = ()
    findings: Expression | None = None
    unless_priority: tuple[str, ...] = ()
    remedy: Remedy
    source: str
    locator: str
    limits: str


class Recommendations(Head, kw_only=True, frozen=True):
    """The rules of one topic, in the order in which they are tried."""

    topic: str
    recommendations: tuple[Recommendation, ...]


class SafetyState(Part, kw_only=True, frozen=True):
    """One situation of a safety rule; the first whose findings hold decides.

    Effects: ``hold`` (do not go on before it is cleared; never suggested), ``exclude`` (never
    suggested by us), ``caution`` (may go on, with care), ``ask`` (a question to answer first),
    ``replace`` (the study its card names comes first, so topic rules propose no other), ``urgent``
    (must not wait). It is silent when one of the findings of `unless_newer` rests on a record
    newer than its own. One that is `off_by_default` has no effect at all, unless a site switches
    it on.
    """

    id: str
    off_by_default: bool = False
    when: Expression
    effect: Literal["hold", "exclude", "caution", "ask", "replace", "urgent"]
    note: str
    indicator: Indicator | None = None
    card: str = ""
    unless_priority: tuple[str, ...] = ()
    unless_newer: tuple[str, ...] = ()
    remedy: Remedy = Remedy()
    source: str
    locator: str


class SafetyRule(Head, kw_only=True, frozen=True):
    """A rule that holds across topics for the procedures it bears on.

    Its cards are silent when the orders of a call, the one they are about among them, together ask
    for what they would: when for each selector of one of the alternatives of `unless_together`
    one of the orders asks for a study that it selects. One that is `off_by_default` has no effect
    at all, unless a site switches it on.
    """

    off_by_default: bool = False
    bears_on: Selector
    unless_together: tuple[tuple[Selector, ...], ...] = ()
    states: tuple[SafetyState, ...]
    watches: tuple[str, ...]
