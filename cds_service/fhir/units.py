"""Laboratory and vital-sign quantities in one unit per analyte.

A closed table: a unit not listed for its analyte makes the value unusable, never guessed. General
unit libraries read ``K/uL`` as kelvin per microlitre; the factors here are checked against such a
library in the tests, unit by unit. Unit spellings: UCUM, plus the forms seen in public charts.
"""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple


class Scale(NamedTuple):
    """How a unit becomes the analyte's unit: ``(value - zero) * factor``."""

    factor: Decimal
    zero: Decimal = Decimal(0)


_ONE = Scale(Decimal(1))
_FAHRENHEIT = Scale(Decimal(5) / Decimal(9), Decimal(32))

_CREATININE = Scale(Decimal("0.011312"))
"""One micromole of creatinine (C4H7N3O, 113.12 g/mol) per litre in milligrams per decilitre."""

ANALYTES: dict[str, dict[str, Scale]] = {
    "Cel": {
        "Cel": _ONE, "C": _ONE, "°C": _ONE, "degC": _ONE,
        "[degF]": _FAHRENHEIT, "degF": _FAHRENHEIT, "F": _FAHRENHEIT, "°F": _FAHRENHEIT,
    },
    "mm/h": {"mm/h": _ONE, "mm/hr": _ONE},
    "mg/L": {"mg/L": _ONE, "mg/dL": Scale(Decimal(10)), "mg/l": _ONE, "mg/dl": Scale(Decimal(10))},
    "10*9/L": {
        "10*9/L": _ONE, "10*3/uL": _ONE, "10^9/L": _ONE, "10^3/uL": _ONE, "10*3/µL": _ONE,
        "K/uL": _ONE, "/uL": Scale(Decimal("0.001")), "/mm3": Scale(Decimal("0.001")),
    },
    "mL/min/{1.73_m2}": {
        "mL/min/{1.73_m2}": _ONE, "mL/min/1.73m2": _ONE, "mL/min/1.73 m2": _ONE,
        "mL/min/1.73m^2": _ONE, "mL/min/1.73 m^2": _ONE, "mL/min/1.73m²": _ONE,
        "mL/min/1.73 m²": _ONE, "mL/min/1.73": _ONE, "ml/min/1.73m2": _ONE,
        "ml/min/1.73 m2": _ONE, "mL/min/{1.73m2}": _ONE, "mL/min/{1.73}m2": _ONE,
        "mL/min/BSA": _ONE, "mL/min/1.73sq.m": _ONE, "mL/min/1.73sqm": _ONE,
        # eGFR codes are defined per 1.73 m2; charts often leave that out of the unit
        "mL/min": _ONE, "ml/min": _ONE,
    },
    "mg{creat}/dL": {
        "mg/dL": _ONE, "mg/dl": _ONE, "mg{creat}/dL": _ONE, "mg/L": Scale(Decimal("0.1")),
        "umol/L": _CREATININE, "µmol/L": _CREATININE, "μmol/L": _CREATININE,
        "micromol/L": _CREATININE, "umol/l": _CREATININE,
        "mmol/L": Scale(_CREATININE.factor * 1000),
    },
    "/min": {
        "/min": _ONE, "{beats}/min": _ONE, "{breaths}/min": _ONE, "beats/min": _ONE,
        "beats/minute": _ONE, "breaths/min": _ONE, "breaths/minute": _ONE, "bpm": _ONE,
    },
    "mm[Hg]": {"mm[Hg]": _ONE, "mmHg": _ONE, "mm Hg": _ONE, "mm(hg)": _ONE},
    "mL": {"mL": _ONE, "ml": _ONE, "cm3": _ONE, "cc": _ONE, "L": Scale(Decimal(1000))},
    "kg": {"kg": _ONE, "g": Scale(Decimal("0.001")), "[lb_av]": Scale(Decimal("0.45359237"))},
}  # fmt: skip
"""Accepted units by the unit an analyte is compared in."""


def to_unit(value: object, unit: object, wanted: str) -> Decimal | None:
    """Return `value` in the unit `wanted`, or None when value or unit cannot be used.

    Raises:
        KeyError: `wanted` is not a unit of this table (a mistake in content, caught by check).
    """
    scale = ANALYTES[wanted].get(unit.strip()) if isinstance(unit, str) else None
    if scale is None or isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return (number - scale.zero) * scale.factor if number.is_finite() else None
