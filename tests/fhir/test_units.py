"""Every unit conversion against a general unit library, and what must not be converted."""

from decimal import Decimal

import pint
import pytest

from cds_service.fhir.units import ANALYTES, to_unit


@pytest.fixture(scope="module")
def reference() -> "pint.UnitRegistry[float]":
    """Return the general unit library; building it is slow, so once."""
    return pint.UnitRegistry()


# the same unit as the library writes it, and how many of it one of ours is
IN_LIBRARY = {
    "Cel": ("degC", 1), "C": ("degC", 1), "°C": ("degC", 1), "degC": ("degC", 1),
    "[degF]": ("degF", 1), "degF": ("degF", 1), "F": ("degF", 1), "°F": ("degF", 1),
    "mm/h": ("mm/hour", 1), "mm/hr": ("mm/hour", 1),
    "mg/L": ("mg/liter", 1), "mg/l": ("mg/liter", 1),
    "mg/dL": ("mg/deciliter", 1), "mg/dl": ("mg/deciliter", 1),
    "10*9/L": ("1/liter", 1e9), "10^9/L": ("1/liter", 1e9),
    "10*3/uL": ("1/microliter", 1e3), "10^3/uL": ("1/microliter", 1e3),
    "10*3/µL": ("1/microliter", 1e3), "K/uL": ("1/microliter", 1e3),
    "/uL": ("1/microliter", 1), "/mm3": ("1/mm**3", 1),
    "kg": ("kg", 1), "g": ("g", 1), "[lb_av]": ("lb", 1),
    "mg{creat}/dL": ("mg/deciliter", 1),
    **dict.fromkeys(("umol/L", "µmol/L", "μmol/L", "micromol/L", "umol/l"), ("umol/liter", 1)),
    "mmol/L": ("mmol/liter", 1),
    **dict.fromkeys(ANALYTES["mL/min/{1.73_m2}"], ("mL/minute", 1)),
    **dict.fromkeys(ANALYTES["/min"], ("1/minute", 1)),
    **dict.fromkeys(ANALYTES["mm[Hg]"], ("mmHg", 1)),
    "mL": ("mL", 1), "ml": ("mL", 1), "cm3": ("cm**3", 1), "cc": ("cm**3", 1), "L": ("L", 1),
}  # fmt: skip
CREATININE = 4 * 12.011 + 7 * 1.008 + 3 * 14.007 + 15.999
"""Grams in a mole of creatinine, C4H7N3O, from the standard atomic weights."""
PAIRS = [(unit, wanted) for wanted, units in ANALYTES.items() for unit in units]


@pytest.mark.parametrize(("unit", "wanted"), PAIRS)
def test_a_conversion_agrees_with_a_unit_library(
    unit: str, wanted: str, reference: "pint.UnitRegistry[float]"
) -> None:
    name, count = IN_LIBRARY[unit]
    wanted_name, wanted_count = IN_LIBRARY[wanted]
    measured = reference.Quantity(101.3 * count, name)
    if "mol" in name:  # the only analyte that is reported in moles is creatinine
        measured *= reference.Quantity(CREATININE, "g/mol")
    theirs = measured.to(wanted_name).magnitude / wanted_count

    ours = to_unit(Decimal("101.3"), unit, wanted)
    assert ours is not None
    assert float(ours) == pytest.approx(theirs, rel=1e-9)


def test_a_fever_in_fahrenheit_is_the_same_fever() -> None:
    assert to_unit(Decimal("100.4"), "[degF]", "Cel") == Decimal("38.0")


@pytest.mark.parametrize("unit", ["", "K", "kelvin", "mg/L", None, 5])
def test_a_missing_or_foreign_unit_is_unusable(unit: object) -> None:
    assert to_unit(Decimal("38.6"), unit, "Cel") is None


@pytest.mark.parametrize("value", [None, True, "38.6", [], float("nan"), Decimal("Infinity")])
def test_what_is_no_number_is_unusable(value: object) -> None:
    assert to_unit(value, "Cel", "Cel") is None


def test_moles_are_not_guessed_into_mass() -> None:
    assert to_unit(Decimal(95), "nmol/L", "mg/L") is None
