"""What a first glance at a resource settles, so that it need not be decoded whole.

Two things are settled at a glance. A resource whose concept says nothing to any rule: concepts
recur over patients, so those that say nothing are remembered, and only those with a code, because
a text alone was written for one patient. And a plain measurement, or a plain Condition: its record
is made from the head alone. Either way the outcome is that of `Reader.matches`.
"""

from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter

from msgspec import Raw

from cds_service.engine import facts
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.matches import Match, Member, as_matches
from cds_service.engine.measurement import Measurement, flags_of, upper_bound
from cds_service.engine.reader import Reader
from cds_service.engine.remembered import Key, Remembered
from cds_service.fhir.dates import Span, parse_date
from cds_service.fhir.glance import Decode, Glanced
from cds_service.fhir.head import NOTHING, Component, Head, Quantity
from cds_service.fhir.read import status_code

_CONCEPTS = {
    "Condition": ("code",),
    "Procedure": ("code",),
    "Device": ("type", "deviceName"),
    "AllergyIntolerance": ("code", "substance"),
    "MedicationRequest": ("medicationCodeableConcept", "medication"),
    "DiagnosticReport": ("code",),
    "ServiceRequest": ("code",),
}
"""Where all that a resource of a type can say to a rule is, if it refers to nothing else."""

_VALUES = ("valueCodeableConcept", "valueString", "valueInteger", "valueBoolean")
_more_than_measured = attrgetter(
    *_VALUES, "modifierExtension", "doNotPerform", "notPerformed", "intent",
    "medicationReference", "effectivePeriod", "performedPeriod", "occurrencePeriod",
)  # fmt: skip
_part_more_than_measured = attrgetter(*_VALUES, "modifierExtension")
_ALL_NOTHING = (NOTHING,) * 12
_more_than_stated = attrgetter(
    "onsetPeriod", "onsetDate", "abatementDateTime", "abatementPeriod", "abatementDate",
    "abatementBoolean", "assertedDate", "dateRecorded", "lastOccurrence", "modifierExtension",
    "doNotPerform", "notPerformed", "intent", "medicationReference",
)  # fmt: skip
_STATED_NOTHING = (NOTHING,) * 14
_PART_NOTHING = (NOTHING,) * 5

_NO_MEMBERS: tuple[tuple[Member, ...], str] = ((), "")
_UNBOUNDED = (None, "")


def key_of(head: Head) -> Key | None:
    """Return what all that `head` may say depends on, or None where a glance cannot tell.

    ``Content.silent_concepts`` has the keys of resources that say nothing to any rule.
    """
    kind = head.resourceType
    if head.medicationReference is not NOTHING:
        return None
    if kind == "Observation":
        if head.component or head.valueCodeableConcept is not NOTHING:
            return None
        return kind, bytes(head.code)
    elements = _CONCEPTS.get(kind)
    if elements is None:
        return None
    if len(elements) == 1:
        return kind, bytes(getattr(head, elements[0]))
    return kind, b"\n".join([bytes(getattr(head, name)) for name in elements])


class Glances:
    """What can be told at a glance in one chart, with what is remembered from others."""

    __slots__ = ("_reader", "_said", "remembered")

    def __init__(self, reader: Reader) -> None:
        """Keep `reader`, which reads what a glance does not settle."""
        self._reader = reader
        self.remembered = Remembered(reader.content, reader.prose)
        self._said = self.remembered.said

    def measures(self, resource: Glanced) -> tuple[str, ...] | None:
        """Return the value sets of what a plain measurement measures, or None if it is none.

        Plain is one with a date and quantities, its own or those of its components, and nothing
        beside them that could change what they mean. What it says, `made_out` tells.
        """
        head = resource.head
        if _more_than_measured(head) != _ALL_NOTHING or not head.effectiveDateTime:
            return None
        if not (head.valueQuantity or head.component):
            return None
        decode = resource.page.decode
        names = self._measured_names(head.code, decode)
        for part in head.component:
            named = self._measured_names(part.code, decode)
            if named and _part_more_than_measured(part) != _PART_NOTHING:
                return None
            if names is None or named is None:
                return None
            names = tuple(dict.fromkeys(names + named))
        return names

    def _measured_names(self, code: Raw, decode: Decode) -> tuple[str, ...] | None:
        """Return the value sets of what a measurement with that code measures; None if not sure."""
        known: tuple[str, ...] | None = self._said("names", code, decode, self._names, ())
        return known

    def _names(self, code: object) -> tuple[str, ...] | None:
        members, _ = self._reader.asked(code)
        if any(member.assertion for member in members):
            return None  # what a text denies is no measurement
        return tuple(dict.fromkeys(member.value_set for member in members))

    def made_out(self, resource: Glanced) -> Iterable[tuple[str, Match]]:
        """Return what a plain measurement says, decoded whole if its values are odd."""
        found = self._measured(resource)
        return self._reader.matches(resource.whole()) if found is None else found

    def _asked(self, code: Raw, decode: Decode) -> tuple[tuple[Member, ...], str]:
        """Return what the code of a measurement counts as, and what to call it."""
        known: tuple[tuple[Member, ...], str] = self._said(
            "asked", code, decode, self._reader.asked, _NO_MEMBERS
        )
        return known

    def stated(self, resource: Glanced) -> list[tuple[str, Match]] | None:
        """Return what a plain Condition counts as, or None where `resource` is none.

        Plain is one that has not ended, with nothing beside its code, its statuses and the days of
        its onset and its recording.
        """
        head, decode = resource.head, resource.page.decode
        if _more_than_stated(head) != _STATED_NOTHING:
            return None
        members, label = self._said("stated", head.code, decode, self._reader.stated, _NO_MEMBERS)
        if not members:
            return []
        verified = self._said("status", head.verificationStatus, decode, status_code, "")
        standing = facts.of_condition(verified or head.status.strip().lower())
        clinical = self._said("status", head.clinicalStatus, decode, status_code, "")
        onset, recorded = parse_date(head.onsetDateTime), parse_date(head.recordedDate)
        when = onset or recorded
        relied_on = standing in (Standing.STANDS, Standing.SUSPECTED)
        if relied_on and facts.in_the_future(when, self._reader.as_of):
            standing = Standing.UNCERTAIN
        fact = Fact(
            reference=resource.name,
            resource_type="Condition",
            label=label,
            standing=standing,
            current=not facts.is_past(clinical),
            when=when,
            started=onset,
            ended=None,
        )
        return list(as_matches(members, fact, Answer.NONE))

    def _measured(self, resource: Glanced) -> list[tuple[str, Match]] | None:
        head, decode = resource.head, resource.page.decode
        when = parse_date(head.effectiveDateTime)
        if when is None:
            return None
        members, label = self._asked(head.code, decode)
        found: list[tuple[str, Match]] = []
        if members:
            measurement = None
            if head.valueQuantity is not None:
                measurement = self._measurement(head.valueQuantity, head, head, decode)
                if measurement is None:
                    return None
            fact = self._fact(resource, label, when, measurement)
            found += as_matches(members, fact, Answer.NONE)
        for part in head.component:
            named, _ = self._asked(part.code, decode)
            if not named:
                continue
            if part.valueQuantity is None:
                return None
            measurement = self._measurement(part.valueQuantity, part, head, decode)
            if measurement is None:
                return None
            fact = self._fact(resource, label, when, measurement)
            found += as_matches(named, fact, Answer.NONE)
        return found

    def _fact(
        self, resource: Glanced, label: str, when: Span, measurement: Measurement | None
    ) -> Fact:
        standing = facts.of_event(resource.head.status.strip().lower())
        if standing is Standing.STANDS and facts.in_the_future(when, self._reader.as_of):
            standing = Standing.UNCERTAIN
        return Fact(
            reference=resource.name,
            resource_type="Observation",
            label=label,
            standing=standing,
            current=True,
            when=when,
            started=when,
            ended=None,
            measurement=measurement,
        )

    def _measurement(
        self, quantity: Quantity, part: Head | Component, head: Head, decode: Decode
    ) -> Measurement | None:
        """Return what `quantity` measured, with what `part`, or else `head`, says about it."""
        if quantity.value is NOTHING:
            return None
        value = decode(quantity.value)
        if type(value) is not int and type(value) is not Decimal:
            return None
        ranges = part.referenceRange if part.referenceRange is not NOTHING else head.referenceRange
        said = part.interpretation if part.interpretation is not NOTHING else head.interpretation
        high, high_unit = self._said("range", ranges, decode, upper_bound, _UNBOUNDED)
        return Measurement(
            value=value,
            unit=quantity.code.strip() or quantity.unit.strip(),
            comparator=quantity.comparator.strip(),
            high=high,
            high_unit=high_unit,
            flags=self._said("flags", said, decode, flags_of, ()),
        )
