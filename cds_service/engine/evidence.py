"""One pass over the chart: which records count as what.

Each resource is read once. A resource none of whose codes is in any value set costs its look-ups
and nothing else, so unrelated records do not slow or change a decision.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from cds_service.content.library import (
    AFFIRMATIVE_ANSWER,
    NEGATIVE_ANSWER,
    PRESCRIPTION_LONGEST,
    Content,
)
from cds_service.content.phrasebook import Words
from cds_service.engine import facts
from cds_service.engine.chart import Chart
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.measurement import read_measurement
from cds_service.engine.recognise import Recognised
from cds_service.engine.studies import Study, read_studies
from cds_service.fhir.codes import Code
from cds_service.fhir.dates import Duration, Span, parse_date
from cds_service.fhir.orders import DraftOrder, Reason
from cds_service.fhir.read import (
    Json,
    child,
    codes,
    name_of,
    objects,
    reference,
    same_reference,
    string,
    texts,
)
from cds_service.text.assertion import Assertion


class Match(NamedTuple):
    """That a fact counts for a value set; `weak` if it only suggests it."""

    value_set: str
    fact: Fact
    weak: bool
    from_text: bool
    answer: Answer
    disputed: bool = False
    """Whether the record's own text says otherwise than its code."""


@dataclass(slots=True)
class Evidence:
    """The facts of one chart by value set, and when the patient was born."""

    as_of: date
    matches: dict[str, list[Match]] = field(default_factory=lambda: defaultdict(list))
    born: Span | None = None
    gender: str = ""
    """Administrative gender as recorded, in lower case; empty if it is not."""
    read: int = 0
    studies: list[Study] = field(default_factory=list)
    contradiction: tuple[Words, ...] = ()
    """What the order says of itself that does not agree, each with who says it."""


_CONCEPTS = {
    "Condition": ("code",),
    "Observation": ("code",),
    "Procedure": ("code",),
    "Device": ("type",),
    "DeviceUseStatement": ("device",),
    "AllergyIntolerance": ("code", "substance"),
    "MedicationRequest": ("medicationCodeableConcept", "medication"),
    "MedicationOrder": ("medicationCodeableConcept",),
    "MedicationStatement": ("medicationCodeableConcept", "medication"),
}
_NAMES_OF_TYPE = {"MedicationOrder": "MedicationRequest"}


def read_chart(chart: Chart, content: Content, as_of: date) -> Evidence:
    """Return which records of `chart` count as what on the day `as_of`."""
    evidence = Evidence(as_of)
    reader = _Reader(chart, content, as_of, content.duration(PRESCRIPTION_LONGEST))
    for resource in chart.resources:
        kind = resource.get("resourceType")
        if kind == "Patient":
            evidence.born = parse_date(resource.get("birthDate")) or evidence.born
            evidence.gender = string(resource.get("gender")).lower() or evidence.gender
        elif kind in _CONCEPTS:
            evidence.read += 1
            for name, match in reader.matches(resource):
                evidence.matches[name].append(match)
    evidence.studies = sorted(read_studies(chart, content, as_of), key=_by_day)
    for found in evidence.matches.values():
        found.sort(key=_by_strength)  # the order in which a client sends records never matters
    return evidence


def with_order(
    evidence: Evidence, order: DraftOrder, recognised: Recognised, content: Content
) -> Evidence:
    """Return `evidence` extended by what `order` itself states: its reasons and its notes.

    The order is not among the studies it may repeat.
    """
    extended = replace(
        evidence,
        matches=defaultdict(list),
        studies=[
            study
            for study in evidence.studies
            if not same_reference(study.fact.reference, order.reference)
        ],
        contradiction=recognised.said,
    )
    for name, found in evidence.matches.items():
        extended.matches[name] = list(found)
    today = Span(evidence.as_of, evidence.as_of)
    notes = [Reason((), (note,)) for note in order.notes]
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
        members = set(_members(reason.codes, reason.texts, content, text_always=True))
        for name, match in _as_matches(members, fact, Answer.NONE):
            extended.matches[name].append(match)
    return extended


class _Member(NamedTuple):
    """That a concept counts for a value set, and how its text speaks of it.

    `assertion` is None where a code says it; `disputed` says that the concept's own text says
    otherwise than its code.
    """

    value_set: str
    role: str
    assertion: Assertion | None = None
    disputed: bool = False


_SAYS_SO = (Assertion.PRESENT, Assertion.HISTORICAL)


def _members(
    known: Iterable[Code], written: Iterable[str], content: Content, *, text_always: bool = False
) -> Iterator[_Member]:
    """Yield what one concept counts as: by its codes, or by its text where no code is listed.

    With `text_always` the text is read beside the codes, because a reason may say more than its
    code. A text that denies or doubts what the code says disputes it.
    """
    found: dict[str, str] = {}
    for code in known:
        for name, role in content.index.memberships(code):
            # a code that excludes speaks for the whole concept; include beats weak
            if found.get(name) != "exclude" and (role != "weak" or name not in found):
                found[name] = role
    mentions = [each for text in written for each in content.text.mentions(text)]
    said = {each.value_set for each in mentions if each.assertion in _SAYS_SO}
    doubted = {each.value_set for each in mentions} - said
    for name, role in found.items():
        if role != "exclude":
            yield _Member(name, role, disputed=name in doubted)
    if text_always or not found:
        for mention in mentions:
            if mention.value_set not in found:
                yield _Member(mention.value_set, mention.role, mention.assertion)


def _as_matches(members: set[_Member], fact: Fact, answer: Answer) -> Iterator[tuple[str, Match]]:
    if fact.standing is Standing.VOID:
        return
    for name, role, assertion, disputed in sorted(
        members, key=lambda each: (*each[:2], each[2] or "")
    ):
        told = _told(fact, assertion)
        if told is not None:
            from_text = assertion is not None
            yield name, Match(name, told, role == "weak", from_text, answer, disputed)


def _told(fact: Fact, assertion: Assertion | None) -> Fact | None:
    """Return `fact` as a text speaks of it, or None where it is not about the patient now."""
    relied_on = fact.standing in (Standing.STANDS, Standing.SUSPECTED)
    match assertion:
        case Assertion.FAMILY | Assertion.HYPOTHETICAL:
            return None
        case Assertion.ABSENT if relied_on:
            return replace(fact, standing=Standing.DENIES)
        case Assertion.POSSIBLE if relied_on:
            return replace(fact, standing=Standing.SUSPECTED)
        case Assertion.HISTORICAL:
            return replace(fact, current=False, when=fact.started)
        case _:
            return fact


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the resources of one chart on one day."""

    chart: Chart
    content: Content
    as_of: date
    prescription: Duration

    def matches(self, resource: Json) -> Iterator[tuple[str, Match]]:
        """Yield what `resource` counts as; an Observation by its code, value and components."""
        kind = string(resource.get("resourceType"))
        concepts = self._concepts(resource, kind)
        written = [text for concept in concepts for text in self._labels(concept)]
        members = {member for concept in concepts for member in self._concept(concept)}
        if members:
            fact = self._fact(resource, kind, written)
            answer = self._answer(resource) if kind == "Observation" else Answer.NONE
            yield from _as_matches(members, fact, answer)
        if kind != "Observation":
            return
        value = child(resource, "valueCodeableConcept")
        if told := self._concept(value):
            fact = self._fact(resource, kind, [*self._labels(value), *written])
            yield from _as_matches(told, fact, Answer.YES)
        for part in objects(resource.get("component")):
            if named := self._concept(part.get("code")):
                fact = self._fact({**resource, **part, "component": []}, kind, written)
                yield from _as_matches(named, fact, self._answer(part))

    def _concept(self, concept: object) -> set[_Member]:
        return set(_members(codes(concept), texts(concept), self.content))

    def _listed(self, concept: Json) -> bool:
        return any(self.content.index.memberships(code) for code in codes(concept))

    def _concepts(self, resource: Json, kind: str) -> list[Json]:
        """Return the CodeableConcepts that say what a record is about."""
        found = [concept for name in _CONCEPTS[kind] for concept in objects(resource.get(name))]
        if kind == "Device" and not any(map(self._listed, found)):
            # a code that is listed says more exactly what a device is than its trade name does
            names = objects(resource.get("deviceName"))
            found += [{"text": string(name.get("name"))} for name in names]
        pointing = child(resource, "medicationReference")
        if kind == "DeviceUseStatement":
            pointing = child(resource, "device")
        pointer = reference(pointing)
        if pointer:
            display = string(pointing.get("display"))
            found = [{"text": display}] if display else []
            for target in [*objects(resource.get("contained")), *self.chart.resources]:
                local = f"#{string(target.get('id'))}"
                if pointer == local or same_reference(pointer, name_of(target)):
                    found += objects(target.get("code")) + objects(target.get("type"))
                    break
        return found

    def _fact(self, resource: Json, kind: str, written: list[str]) -> Fact:
        when, started, ended, current = facts.period(resource, self.as_of, self.prescription)
        standing = facts.standing(resource)
        relied_on = standing in (Standing.STANDS, Standing.SUSPECTED)
        if relied_on and facts.in_the_future(started or when, self.as_of):
            standing = Standing.UNCERTAIN
        return Fact(
            reference=name_of(resource),
            resource_type=_NAMES_OF_TYPE.get(kind, kind),
            label=written[0] if written else "",
            standing=standing,
            current=current,
            when=when,
            started=started,
            ended=ended,
            measurement=read_measurement(resource) if kind == "Observation" else None,
            mr_status=facts.mr_status(resource) if kind == "Device" else "",
            severity=facts.severity(resource) if kind == "AllergyIntolerance" else "",
        )

    def _labels(self, concept: Json) -> list[str]:
        """Return what to call a concept: the chart's words first, then our own for its codes."""
        return [*texts(concept), *filter(None, map(self.content.index.label, codes(concept)))]

    def _answer(self, observation: Json) -> Answer:
        """Return what an Observation answers, if its value is a yes or a no."""
        if isinstance(truth := observation.get("valueBoolean"), bool):
            return Answer.YES if truth else Answer.NO
        value = child(observation, "valueCodeableConcept")
        written = [*texts(value), string(observation.get("valueString"))]
        names = {
            member.value_set
            for member in _members(codes(value), written, self.content)
            if member.assertion in (None, Assertion.PRESENT)
        }
        if NEGATIVE_ANSWER in names:
            return Answer.NO
        return Answer.YES if AFFIRMATIVE_ANSWER in names else Answer.NONE


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
    )
