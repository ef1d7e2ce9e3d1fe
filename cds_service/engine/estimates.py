"""Kidney function estimated from serum creatinine, where no estimate was reported.

The coefficients are content (``cards/estimates.yaml``); the form is that of the CKD-EPI
equations (Inker 2021, N Engl J Med 385:1737, equation 2021 CKD-EPI creatinine).
"""

from collections.abc import Iterator
from decimal import Decimal

from cds_service.content.library import Content
from cds_service.content.model import Estimate, SexTerms
from cds_service.engine.measurement import Measurement, in_unit
from cds_service.fhir.dates import Span, age_in_years

_WHOLE = Decimal(1)


def estimated(
    measured: Measurement,
    estimate: Estimate,
    content: Content,
    born: Span | None,
    day: Span | None,
    gender: str,
) -> list[Decimal]:
    """Return all values the estimate may have, in whole units of ``estimate.unit_given``.

    One value for a patient whose sex and age on `day` are known; several where they leave a
    choice; none where the value cannot be used or the equation does not hold for the age.
    """
    value = in_unit(measured, estimate.unit_read)
    if value is None or value <= 0 or born is None or day is None:
        return []
    youngest, oldest = age_in_years(born, day.first)[0], age_in_years(born, day.last)[1]
    if youngest < content.quantity(estimate.age_at_least)[0]:
        return []
    key = (estimate.id, value, youngest, oldest, gender in _SEXES and gender)
    known: list[Decimal] | None = content.memory.get(key)
    if known is None:
        found = [
            _equation(value, Decimal(age), terms, estimate)
            for terms in _terms(estimate, gender)
            for age in dict.fromkeys((youngest, oldest))
        ]
        known = content.memory.keep(key, found)
    return known


_SEXES = ("female", "male")


def _terms(estimate: Estimate, gender: str) -> Iterator[SexTerms]:
    if gender != "male":
        yield estimate.female
    if gender != "female":
        yield estimate.male


def _equation(value: Decimal, age: Decimal, terms: SexTerms, estimate: Estimate) -> Decimal:
    """Return the estimate, rounded to a whole number as laboratories report it."""
    ratio = value / Decimal(terms.kappa)
    result = (
        Decimal(estimate.scale)
        * min(ratio, _WHOLE) ** Decimal(terms.alpha)
        * max(ratio, _WHOLE) ** Decimal(estimate.exponent_above)
        * Decimal(estimate.age_factor) ** age
        * Decimal(terms.factor)
    )
    return result.quantize(_WHOLE)
