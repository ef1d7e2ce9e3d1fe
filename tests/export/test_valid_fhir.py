"""Every exported resource is valid FHIR R4, in the judgement of two validators."""

import copy
import warnings
from importlib import import_module
from types import ModuleType

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from tests.export.reader import Exported, Json, elements


@pytest.fixture(scope="module")
def invariants() -> ModuleType:
    """Types of FHIR R4 whose models evaluate the invariants of the specification too."""
    return import_module("fhircraft.fhir.resources.datatypes.R4.core")  # takes 20 seconds


def test_every_resource_has_the_structure_of_its_type(exported: Exported) -> None:
    for entry in exported.bundle["entry"]:
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
    get_fhir_model_class("Bundle").model_validate(exported.bundle)


def test_every_resource_keeps_the_invariants_and_the_advice_of_fhir(
    exported: Exported, invariants: ModuleType
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what FHIR only advises is a warning of this validator
        for (kind, _), resource in exported.resources.items():
            getattr(invariants, kind).model_validate(resource)


def without_system(value_set: Json) -> None:
    del value_set["compose"]["include"][0]["system"]


def without_event(plan: Json) -> None:
    del plan["action"][0]["trigger"][0]["name"]


def without_type(library: Json) -> None:
    del library["type"]


@pytest.mark.parametrize(
    ("kind", "name", "spoil"),
    [
        ("ValueSet", "fever", without_system),
        ("PlanDefinition", "topic-low-back-pain", without_event),
        ("Library", "manifest", without_type),
    ],
)
def test_a_resource_that_breaks_a_rule_is_found_out(
    exported: Exported, invariants: ModuleType, kind, name, spoil
) -> None:
    broken = copy.deepcopy(exported.get(kind, name))
    spoil(broken)
    with pytest.raises(ValidationError):
        getattr(invariants, kind).model_validate(broken)


def test_nothing_is_empty(exported: Exported) -> None:
    empty = [
        (entry["fullUrl"], key)
        for entry in exported.bundle["entry"]
        for element in elements(entry)
        for key, value in element.items()
        if value in ("", [], {}, None)
    ]
    assert empty == []
