"""Codes, references and orders in the shapes that real clients send."""

from typing import Any

import pytest

from cds_service.fhir.codes import SYSTEM_URIS, Code, normal_code, system_name
from cds_service.fhir.orders import read_order, with_code, with_priority
from cds_service.fhir.read import (
    codes,
    objects,
    patient_id,
    same_reference,
    status_code,
    texts,
)

MRI = {"coding": [{"system": "http://loinc.org", "code": "30679-5"}], "text": "MRI L-spine wo"}


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("http://snomed.info/sct", "snomed-ct"),
        ("http://snomed.info/sct/731000124108", "snomed-ct"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed-ct"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "icd-10-cm"),
        ("http://hl7.org/fhir/sid/icd-10", "icd-10"),
        ("urn:oid:2.16.840.1.113883.6.90", "icd-10-cm"),
        ("http://loinc.org/", "loinc"),
        ("http://www.ama-assn.org/go/cpt", "cpt"),
        ("http://www.radlex.org", "radlex"),
        ("urn:oid:2.16.840.1.113883.3.26.1.1", "ncit"),
        ("urn:oid:1.2.3.4", "urn:oid:1.2.3.4"),
        ("http://hospital.example/codes", "http://hospital.example/codes"),
    ],
)
def test_a_code_system_has_one_name_whatever_it_is_called(uri: str, name: str) -> None:
    assert system_name(uri) == name


@pytest.mark.parametrize(
    "written", ["C79.51", "C7951", "c79.51", " C79.51 ", "c7951", "C79 .51", "C79\t.51", "C7951."]
)
def test_icd_codes_are_one_code_however_they_are_written(written: str) -> None:
    assert normal_code("icd-10-cm", written) == Code("icd-10-cm", "C7951")


ALIASES = [
    *((uri, name) for name, uri in SYSTEM_URIS.items()),
    ("http://snomed.info/sct/731000124108", "snomed-ct"),
    ("http://snomed.info/sct/900000000000207008/version/20260701", "snomed-ct"),
    ("http://snomed.info/sct|http://snomed.info/sct/731000124108/version/20260301", "snomed-ct"),
    ("http://snomed.info/sctm", "snomed-ct"),
    ("https://snomed.info/sct", "snomed-ct"),
    ("2.16.840.1.113883.6.96", "snomed-ct"),
    ("URN:OID:2.16.840.1.113883.6.96", "snomed-ct"),
    ("http://hl7.org/fhir/sid/icd-10-sm", "icd-10-cm"),
    ("http://terminology.hl7.org/CodeSystem/icd10CM", "icd-10-cm"),
    ("http://terminology.hl7.org/CodeSystem/icd10", "icd-10-cm"),
    ("urn:oid:2.16.840.1.113883.6.3", "icd-10-cm"),
    ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10", "icd-10-cm"),
    ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd9", "icd-9-cm"),
    ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "icd-10-gm"),
    ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", "icd-10-gm"),
    ("http://hl7.org/fhir/sid/icd-9-cm", "icd-9-cm"),
    ("http://terminology.hl7.org/CodeSystem/icd9cm", "icd-9-cm"),
    ("urn:oid:2.16.840.1.113883.6.2", "icd-9-cm"),
    ("urn:oid:2.16.840.1.113883.6.103", "icd-9-cm"),
    ("urn:oid:2.16.840.1.113883.6.104", "icd-9-cm"),
    ("http://www.cms.gov/Medicare/Coding/ICD10", "icd-10-pcs"),
    ("http://terminology.hl7.org/CodeSystem/icd10PCS", "icd-10-pcs"),
    ("http://www.icd10data.com/icd10pcs", "icd-10-pcs"),
    ("urn:oid:2.16.840.1.113883.6.4", "icd-10-pcs"),
    ("http://hl7.org/fhir/sid/ndc", "ndc"),
    ("urn:oid:2.16.840.1.113883.6.69", "ndc"),
    ("urn:oid:2.16.840.1.113883.6.88", "rxnorm"),
    ("https://www.nlm.nih.gov/research/umls/rxnorm/", "rxnorm"),
    ("http://loinc.org/rdf/", "loinc"),
    ("urn:oid:2.16.840.1.113883.6.1", "loinc"),
    ("urn:oid:2.16.840.1.113883.6.73", "atc"),
    ("http://fhir.de/CodeSystem/bfarm/atc", "atc"),
    ("http://fhir.de/CodeSystem/dimdi/atc", "atc"),
    ("http://ncithesaurus-stage.nci.nih.gov", "ncit"),
    ("urn:oid:2.16.840.1.113883.6.256", "radlex"),
    ("urn:oid:2.16.840.1.113883.6.12", "cpt"),
    ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "hcpcs"),
    ("http://terminology.hl7.org/CodeSystem/HCPCS-all-codes", "hcpcs"),
    ("http://www.nlm.nih.gov/research/umls/hcpcs", "hcpcs"),
    ("urn:oid:2.16.840.1.113883.6.285", "hcpcs"),
    ("urn:oid:2.16.840.1.113883.6.14", "hcpcs"),
]


@pytest.mark.parametrize(("uri", "name"), ALIASES)
def test_every_address_of_a_code_system_has_its_name(uri: str, name: str) -> None:
    assert system_name(uri) == name


@pytest.mark.parametrize(
    "uri",
    [
        "http://hl7.org/fhir/sid/icd-10-ca",
        "http://hl7.org/fhir/sid/cvx",
        "http://www.icd10data.com/",
        "http://snomed.info/",
        "urn:oid:2.16.840.1.113883.6.96.1",
        "urn:oid:2.16.840.1.113883.6",
        "1.2",
        "1.2.003.4",
        "3.1.4.1.5",
    ],
)
def test_an_address_that_only_looks_like_a_known_one_is_not_it(uri: str) -> None:
    assert system_name(uri) == uri


@pytest.mark.parametrize("uri", ["1.2.3.4.5", " urn:oid:1.2.3.4.5", "URN:OID:1.2.3.4.5|2.0"])
def test_an_oid_is_one_system_with_its_scheme_and_without(uri: str) -> None:
    assert system_name(uri) == "urn:oid:1.2.3.4.5"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("C34.1", "C341"),
        ("C34", "C34"),
        ("E11.90", "E119"),
        ("M80.88 ", "M808"),
        ("c79.5+", "C795"),
        ("Z33!", "Z33"),
    ],
)
def test_a_german_icd_code_counts_by_its_first_four_characters(written: str, read: str) -> None:
    assert normal_code("icd-10-gm", written) == Code("icd-10-cm", read)


@pytest.mark.parametrize("written", ["B24", "c79.51", "E11.74", "Z33"])
def test_a_code_of_the_who_is_read_as_one_of_icd_10_cm(written: str) -> None:
    system = system_name("http://hl7.org/fhir/sid/icd-10|2019")
    assert normal_code(system, written) == normal_code("icd-10-cm", written)


@pytest.mark.parametrize("written", ["R65.2", "R65.2!", "R65"])
def test_a_german_icd_code_with_another_meaning_stays_german(written: str) -> None:
    assert normal_code("icd-10-gm", written).system == "icd-10-gm"


def _certain(value: dict[str, Any]) -> dict[str, Any]:
    url = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
    system = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
    return {"coding": [{"system": system, "code": "C34.1", "extension": [{"url": url, **value}]}]}


@pytest.mark.parametrize("value", [{"valueCoding": {"code": "G"}}, {"valueCode": "G"}, {}])
def test_an_assured_german_diagnosis_is_read(value: dict[str, Any]) -> None:
    assert list(codes(_certain(value))) == [Code("icd-10-cm", "C341")]


@pytest.mark.parametrize("letter", ["A", "V", "Z"])
def test_a_german_diagnosis_that_is_excluded_suspected_or_past_is_not_read(letter: str) -> None:
    assert list(codes(_certain({"valueCoding": {"code": letter}}))) == []
    assert list(codes(_certain({"valueCode": letter}))) == []


def test_the_same_number_in_another_system_is_another_code() -> None:
    race = {"coding": [{"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}]}
    assert list(codes(race)) != list(
        codes({"coding": [{"system": "http://loinc.org", "code": "2106-3"}]})
    )


@pytest.mark.parametrize(
    "concept",
    [None, {}, [], "text", 5, {"coding": [{}]}, {"coding": None}, {"coding": [None, {"code": "1"}]},
     {"coding": {"system": 3, "code": "x"}}, [None, {}]],
)  # fmt: skip
def test_an_empty_or_odd_concept_has_no_codes(concept: object) -> None:
    assert list(codes(concept)) == []


def test_an_object_where_a_list_belongs_is_read() -> None:
    concept = {"coding": {"system": "http://loinc.org", "code": "30679-5", "display": "MR"}}
    assert list(codes(concept)) == [Code("loinc", "30679-5")]
    assert list(texts(concept)) == ["MR"]
    assert objects([None, {}, {"a": 1}]) == [{"a": 1}]


def test_statuses_are_read_from_words_and_from_concepts() -> None:
    assert status_code("Active") == "active"
    assert status_code({"coding": [{"code": "resolved"}]}) == "resolved"
    assert status_code({"text": "Inactive"}) == "inactive"
    assert status_code(None) == ""


def test_references_name_one_resource_in_several_ways() -> None:
    assert same_reference("Device/1", "https://ehr.example/fhir/Device/1")
    assert same_reference("Device/1/_history/3", "Device/1")
    assert not same_reference("Device/1", "Device/2")
    assert not same_reference("", "")
    assert patient_id("https://ehr.example/fhir/Patient/7") == "7"
    assert patient_id("7") == "7"


ORDERS: dict[str, dict[str, Any]] = {
    "R4": {
        "resourceType": "ServiceRequest", "id": "o", "code": MRI,
        "reasonCode": [{"text": "LBP"}], "subject": {"reference": "Patient/1"},
    },
    "STU3": {
        "resourceType": "ProcedureRequest", "id": "o", "code": MRI,
        "reasonCode": [{"text": "LBP"}], "subject": {"reference": "Patient/1"},
    },
    "DSTU2 procedure": {
        "resourceType": "ProcedureRequest", "id": "o", "code": MRI,
        "reasonCodeableConcept": {"text": "LBP"}, "subject": {"reference": "Patient/1"},
    },
    "DSTU2 diagnostic": {
        "resourceType": "DiagnosticOrder", "id": "o", "item": [{"code": MRI}],
        "reason": [{"text": "LBP"}], "subject": {"reference": "Patient/1"},
    },
}  # fmt: skip


@pytest.mark.parametrize("version", ORDERS)
def test_an_order_reads_alike_in_every_fhir_version(version: str) -> None:
    order = read_order(ORDERS[version])
    assert order is not None
    assert order.codes == (Code("loinc", "30679-5"),)
    assert order.reasons == (((), ("LBP",)),)
    assert order.subject == "Patient/1"


@pytest.mark.parametrize("version", ORDERS)
def test_changing_what_is_ordered_changes_nothing_else(version: str) -> None:
    before = {**ORDERS[version], "note": [{"text": "claustrophobic"}], "x": {"y": [1]}}
    after = with_code(before, {"text": "CT"})
    again = read_order(after)
    assert again is not None
    assert again.texts == ("CT",)
    assert {k: v for k, v in after.items() if k not in ("code", "item")} == {
        k: v for k, v in before.items() if k not in ("code", "item")
    }
    assert with_priority(before, "stat") == {**before, "priority": "stat"}


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"resourceType": "MedicationRequest"},
        {"resourceType": {"a": 1}},
        {"resourceType": ["x"]},
    ],
)
def test_what_cannot_order_imaging_is_no_order(resource: dict[str, Any]) -> None:
    assert read_order(resource) is None
