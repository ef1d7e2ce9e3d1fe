"""One pass over the chart: which records count as what.

Each resource is read once. A resource none of whose codes is in any value set costs a glance and
nothing else, so unrelated records do not slow or change a decision.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from cds_service.content.library import PRESCRIPTION_LONGEST, Content
from cds_service.content.phrasebook import Words
from cds_service.engine import facts
from cds_service.engine.chart import Chart
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.glances import Glances, key_of
from cds_service.engine.matches import Match, as_matches, in_order, members_of
from cds_service.engine.newest import by_day, is_usable, newest_before
from cds_service.engine.prose import Prose
from cds_service.engine.reader import CONCEPTS, Reader
from cds_service.engine.recognise import Recognised
from cds_service.engine.remembered import Key
from cds_service.engine.studies import STUDY_TYPES, Study, procedure_of, read_study
from cds_service.fhir.dates import Span, parse_date
from cds_service.fhir.glance import Glanced, resource_name
from cds_service.fhir.orders import DraftOrder, Reason
from cds_service.fhir.read import Json, same_reference, string


@dataclass(slots=True)
class Evidence:
    """The facts of one chart by value set, and when the patient was born.

    A chart may hold hundreds of measurements of which an order asks for few. So of a measurement
    only what it measures is known at first; what it says is made out when its value set is asked
    for.
    """

    as_of: date
    born: Span | None = None
    gender: str = ""
    """Administrative gender as recorded, in lower case; empty if it is not."""
    read: int = 0
    studies: list[Study] = field(default_factory=list)
    unread: frozenset[str] = frozenset()
    """The resource types of which some text was not read, because there is too much of it."""
    contradiction: tuple[Words, ...] = ()
    """What the order says of itself that does not agree, each with who says it."""
    prose: Prose | None = None
    """What searches the texts of the call."""
    _found: dict[str, list[Match]] = field(default_factory=dict)
    _measured: dict[str, list[Glanced]] = field(default_factory=dict)
    _of_order: dict[str, list[Match]] = field(default_factory=dict)
    _known: dict[tuple[str, date | None], list[Match]] = field(default_factory=dict)
    _newest: dict[str, list[Match]] = field(default_factory=dict)
    _make_out: Callable[[Glanced], Iterable[tuple[str, Match]]] = lambda _: ()

    def value_sets(self) -> set[str]:
        """Return the ids of the value sets of which there are, or may be, records."""
        return {*self._found, *self._measured, *self._of_order}

    def of(self, value_set: str, since: date | None = None) -> list[Match]:
        """Return the records of a value set, the strongest first, those of the order last.

        Of measurements that are surely from before `since`, at least those of their newest day are
        among them.
        """
        known = self._known.get((value_set, since))
        if known is None:
            measured = self._measured.get(value_set, ())
            chosen = measured if since is None else newest_before(measured, since)
            made_out = [match for each in chosen for match in self._says(each, value_set)]
            known = self._known[value_set, since] = self._in_order(value_set, made_out)
        return known

    def newest_of(self, value_set: str) -> list[Match]:
        """Return as `of` does; measurements older than a usable one may be left out."""
        known = self._newest.get(value_set)
        if known is None:
            made_out: list[Match] = []
            for day in by_day(self._measured.get(value_set, ())):
                made_out += [match for each in day for match in self._says(each, value_set)]
                if any(map(is_usable, made_out)):
                    break
            known = self._newest[value_set] = self._in_order(value_set, made_out)
        return known

    def add(self, value_set: str, match: Match) -> None:
        """Take a record of the chart into account."""
        self._found.setdefault(value_set, []).append(match)

    def add_measured(self, value_set: str, resource: Glanced) -> None:
        """Take a measurement into account whose value set is known so far."""
        self._measured.setdefault(value_set, []).append(resource)

    def add_of_order(self, value_set: str, match: Match) -> None:
        """Take into account what the order itself states."""
        self._of_order.setdefault(value_set, []).append(match)

    def _says(self, resource: Glanced, value_set: str) -> list[Match]:
        return [match for name, match in self._make_out(resource) if name == value_set]

    def _in_order(self, value_set: str, made_out: list[Match]) -> list[Match]:
        known = [*self._found.get(value_set, ()), *made_out]
        known.sort(key=_by_strength)  # the order in which a client sends records never matters
        return known + self._of_order.get(value_set, [])


def read_chart(chart: Chart, content: Content, as_of: date) -> Evidence:
    """Return which records of `chart` count as what on the day `as_of`."""
    reader = Reader(chart, content, as_of, content.duration(PRESCRIPTION_LONGEST))
    glances = Glances(reader)
    evidence = Evidence(as_of, prose=reader.prose, _make_out=glances.made_out)
    silent = content.silent_concepts
    prose, unread = reader.prose, set()
    for resource in chart.resources:
        if isinstance(resource, Glanced):
            if (key := key_of(resource.head)) in silent:
                evidence.read += resource.head.resourceType in CONCEPTS
            else:
                _read_at_a_glance(resource, key, glances, reader, evidence)
        elif resource.get("resourceType") == "Patient":
            evidence.born = parse_date(resource.get("birthDate")) or evidence.born
            evidence.gender = string(resource.get("gender")).lower() or evidence.gender
        else:
            _read_whole(resource, reader, evidence)
        if prose.cut:
            kind = resource_name(resource).partition("/")[0]
            unread.add("MedicationRequest" if kind in facts.MEDICATION_TYPES else kind)
            prose.cut = False
    evidence.studies.sort(key=_by_day)
    evidence.unread = frozenset(unread)
    return evidence


def _read_at_a_glance(
    resource: Glanced, key: Key | None, glances: Glances, reader: Reader, evidence: Evidence
) -> None:
    """Take `resource` into account, decoded whole only where a glance does not settle it."""
    kind = resource.head.resourceType
    if kind == "Observation" and (named := glances.measures(resource)) is not None:
        evidence.read += 1
        for name in named:
            evidence.add_measured(name, resource)
        if not named:
            glances.remembered.silent(key)
        return
    if kind == "Condition" and (stated := glances.stated(resource)) is not None:
        evidence.read += 1
        for name, match in stated:
            evidence.add(name, match)
        if key is not None and glances.remembered.states_nothing(key):
            glances.remembered.silent(key)
        return
    if _read_whole(resource.whole(), reader, evidence):
        glances.remembered.silent(key)


def _read_whole(resource: Json, reader: Reader, evidence: Evidence) -> bool:
    """Take `resource` into account; return whether its concepts say nothing to any rule."""
    kind, silent = resource.get("resourceType"), True
    if kind in CONCEPTS:
        evidence.read += 1
        matches = list(reader.matches(resource))
        for name, match in matches:
            evidence.add(name, match)
        silent = not matches and reader.silent(resource)
    if kind in STUDY_TYPES and (named := procedure_of(resource, reader.content)) is not None:
        silent = False
        if study := read_study(resource, named, evidence.as_of):
            evidence.studies.append(study)
    return silent


def with_order(
    evidence: Evidence, order: DraftOrder, recognised: Recognised, content: Content
) -> Evidence:
    """Return `evidence` extended by what `order` itself states: its reasons and its notes.

    The order is not among the studies it may repeat.
    """
    extended = replace(
        evidence,
        _of_order={},
        _known={},
        _newest={},
        studies=[
            study
            for study in evidence.studies
            if not same_reference(study.fact.reference, order.reference)
        ],
        contradiction=recognised.said,
    )
    today = Span(evidence.as_of, evidence.as_of)
    notes = [Reason((), (note,)) for note in order.notes]
    prose = evidence.prose or Prose(content)
    prose.cut = False
    for reason in (*order.reasons, *notes):
        words = [*reason.texts, *filter(None, map(content.index.label, reason.codes))]
        fact = Fact(
            reference=order.reference,
            resource_type="ServiceRequest",
            label=next(iter(words), ""),
            standing=Standing.STANDS,
            current=True,
            when=today,
            started=None,
            ended=None,
            of_order=True,
        )
        members = set(members_of(reason.codes, reason.texts, content, prose, text_always=True))
        for name, match in as_matches(in_order(members), fact, Answer.NONE):
            extended.add_of_order(name, match)
    if prose.cut:
        extended.unread |= {"ServiceRequest"}
    return extended


def _by_day(study: Study) -> tuple[int, str]:
    when = study.fact.when
    return (-when.first.toordinal() if when else 0, study.fact.reference)


def _by_strength(match: Match) -> tuple[object, ...]:
    fact = match.fact
    return (
        fact.standing is not Standing.STANDS,
        match.weak,
        match.from_text,
        -(fact.when.first.toordinal() if fact.when else 0),
        fact.reference,
        fact.label,
        repr(fact.reactions) if fact.reactions else "",  # a record without an id has only these
    )
