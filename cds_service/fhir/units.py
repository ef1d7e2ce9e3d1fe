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
