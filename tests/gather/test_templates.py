import re
from urllib.parse import parse_qsl

import pytest

from cds_service.gather.templates import KEYS, prefetch_templates, resource_type_of

TYPES = tuple(KEYS)


def test_the_templates_published_for_all_types_are_these():
    assert prefetch_templates(TYPES, ("8310-5", "1988-5")) == {
        "patient": "Patient/{{context.patientId}}",
        "conditions": "Condition?patient={{context.patientId}}&_count=200",
        "observations": "Observation?patient={{context.patientId}}"
        "&code=http://loinc.org|1988-5,http://loinc.org|8310-5&_sort=-date&_count=500",
        "medications": "MedicationRequest?patient={{context.patientId}}&_count=200",
        "procedures": "Procedure?patient={{context.patientId}}&_count=200",
        "devices": "Device?patient={{context.patientId}}&_count=200",
        "deviceUse": "DeviceUseStatement?patient={{context.patientId}}&_count=200",
        "allergies": "AllergyIntolerance?patient={{context.patientId}}&_count=200",
        "imagingReports": "DiagnosticReport?patient={{context.patientId}}"
        "&category=http://terminology.hl7.org/CodeSystem/v2-0074|RAD,http://loinc.org|LP29684-5"
        "&_count=200",
        "imagingStudies": "ImagingStudy?patient={{context.patientId}}&_count=200",
        "orders": "ServiceRequest?patient={{context.patientId}}&_count=200",
    }


def test_the_patient_is_asked_for_even_if_no_finding_reads_it():
    assert list(prefetch_templates(("Condition",), ())) == ["patient", "conditions"]


def test_observations_are_not_asked_for_without_codes():
    assert "observations" not in prefetch_templates(TYPES, ())


def test_the_order_and_repetition_of_codes_does_not_change_a_template():
    once = prefetch_templates(TYPES, ("8310-5", "1988-5"))
    assert prefetch_templates(TYPES[::-1], ("1988-5", "8310-5", "1988-5")) == once


def test_a_long_list_of_codes_is_split_over_numbered_keys():
    codes = tuple(f"{number}-0" for number in range(10000, 10250))
    templates = prefetch_templates(("Observation",), codes)
    assert list(templates) == ["patient", "observations", "observations2", "observations3",
                               "observations4"]  # fmt: skip
    lists = [dict(parse_qsl(t.partition("?")[2]))["code"] for t in templates.values() if "?" in t]
    assert all(len(found) < 2000 for found in lists)
    assert sorted(",".join(lists).split(",")) == sorted(f"http://loinc.org|{c}" for c in codes)


@pytest.mark.parametrize("template", prefetch_templates(TYPES, ("8310-5",)).values())
def test_a_template_uses_only_the_prefetch_subset_and_no_parameter_twice(template):
    assert re.findall(r"\{\{(.*?)\}\}", template) == ["context.patientId"]
    names = [name for name, _ in parse_qsl(template.partition("?")[2])]
    assert len(names) == len(set(names))
    assert set(names) <= {"patient", "category", "code", "_sort", "_count"}


@pytest.mark.parametrize("kind", TYPES)
def test_every_published_key_says_which_type_it_asks_for(kind):
    assert re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", KEYS[kind])
    assert resource_type_of(KEYS[kind]) == kind


def test_a_numbered_key_asks_for_the_type_of_its_name_and_other_keys_for_nothing():
    assert resource_type_of("observations2") == "Observation"
    assert resource_type_of("labs") is None
