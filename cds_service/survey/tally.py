"""What a survey counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cds_service.content.expression import State
from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.engine.recognise import recognise
from cds_service.engine.result import Result
from cds_service.engine.verdict import Verdict
from cds_service.fhir.codes import Code
from cds_service.fhir.orders import read_order
from cds_service.fhir.read import Json, texts
from cds_service.survey.charts import RECORDS, Subject
from cds_service.survey.witnesses import Witness, coded, concepts, witnesses

NOT_RECOGNISED = "imaging, but no procedure we know"


@dataclass(frozen=True, slots=True)
class Crash:
    """A fault of ours: the kind of error and where, on which chart and order."""

    error: str
    place: str
    chart: int
    origin: str
    order: str


@dataclass(slots=True)
class Weight:
    """In how many charts, and by how many records, something was seen."""

    charts: int = 0
    records: int = 0


@dataclass(slots=True)
class Tally:
    """The counts of one survey; the names in them are ids of the content or of trial orders."""

    charts: int = 0
    single: int = 0
    stand_ins: int = 0
    assessed: int = 0
    crashes: list[Crash] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    fired: dict[Witness, Weight] = field(default_factory=lambda: defaultdict(Weight))
    asked: dict[Witness, Weight] = field(default_factory=lambda: defaultdict(Weight))
    safety: Counter[tuple[str, str]] = field(default_factory=Counter)
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)
    variants: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown_codes: Counter[tuple[str, Code]] = field(default_factory=Counter)
    displays: dict[Code, str] = field(default_factory=dict)
    without_code: Counter[str] = field(default_factory=Counter)
    own_orders: Counter[tuple[str, Code, str]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def chart(self, subject: Subject, content: Content) -> None:
        """Count one chart and the codes in it that no value set knows."""
        self.charts += 1
        self.single += subject.single
        self.stand_ins += subject.stand_in
        records = subject.chart.decoded()
        for record in records:
            self._record(record, records, content)
        for resource in subject.orders:
            self._own_order(resource, content)

    def order(self, name: str, assessment: Assessment) -> None:
        """Count what one order came to."""
        self.assessed += 1
        for verdict in assessment.safety:
            if verdict.state is not None:
                self.safety[f"{verdict.rule.id}.{verdict.state.id}", name] += 1
        for advice in assessment.advice:
            self.cards[advice.card, name] += 1
        topic = assessment.topic
        if topic is not None:
            deciding = topic.variant.id if topic.variant else "no variant settled"
            self.variants[deciding, name] += 1

    def findings_of(
        self, subject: Subject, bare: Assessment, own: Iterable[Assessment], content: Content
    ) -> None:
        """Count the findings of one chart.

        `bare` is the assessment of an order that states no reason, so that the chart alone
        speaks; `own` are those of the orders in the data, whose stated reasons count too.
        """
        present: set[str] = set()
        fired: dict[Witness, set[str]] = defaultdict(set)
        asked: dict[Witness, set[str]] = defaultdict(set)
        for assessment in (bare, *own):
            records = (*subject.chart.decoded(), assessment.order.resource)
            for result in assessment.findings.values():
                for verdict, seen in ((Verdict.FOR, fired), (Verdict.INCONCLUSIVE, asked)):
                    if assessment is not bare and not _by_reason(result, verdict):
                        continue
                    for witness, item in witnesses(result, records, content, verdict):
                        if item.resource_type == "Patient" and subject.stand_in:
                            continue  # the age is ours
                        if (assessment is bare) is not item.of_order:
                            seen[witness].add(item.reference)
                            if result.state is State.PRESENT:
                                present.add(result.finding.id)
        self.findings.update(present)
        for seen, total in ((fired, self.fired), (asked, self.asked)):
            for witness, references in seen.items():
                total[witness].charts += 1
                total[witness].records += len(references)

    def _record(self, record: Json, records: tuple[Json, ...], content: Content) -> None:
        kind = record["resourceType"]
        if kind not in RECORDS:
            return
        found = [each for concept in concepts(record, records) for each in coded(concept)]
        if not found:
            self.without_code[kind] += 1
        for code, display in dict.fromkeys(found):
            if not content.index.memberships(code):
                self.unknown_codes[kind, code] += 1
                self.displays.setdefault(code, display)

    def _own_order(self, resource: Json, content: Content) -> None:
        order = read_order(resource)
        recognised = recognise(order, content) if order else None
        if order is None or recognised is None or not recognised.imaging:
            return
        procedure = recognised.procedure
        said = procedure.id if procedure else NOT_RECOGNISED
        by = recognised.told_by if procedure else ""
        code = next(iter(order.codes), Code("", ""))
        self.own_orders[said, code, by] += 1
        for text in texts(resource.get("code")):
            self.displays.setdefault(code, text)


def _by_reason(result: Result, verdict: Verdict) -> bool:
    return any(item.verdict is verdict and item.of_order for item in result.items)
