"""All findings for one order, each decided when it is first asked for.

Most findings are ones that nothing in the chart speaks about. What is so of those rests on the
content and on which sources were read to the end, not on the patient: it is worked out once and
kept (`Silence`).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from cds_service.content.expression import State, evaluate
from cds_service.content.library import Content
from cds_service.content.model import Expression, Procedure
from cds_service.engine.chart import Chart
from cds_service.engine.evidence import Evidence
from cds_service.engine.items import Item, items_of
from cds_service.engine.result import Result, result, silent
from cds_service.engine.verdict import Verdict


class Silence:
    """What is so where no record says anything, for one completeness of the sources."""

    def __init__(self, sources: Chart, content: Content) -> None:
        """Work out all findings of `content` for `sources`, a chart without records."""
        self.results = {name: silent(each, sources) for name, each in content.findings.items()}
        """The results of all findings, by their ids."""
        self.expressions: dict[str, State] = {}
        """The states of expressions over such findings only, by the id of what they are for."""
        self.verdicts: dict[str, Any] = {}
        """What each safety rule says of a procedure, by its id, where it asks for such only."""


def silence(chart: Chart, content: Content) -> Silence:
    """Return what is so of findings that no record speaks about, with the sources of `chart`."""
    key = ("silence", *chart.sources.items())
    known: Silence | None = content.memory.get(key)
    return known or content.memory.keep(key, Silence(Chart("", (), dict(chart.sources)), content))


class Findings(Mapping[str, Result]):
    """All findings for one order, by their ids, decided when first asked for.

    `procedure` is the one in question, for findings that depend on it.
    """

    __slots__ = (
        "_results",
        "chart",
        "content",
        "evidence",
        "procedure",
        "silence",
        "touched",
        "touched_rules",
    )

    def __init__(
        self,
        content: Content,
        chart: Chart,
        evidence: Evidence,
        procedure: Procedure | None = None,
        known: dict[str, Result] | None = None,
    ) -> None:
        """Keep all of them; `known` are results already decided."""
        self.content = content
        self.chart = chart
        self.evidence = evidence
        self.procedure = procedure
        self.silence = silence(chart, content)
        self.touched: frozenset[str] = _touched(content, evidence)
        """The findings on which the chart, the patient or the order says something."""
        self._results = self._silent_results() if known is None else known
        rules_on = content.dependence.rules_on
        self.touched_rules: frozenset[str] = frozenset().union(
            *(rules_on.get(name, ()) for name in self.touched)
        )
        """The safety rules that ask for one of them."""

    def __getitem__(self, name: str) -> Result:
        """Return the result for the finding `name`."""
        known = self._results.get(name)
        if known is None:
            otherwise = self.silence.results[name]
            known = self._results[name] = self._decided(otherwise)
        return known

    def __iter__(self) -> Iterator[str]:
        """Yield the ids of all findings of the content."""
        return iter(self.content.findings)

    def __len__(self) -> int:
        """Return the number of findings of the content."""
        return len(self.content.findings)

    def about(self, procedure: Procedure) -> "Findings":
        """Return the findings with another procedure in question; what is decided stays."""
        if self.procedure is not None and procedure.id == self.procedure.id:
            return self
        apart = self.content.dependence.on_studies
        if apart.isdisjoint(self.touched):
            return self  # no finding depends on the procedure in question
        kept = {name: known for name, known in self._results.items() if name not in apart}
        return Findings(self.content, self.chart, self.evidence, procedure, kept)

    def unspoken(self, procedure: Procedure) -> "Findings":
        """Return the findings of a patient on whom there is no record at all."""
        return Findings(self.content, self.chart, Evidence(date.min), procedure)

    def state(self, name: str) -> State:
        """Return the state of the finding `name`."""
        known = self._results.get(name)
        return self[name].state if known is None else known.state

    def of(self, expression: Expression, owner: str) -> State:
        """Return the state of `expression`, which is the one that `owner`, an id, holds for."""
        if not self.touched.isdisjoint(self.content.dependence.findings_of[owner]):
            return evaluate(expression, self.state, self.suspected)
        known = self.silence.expressions.get(owner)
        if known is None:
            known = evaluate(expression, self.state, self.suspected)
            self.silence.expressions[owner] = known
        return known

    def suspected(self, name: str) -> bool:
        """Say whether inconclusive evidence for the finding `name` is on record."""
        return self[name].suspected

    def present(self, names: Iterable[str]) -> list[Result]:
        """Return the results among `names` that are present, each once, in that order."""
        return [self[name] for name in dict.fromkeys(names) if self.state(name) is State.PRESENT]

    def _silent_results(self) -> dict[str, Result]:
        """Return the results of all findings on which nothing is said."""
        results = self.silence.results.copy()
        for name in self.touched:
            del results[name]
        return results

    def _decided(self, otherwise: Result) -> Result:
        items = dict.fromkeys(
            item
            for clause in otherwise.finding.evidence
            for item in items_of(clause, self.content, self.evidence, self.procedure)
        )
        return result(otherwise, _without_turned(tuple(items)), self.chart)


def _without_turned(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return `items` without what a record that is for the finding says against another clause.

    A temperature that is too high is not too low: true, and nothing to tell.
    """
    if len(items) == 1:
        return items
    proof = {item.reference for item in items if item.verdict is Verdict.FOR and item.reference}
    return tuple(
        item for item in items if item.verdict is not Verdict.AGAINST or item.reference not in proof
    )


def _touched(content: Content, evidence: Evidence) -> frozenset[str]:
    depends = content.dependence
    return depends.on_patient.union(
        depends.on_studies if evidence.studies else (),
        depends.on_contradiction if evidence.contradiction else (),
        *(depends.by_value_set.get(name, ()) for name in evidence.value_sets()),
    )
