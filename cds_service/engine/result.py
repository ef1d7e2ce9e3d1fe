"""Is a finding present, absent or unknown, given what the records say about it.

Present needs one record that stands. Absent needs a record that says so, or every source that
would hold it read to the end. Everything else is unknown, and says why.
"""

import msgspec

from cds_service.content.expression import State
from cds_service.content.library import SOURCE_TYPES, origins
from cds_service.content.model import Finding
from cds_service.engine.chart import Chart
from cds_service.engine.items import Item
from cds_service.engine.verdict import Verdict


class Result(msgspec.Struct, frozen=True):
    """State of one finding with its evidence and, when unknown, the reasons."""

    finding: Finding
    state: State
    items: tuple[Item, ...] = ()
    reasons: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Resource types that would have to be read to the end before the finding is absent."""

    @property
    def suspected(self) -> bool:
        """Whether a record suggests the finding without proving it."""
        return any(item.verdict is Verdict.INCONCLUSIVE for item in self.items)


def silent(finding: Finding, sources: Chart) -> Result:
    """Return the state of `finding` where no record says anything about it."""
    unread = _unread(finding, sources)
    reasons: list[str] = []
    if finding.absence == "never":
        state = State.UNKNOWN
        reasons.append("charts do not record its absence")
    elif finding.absence == "needs-record":
        state = State.UNKNOWN
        reasons.append("no record says either way")
    else:
        state = State.UNKNOWN if unread else State.ABSENT
    if state is State.UNKNOWN:
        reasons += [f"{kind}: {_why(sources, kind)}" for kind in unread]
    return Result(finding, state, (), tuple(reasons), unread)


def result(otherwise: Result, items: tuple[Item, ...], sources: Chart) -> Result:
    """Return the state of a finding on which the records say `items`.

    `otherwise` is its state where they say nothing.
    """
    finding, unread = otherwise.finding, otherwise.unread
    verdicts = {item.verdict for item in items}
    if Verdict.FOR in verdicts:
        return Result(finding, State.PRESENT, items, (), unread)
    if Verdict.INCONCLUSIVE in verdicts:
        why = [f"{kind}: {_why(sources, kind)}" for kind in unread]
        reasons = ("a record suggests it but does not settle it", *why)
        return Result(finding, State.UNKNOWN, items, reasons, unread)
    if finding.absence == "needs-record" and Verdict.AGAINST in verdicts:
        return Result(finding, State.ABSENT, items, (), unread)
    return Result(finding, otherwise.state, items, otherwise.reasons, unread)


def _unread(finding: Finding, chart: Chart) -> tuple[str, ...]:
    needed = origins(finding)
    return tuple(kind for kind in SOURCE_TYPES if kind in needed and chart.withholds(kind))


def _why(chart: Chart, kind: str) -> str:
    source = chart.source(kind)
    return source.reason or source.state.value.replace("-", " ")
