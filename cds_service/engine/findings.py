"""Is a finding present, absent or unknown, and on what evidence.

Present needs one record that stands. Absent needs a record that says so, or every source that
would hold it read to the end. Everything else is unknown, and says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cds_service.content.expression import State
from cds_service.content.library import SOURCE_TYPES, SUPPLEMENTARY_TYPES, Content, origins
from cds_service.content.model import Finding, Procedure
from cds_service.engine.chart import Chart
from cds_service.engine.evidence import Evidence
from cds_service.engine.items import Item, items_of
from cds_service.engine.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Result:
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


@dataclass(slots=True)
class Findings:
    """All findings for one order, decided when first asked for."""

    content: Content
    chart: Chart
    evidence: Evidence
    procedure: Procedure | None = None
    """The procedure in question, for findings that depend on it."""
    _results: dict[str, Result] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Result:
        """Return the result for the finding `name`."""
        result = self._results.get(name)
        if result is None:
            finding = self.content.findings[name]
            result = self._results[name] = _decide(
                finding, self.content, self.chart, self.evidence, self.procedure
            )
        return result

    def about(self, procedure: Procedure) -> "Findings":
        """Return the findings with another procedure in question; what is decided stays."""
        if self.procedure is not None and procedure.id == self.procedure.id:
            return self
        kept = {
            name: result
            for name, result in self._results.items()
            if not any(clause.same_study for clause in result.finding.evidence)
        }
        return Findings(self.content, self.chart, self.evidence, procedure, kept)

    def state(self, name: str) -> State:
        """Return the state of the finding `name`."""
        return self[name].state

    def suspected(self, name: str) -> bool:
        """Say whether inconclusive evidence for the finding `name` is on record."""
        return self[name].suspected

    def present(self, names: Iterable[str]) -> list[Result]:
        """Return the results among `names` that are present, each once, in that order."""
        return [self[name] for name in dict.fromkeys(names) if self.state(name) is State.PRESENT]

    def decided(self) -> dict[str, Result]:
        """Return the results of every finding of the content, for the trace."""
        return {name: self[name] for name in self.content.findings}


def _decide(
    finding: Finding,
    content: Content,
    chart: Chart,
    evidence: Evidence,
    procedure: Procedure | None,
) -> Result:
    items = list(
        dict.fromkeys(
            item
            for clause in finding.evidence
            for item in items_of(clause, content, evidence, procedure)
        )
    )
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
    return Result(finding, state, tuple(items), tuple(reasons), unread)


def _unread(finding: Finding, chart: Chart) -> tuple[str, ...]:
    needed = origins(finding) - SUPPLEMENTARY_TYPES
    return tuple(
        kind for kind in SOURCE_TYPES if kind in needed and not chart.source(kind).complete
    )


def _why(chart: Chart, kind: str) -> str:
    source = chart.source(kind)
    return source.reason or source.state.value.replace("-", " ")
