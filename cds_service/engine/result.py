"""Is a finding present, absent or unknown, given what the records say about it.

Present needs one record that stands. Absent needs a record that says so, or every source that
would hold it read to the end. Everything else is unknown, and says why.
"""

import msgspec

from cds_service.content.expression import State
from cds_service.content.library import SOURCE_TYPES, SUPPLEMENTARY_TYPES, origins
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


def result(finding: Finding, items: tuple[Item, ...], chart: Chart) -> Result:
    """Return the state of `finding` on which the records of `chart` say `items`."""
    verdicts = {item.verdict for item in items}
    unread = _unread(finding, chart)
    reasons: list[str] = []
    if Verdict.FOR in verdicts:
        state = State.PRESENT
    elif Verdict.INCONCLUSIVE in verdicts:
        state = State.UNKNOWN
        reasons.append("a record suggests it but does not settle it")
    elif finding.absence == "never":
        state = State.UNKNOWN
        reasons.append("charts do not record its absence")
    elif finding.absence == "needs-record":
        state = State.ABSENT if Verdict.AGAINST in verdicts else State.UNKNOWN
        if state is State.UNKNOWN:
            reasons.append("no record says either way")
    else:
        state = State.UNKNOWN if unread else State.ABSENT
    if state is State.UNKNOWN:
        reasons += [f"{kind}: {_why(chart, kind)}" for kind in unread]
    return Result(finding, state, items, tuple(reasons), unread)


def _unread(finding: Finding, chart: Chart) -> tuple[str, ...]:
    needed = origins(finding) - SUPPLEMENTARY_TYPES
    return tuple(
        kind for kind in SOURCE_TYPES if kind in needed and not chart.source(kind).complete
    )


def _why(chart: Chart, kind: str) -> str:
    source = chart.source(kind)
    return source.reason or source.state.value.replace("-", " ")
