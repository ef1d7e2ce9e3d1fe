"""The prefetch templates are such as every client can run."""

import re
from urllib.parse import parse_qsl

import pytest

conformance = pytest.mark.conformance

TOKENS = {
    "context.userId",
    "context.patientId",
    "context.encounterId",
    "userPractitionerId",
    "userPractitionerRoleId",
    "userPatientId",
    "userRelatedPersonId",
}
KINDS = {
    "patient": "Patient",
    "conditions": "Condition",
    "observations": "Observation",
    "medications": "MedicationRequest",
    "procedures": "Procedure",
    "devices": "Device",
    "deviceUse": "DeviceUseStatement",
    "allergies": "AllergyIntolerance",
    "imagingReports": "DiagnosticReport",
    "imagingStudies": "ImagingStudy",
    "orders": "ServiceRequest",
}
"""The keys as published once and for all: sites type them in by hand."""


def parameters(template: str) -> list[tuple[str, str]]:
    return parse_qsl(template.partition("?")[2], strict_parsing=True) if "?" in template else []


@conformance(31, 32, 38)
def test_tokens_are_those_the_hooks_offer(templates: dict[str, str]) -> None:
    for template in templates.values():
        found = re.findall(r"\{\{([^{}]*)\}\}", template)
        assert set(found) <= TOKENS
        rest = re.sub(r"\{\{[^{}]*\}\}", "", template)
        assert not set("{}%()") & set(rest), template


@conformance(33, 34, 35, 37)
def test_searches_stay_inside_what_clients_must_support(templates: dict[str, str]) -> None:
    for template in templates.values():
        names = [name for name, _ in parameters(template)]
        assert len(set(names)) == len(names), "some clients join what is given twice"
        assert set(names) <= {"patient", "category", "code", "_count", "_sort"}
        assert dict(parameters(template)).get("_sort", "-date") == "-date"
        assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{context\.patientId\}\}|\?.+)", template)


@conformance(36)
def test_nothing_that_is_needed_depends_on_the_encounter(templates: dict[str, str]) -> None:
    assert templates["patient"] == "Patient/{{context.patientId}}"
    assert not [key for key, template in templates.items() if "encounter" in template.lower()]


@conformance(39)
def test_lists_of_codes_stay_short(templates: dict[str, str]) -> None:
    for template in templates.values():
        assert len(dict(parameters(template)).get("code", "")) < 2000


@conformance(40)
def test_keys_are_plain_words_that_never_change(templates: dict[str, str]) -> None:
    assert {key: template.split("?")[0].split("/")[0] for key, template in templates.items()} == (
        KINDS
    )
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key) for key in templates)
