"""One record of the chart: which value sets it counts for, and as what fact."""

from collections.abc import Iterator
from datetime import date

from cds_service.content.library import AFFIRMATIVE_ANSWER, NEGATIVE_ANSWER, Content
from cds_service.engine import facts
from cds_service.engine.chart import Chart
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.matches import Match, Member, as_matches, in_order, members_of
from cds_service.engine.measurement import read_measurement
from cds_service.engine.prose import Prose
from cds_service.engine.reactions import reactions
from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.fhir.dates import Duration
from cds_service.fhir.glance import Resource, resource_name, whole
from cds_service.fhir.read import (
    Json,
    child,
    codes,
    local_name,
    name_of,
    objects,
    reference,
    same_reference,
    string,
    texts,
)
from cds_service.text.assertion import Assertion

CONCEPTS = {
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
_OF_A_COMPONENT = (
    "valueQuantity", "valueInteger", "valueString", "valueBoolean", "valueCodeableConcept",
    "interpretation", "referenceRange", "modifierExtension",
)  # fmt: skip
"""What a component says for itself; the rest is that of its Observation."""

_NAMES_OF_TYPE = {"MedicationOrder": "MedicationRequest"}


class Reader:
    """Reads the resources of one chart on one day."""

    __slots__ = ("_by_name", "_chart", "as_of", "content", "prescription", "prose")

    def __init__(self, chart: Chart, content: Content, as_of: date, prescription: Duration) -> None:
        """Keep all of them; `prescription` bounds how long a prescription may have run."""
        self._chart = chart
        self._by_name: dict[str, Resource] | None = None
        self.content = content
        self.as_of = as_of
        self.prescription = prescription
        self.prose = Prose(content)

    def matches(self, resource: Json) -> Iterator[tuple[str, Match]]:
        """Yield what `resource` counts as; an Observation by its code, value and components."""
        kind = string(resource.get("resourceType"))
        concepts = self._concepts(resource, kind)
        read = self._question if kind == "Observation" else self._concept
        members = {member for concept in concepts for member in read(concept)}
        if members:
            fact = self._fact(resource, kind, self._written(concepts))
            answer = self._answer(resource) if kind == "Observation" else Answer.NONE
            yield from as_matches(in_order(members), fact, answer)
        if kind != "Observation":
            return
        value = child(resource, "valueCodeableConcept")
        if told := self._concept(value):
            fact = self._fact(resource, kind, [*self._labels(value), *self._written(concepts)])
            yield from as_matches(in_order(told), fact, Answer.YES)
        for part in objects(resource.get("component")):
            if named := self._question(child(part, "code")):
                own = {**resource, **{name: part[name] for name in _OF_A_COMPONENT if name in part}}
                fact = self._fact(own, kind, self._written(concepts))
                yield from as_matches(in_order(named), fact, self._answer(part))

    def silent(self, resource: Json) -> bool:
        """Say whether no concept of `resource` counts as anything, so that it yields no match."""
        kind = string(resource.get("resourceType"))
        if kind != "Observation":
            return not any(map(self._concept, self._concepts(resource, kind)))
        asked = [*self._concepts(resource, kind)]
        asked += [child(part, "code") for part in objects(resource.get("component"))]
        told = child(resource, "valueCodeableConcept")
        return not self._concept(told) and not any(map(self._question, asked))

    def asked(self, code: object) -> tuple[tuple[Member, ...], str]:
        """Return what ``Observation.code`` counts as, and what to call it."""
        concepts = objects(code)
        members = {member for concept in concepts for member in self._question(concept)}
        return in_order(members), next(iter(self._written(concepts)), "")

    def stated(self, code: object) -> tuple[tuple[Member, ...], str]:
        """Return what ``Condition.code`` counts as, and what to call it."""
        concepts = objects(code)
        members = {member for concept in concepts for member in self._concept(concept)}
        return in_order(members), next(iter(self._written(concepts)), "")

    def _written(self, concepts: list[Json]) -> list[str]:
        return [text for concept in concepts for text in self._labels(concept)]

    def _concept(self, concept: object) -> set[Member]:
        return set(members_of(codes(concept), texts(concept), self.content, self.prose))

    def _question(self, concept: Json) -> set[Member]:
        """Return what an Observation is about: the names of known codes are not searched.

        Panels hold hundreds of them, and what a question mentions is not what was found.
        """
        known = list(codes(concept))
        written = () if any(code.system in SYSTEM_URIS for code in known) else texts(concept)
        return set(members_of(known, written, self.content, self.prose))

    def _listed(self, concept: Json) -> bool:
        return any(self.content.index.memberships(code) for code in codes(concept))

    def _concepts(self, resource: Json, kind: str) -> list[Json]:
        """Return the CodeableConcepts that say what a record is about."""
        found = [concept for name in CONCEPTS[kind] for concept in objects(resource.get(name))]
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
            target = self._target(pointer, resource)
            found += objects(target.get("code")) + objects(target.get("type"))
        return found

    def _target(self, pointer: str, resource: Json) -> Json:
        """Return what `pointer` in `resource` names: inside it, or in the chart; or nothing."""
        for target in objects(resource.get("contained")):
            local = f"#{string(target.get('id'))}"
            if pointer == local or same_reference(pointer, name_of(target)):
                return target
        if self._by_name is None:
            self._by_name = {}
            for each in self._chart.resources:
                self._by_name.setdefault(resource_name(each), each)
        return whole(self._by_name.get(local_name(pointer), {}))

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
            reactions=reactions(resource, self._labels) if kind == "AllergyIntolerance" else (),
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
            for member in members_of(codes(value), written, self.content, self.prose)
            if member.assertion in (None, Assertion.PRESENT)
        }
        if NEGATIVE_ANSWER in names:
            return Answer.NO
        return Answer.YES if AFFIRMATIVE_ANSWER in names else Answer.NONE
