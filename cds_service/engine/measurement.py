"""What an Observation measured, read from its quantity or its words, against a threshold.

Laboratories send ``60``, ``60`` with a comparator, and the text ``> 60 mL/min/1.73m2``. A value
without a unit, or in a unit that is not one of its analyte, cannot be used and is never guessed.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from cds_service.content.phrasebook import Phrase, phrase
from cds_service.engine.verdict import Verdict
from cds_service.fhir.read import Json, child, objects, string
from cds_service.fhir.units import to_unit

RAISED_FLAGS = frozenset({"H", "HH", "HU"})
"""Interpretation codes that say above the reference range (HL7 v3 ObservationInterpretation)."""

_WRITTEN = re.compile(
    r"\s*(<=|>=|<|>|≤|≥)?\s*(\d{1,12}(?:\.\d{1,12})?)\s*"
    # a unit begins with a letter or sign and has no number that stands alone
    r"((?:/(?=\D)|[^\W\d_]|[%°\[{(])(?:(?!\s\d+\s)[^,;<>]){0,40}?)?\s*"
)
_COMPARATORS = {"≤": "<=", "≥": ">="}


Remarks = tuple[Phrase, ...]
"""What is to be said of a record beside its verdict."""


class Measurement(msgspec.Struct, frozen=True):
    """A measured quantity with what the laboratory said about it."""

    value: Any = None
    unit: str = ""
    comparator: str = ""
    high: Any = None
    high_unit: str = ""
    flags: tuple[str, ...] = ()


def read_measurement(observation: Json) -> Measurement | None:
    """Return what `observation` (or a component of one) measured, or None if nothing.

    FHIR R4 ``Observation.value[x]``: a Quantity, an integer, or a string that is a number with an
    optional comparator and unit.
    """
    quantity = child(observation, "valueQuantity")
    value: object = quantity.get("value", observation.get("valueInteger"))
    unit = string(quantity.get("code")) or string(quantity.get("unit"))
    comparator = string(quantity.get("comparator"))
    if value is None:
        value = observation.get("valueString")
    if isinstance(value, str):
        value, said, written_unit = _written(value)
        comparator, unit = comparator or said, unit or written_unit
    number = _number(value)
    if number is None and not quantity:
        return None
    high, high_unit = upper_bound(observation.get("referenceRange"))
    return Measurement(
        value=number,
        unit=unit,
        comparator=comparator,
        high=high,
        high_unit=high_unit,
        flags=flags_of(observation.get("interpretation")),
    )


def upper_bound(ranges: object) -> tuple[Any, str]:
    """Return the first upper bound in ``Observation.referenceRange``, and its unit."""
    for bound in objects(ranges):
        if high := child(bound, "high"):
            return _number(high.get("value")), string(high.get("code")) or string(high.get("unit"))
    return None, ""


def flags_of(interpretation: object) -> tuple[str, ...]:
    """Return the codes in ``Observation.interpretation``, in capitals."""
    return tuple(
        string(coding.get("code")).upper()
        for flag in objects(interpretation)
        for coding in objects(flag.get("coding"))
    )


def against_range(measured: Measurement) -> tuple[Verdict, Remarks]:
    """Return whether `measured` is above the range its laboratory gave, and why if not settled."""
    if measured.high is None:
        return Verdict.INCONCLUSIVE, (phrase("no-flag-or-range"),)
    if measured.high_unit not in ("", measured.unit):
        return Verdict.INCONCLUSIVE, (phrase("range-in-other-unit"),)
    raised = Decimal(str(measured.value)) > Decimal(str(measured.high))
    return (Verdict.FOR if raised else Verdict.AGAINST), (phrase("against-range"),)


def against_threshold(
    values: Iterable[Decimal], comparator: str, threshold: Decimal, *, above: bool
) -> tuple[Verdict, Remarks]:
    """Return whether a value is above (or, not `above`, below) `threshold`; equal is neither.

    `values` are all a measurement may stand for: where they do not agree, it is not settled.
    """
    found = {_beyond(value, comparator, threshold, above=above) for value in values}
    if len(found) == 1:
        return found.pop()
    return Verdict.INCONCLUSIVE, (phrase("side-not-known"),)


def in_unit(measured: Measurement, unit: str) -> Decimal | None:
    """Return the value in `unit`, or None where its own unit is missing or of another analyte."""
    return to_unit(measured.value, measured.unit, unit)


def _beyond(
    value: Decimal, comparator: str, threshold: Decimal, *, above: bool
) -> tuple[Verdict, Remarks]:
    sign = 1 if above else -1  # below is above with everything turned round
    further, nearer = ((">", ">="), ("<", "<=")) if above else (("<", "<="), (">", ">="))
    distance = sign * (value - threshold)
    if distance > 0 and comparator in nearer:
        return Verdict.INCONCLUSIVE, (phrase("reported-only", comparator=comparator),)
    if distance > 0 or (distance == 0 and comparator == further[0]):
        return Verdict.FOR, ()
    if comparator in further:
        return Verdict.INCONCLUSIVE, (phrase("reported-only", comparator=comparator),)
    return Verdict.AGAINST, (phrase("not-above" if above else "not-below"),)


def _written(text: str) -> tuple[Decimal | None, str, str]:
    """Return number, comparator and unit of a value that was written as text."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None, "", ""
    said, number, unit = found.groups()
    return Decimal(number), _COMPARATORS.get(said or "", said or ""), unit or ""


def _number(value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return value
