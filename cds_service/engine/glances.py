"""What a first glance at a resource settles, so that it need not be decoded whole.

Two things are settled at a glance. A resource whose concept says nothing to any rule: concepts
recur over patients, so those that say nothing are remembered, and only those with a code, because
a text alone was written for one patient. And an Observation that is a plain measurement: its
record is made from the head alone. Either way the outcome is that of `Reader.matches`.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import Raw

from cds_service.engine import facts
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.matches import Match, Member, as_matches
from cds_service.engine.measurement import Measurement, flags_of, upper_bound
from cds_service.engine.reader import Reader
from cds_service.fhir.dates import parse_date
from cds_service.fhir.glance import NOTHING, Glanced, Head

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

_BESIDE_A_QUANTITY = (
    "component", "valueCodeableConcept", "valueString", "valueInteger", "valueBoolean",
    "modifierExtension", "doNotPerform", "notPerformed", "intent", "medicationReference",
    "effectivePeriod", "performedPeriod", "occurrencePeriod",
)  # fmt: skip
"""What makes an Observation with a quantity more than a plain measurement."""

_CODED = b'"coding"'
_LONGEST = 1024
"""Bytes of what is remembered."""

Key = tuple[str, bytes]
"""A resource type, and the bytes of what all that a resource may say depends on."""


class Glances:
    """What can be told at a glance in one chart, with what is remembered from others."""

    __slots__ = ("_content", "_reader")

    def __init__(self, reader: Reader) -> None:
        """Keep `reader`, which reads what a glance does not settle."""
        self._reader = reader
        self._content = reader.content

    def key(self, head: Head) -> Key | None:
        """Return what all that `head` may say depends on, or None where a glance cannot tell."""
        kind = head.resourceType
        if head.medicationReference is not NOTHING:
            return None
        if kind == "Observation":
            if head.component is not NOTHING:
                return None
            if head.valueCodeableConcept is NOTHING:
                return kind, bytes(head.code)
            return kind, bytes(head.code) + bytes(head.valueCodeableConcept)
        elements = _CONCEPTS.get(kind)
        if elements is None:
            return None
        return kind, b"\n".join([bytes(getattr(head, name)) for name in elements])

    def silent(self, key: Key | None) -> bool:
        """Say whether it is known that a resource with that `key` says nothing to any rule."""
        return key in self._content.silent_concepts

    def remember_silent(self, key: Key | None) -> None:
        """Remember that a resource with that `key` says nothing to any rule."""
        if key is not None and _may_be_kept(key[1]):
            self._content.silent_concepts.keep(key, True)

    def measured(self, resource: Glanced) -> Iterator[tuple[str, Match]] | None:
        """Return what a plain measurement counts as, or None where `resource` is none."""
        head, decode = resource.head, resource.page.decode
        quantity, when = head.valueQuantity, parse_date(head.effectiveDateTime)
        if quantity is None or quantity.value is NOTHING or when is None:
            return None
        if any(getattr(head, name) is not NOTHING for name in _BESIDE_A_QUANTITY):
            return None
        value = decode(quantity.value)
        if type(value) is not int and type(value) is not Decimal:
            return None
        standing = facts.of_event(head.status.strip().lower())
        if standing is Standing.STANDS and facts.in_the_future(when, self._reader.as_of):
            standing = Standing.UNCERTAIN
        members, label = self._asked(head.code, decode)
        high, high_unit = self._kept("range", head.referenceRange, decode, upper_bound)
        measurement = Measurement(
            value=value,
            unit=quantity.code.strip() or quantity.unit.strip(),
            comparator=quantity.comparator.strip(),
            high=high,
            high_unit=high_unit,
            flags=self._kept("flags", head.interpretation, decode, flags_of),
        )
        fact = Fact(
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
        return as_matches(members, fact, Answer.NONE)

    def _asked(self, code: Raw, decode: Any) -> tuple[tuple[Member, ...], str]:
        """Return what the code of an Observation counts as, and what to call it."""
        written = bytes(code)
        key = ("asked", written)
        known: tuple[tuple[Member, ...], str] | None = self._content.memory.get(key)
        if known is None:
            known = self._reader.asked(decode(code) if written else {})
            if _may_be_kept(written):
                self._content.memory.keep(key, known)
        return known

    def _kept(self, what: str, raw: Raw, decode: Any, read: Any) -> Any:
        """Return what `read` makes of an element that says the same in many records."""
        written = bytes(raw)
        key = (what, written)
        known = self._content.memory.get(key)
        if known is None:
            known = read(decode(raw) if written else None)
            if len(written) <= _LONGEST:
                self._content.memory.keep(key, known)
        return known


def _may_be_kept(written: bytes) -> bool:
    return len(written) <= _LONGEST and _CODED in written
