"""What must hold for every chart: properties of the decision, over the shipped cases and beyond."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.casebook import assess, chart, shown
from cds_service.content.cases import Case, read_cases
from cds_service.content.library import SUPPLEMENTARY_TYPES, Content
from cds_service.content.load import load
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Source, SourceState
from cds_service.engine.decide import decide
from cds_service.fhir.orders import read_order
from tests.conftest import CARDS

ALL = [case for path, doc in load(CARDS).cases.items() for case in read_cases(doc, path)]
NAMES = [case.name for case in ALL]

NO_RED_FLAGS = {"imaging-not-needed"}
"""Cards that rest on the absence of something."""

UNRELATED = [
    {"resourceType": "Condition", "id": "u1", "code": {"text": "Ingrown toenail"}},
    {"resourceType": "Condition", "id": "u2", "code": {"coding": [{"system": "http://snomed.info/sct",
        "code": "38341003"}]}, "clinicalStatus": {"coding": [{"code": "active"}]}},
    {"resourceType": "Observation", "id": "u3", "status": "final", "code": {"coding": [
        {"system": "http://loinc.org", "code": "718-7"}]},
        "valueQuantity": {"value": 13, "unit": "g/dL"}},
    {"resourceType": "Observation", "id": "u4", "status": "final", "code": {"coding": [
        {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}]}},
    {"resourceType": "MedicationRequest", "id": "u5", "status": "active", "intent": "order",
        "medicationCodeableConcept": {"text": "Budesonide inhalation"}},
    {"resourceType": "Immunization", "id": "u6", "status": "completed"},
    {"resourceType": "Device", "id": "u7", "type": {"text": "Walking stick"}},
]  # fmt: skip


def said(assessment: Assessment) -> list[dict[str, object]]:
    return [shown(advice) for advice in assessment.advice]


@pytest.mark.parametrize("case", ALL, ids=NAMES)
def test_the_order_of_records_never_matters(case: Case, content: Content) -> None:
    before = assess(case, content)
    mixed = list(case.resources)
    random.Random(case.name).shuffle(mixed)
    after = assess(replace(case, resources=tuple(mixed)), content)
    assert after.advice == before.advice
    assert after.findings == before.findings


def test_the_order_of_records_without_an_id_never_matters(content: Content) -> None:
    case = next(
        case
        for case in ALL
        if any(each["resourceType"] == "AllergyIntolerance" for each in case.resources)
    )
    (allergy,) = (r for r in case.resources if r["resourceType"] == "AllergyIntolerance")
    others = [r for r in case.resources if r is not allergy]
    twins = [
        {**allergy, "reaction": [{"manifestation": [{"text": text}], "severity": "severe"}]}
        for text in ("Anaphylaxis", "Bronchospasm")
    ]
    for twin in twins:
        twin.pop("id", None)
    found = [
        assess(replace(case, resources=(*others, *order)), content)
        for order in (twins, twins[::-1])
    ]
    assert found[0].findings == found[1].findings


@pytest.mark.parametrize("case", ALL, ids=NAMES)
def test_unrelated_records_never_change_advice(case: Case, content: Content) -> None:
    before = assess(case, content)
    after = assess(replace(case, resources=(*case.resources, *UNRELATED)), content)
    assert after.advice == before.advice


@pytest.mark.parametrize("case", ALL, ids=NAMES)
def test_losing_a_source_never_makes_the_advice_more_certain(case: Case, content: Content) -> None:
    before = assess(case, content)
    losses = product(content.resource_types, ["failed", "partial", "not-supplied"])
    for kind, state in losses:
        if kind in case.missing:
            continue
        after = assess(replace(case, missing={**case.missing, kind: state}), content)
        for name, result in after.findings.items():
            if result.state.value == "absent":
                assert before.findings[name].state.value == "absent", (kind, name)
        gained = {a.card for a in after.advice} - {a.card for a in before.advice}
        assert not gained & NO_RED_FLAGS, kind
        assert (kind in after.not_checked) is (kind not in SUPPLEMENTARY_TYPES)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_mix_of_records_and_states_keeps_the_promises(
    content: Content, data: st.DataObject
) -> None:
    case = data.draw(st.sampled_from(ALL))
    others = data.draw(st.lists(st.sampled_from(ALL), max_size=3))
    records = [r for other in others for r in other.resources if r["resourceType"] != "Patient"]
    states = {
        kind: Source(data.draw(st.sampled_from(list(SourceState)), label=kind))
        for kind in content.resource_types
    }
    whole = replace(chart(case, content), resources=(*case.resources, *records), sources=states)
    order = read_order(case.order)
    assert order is not None
    (assessment,) = decide(whole, (order,), content, case.as_of)

    for advice in assessment.advice:
        for procedure in advice.proposal.procedures:
            assert procedure.suggestable
            mri_held = any(
                assessment.findings[name].state.value == "present"
                for name in ("cardiac-lead-hazard", "cardiac-device-not-mr-labelled")
            )
            assert not (mri_held and procedure.modality == "MR"), advice.rule_id
        if advice.card in NO_RED_FLAGS:
            unread = [kind for kind in assessment.not_checked if kind != "DeviceUseStatement"]
            assert not set(unread) & {"Condition", "Patient", "Procedure", "MedicationRequest"}
    assert len(assessment.advice) <= 2
    ranks = [advice.indicator.rank for advice in assessment.advice]
    assert ranks == sorted(ranks)
