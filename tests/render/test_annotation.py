"""Ratings on orders: only where nothing could overturn them, and nothing else is touched."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from cds_service.casebook import assess
from cds_service.content.cases import Case
from cds_service.content.library import Content
from cds_service.content.model import Rating
from cds_service.content.short_forms import order_resource, patient_resource, record_resource
from cds_service.engine.advice import Assessment
from cds_service.render.annotation import annotate, rating_extensions, rating_of, with_rating
from tests.conftest import AS_OF
from tests.hook_request import BACK_PAIN, BREAST_CANCER, FEVER, PACEMAKER

BASE = "http://fhir.org/argonaut/Extension/pama-rating"
OURS = {BASE, f"{BASE}-qcdsm-consulted", f"{BASE}-consult-id", f"{BASE}-auc-applied"}
SYSTEM = "http://fhir.org/argonaut/CodeSystem/pama-rating"
OTHER = {"url": "https://site.example/ext", "valueString": "kept"}
CRITERIA = "https://criteria.example/low-back-pain"
BACK_PAIN_REASON = "snomed-ct 279039007"
MRI, MRI_ANY, CT_BOTH = "loinc 30679-5", "loinc 24968-0", "cpt 72133"
ADULT = {"birth-date": "1972-06-01"}

Assess = Callable[..., Assessment]


@pytest.fixture
def assessed(content: Content) -> Assess:
    """Return the assessment of an order for a patient with these records."""

    def make(
        code: str,
        *records: dict[str, Any],
        missing: dict[str, str] | None = None,
        patient: dict[str, Any] | None = None,
        members: dict[str, Any] | None = None,
        reasons: list[str] | None = None,
    ) -> Assessment:
        chosen = [BACK_PAIN_REASON] if reasons is None else reasons
        chart = [record_resource(record, number) for number, record in enumerate(records)]
        case = Case(
            name="test",
            path="test",
            about=(),
            fires=True,
            as_of=AS_OF,
            resources=(patient_resource(ADULT if patient is None else patient), *chart),
            order={**order_resource({"code": code, "reasons": chosen}), **(members or {})},
            missing=missing or {},
            expect={},
        )
        return assess(case, content)

    return make


@pytest.fixture
def act(content: Content) -> Callable[..., list[dict[str, Any]]]:
    """Return the system actions for one assessment, with the feature switched on."""

    def make(
        assessment: Assessment, mechanism: str = "G-TEST", criteria: str | None = CRITERIA
    ) -> list[dict[str, Any]]:
        return annotate([assessment], content, mechanism, criteria, lambda: str(uuid4()))

    return make


Act = Callable[..., list[dict[str, Any]]]


def rating(resource: dict[str, Any]) -> str:
    """Return the code of the one rating on `resource`."""
    (found,) = (e for e in resource["extension"] if e["url"] == BASE)
    (coding,) = found["valueCodeableConcept"]["coding"]
    assert coding["system"] == SYSTEM
    return str(coding["code"])


def without_ours(resource: dict[str, Any]) -> dict[str, Any]:
    """Return `resource` without the guide's extensions."""
    kept = [e for e in resource.get("extension", []) if e.get("url") not in OURS]
    rest = {name: value for name, value in resource.items() if name != "extension"}
    return {**rest, "extension": kept} if kept else rest


def value(resource: dict[str, Any], name: str) -> str:
    (found,) = (e for e in resource["extension"] if e["url"] == f"{BASE}{name}")
    return str(found.get("valueString") or found.get("valueUri"))


@pytest.mark.conformance(228, 230, 231, 233, 235, 236, 237)
def test_ct_for_plain_back_pain_is_rated_not_appropriate(assessed: Assess, act: Act) -> None:
    assessment = assessed(CT_BOTH, BACK_PAIN)
    (action,) = act(assessment)
    resource = action["resource"]
    assert action["type"] == "update"
    assert "not appropriate" in action["description"]
    assert rating(resource) == "not-appropriate"
    assert value(resource, "-qcdsm-consulted") == "G-TEST"
    assert value(resource, "-consult-id").startswith("urn:uuid:")
    assert value(resource, "-auc-applied") == CRITERIA
    assert len(resource["extension"]) == 4
    assert resource["id"] == assessment.order.resource["id"]


def test_mri_for_back_pain_with_red_flags_is_rated_appropriate(assessed: Assess, act: Act) -> None:
    (action,) = act(assessed(MRI, BACK_PAIN, BREAST_CANCER, FEVER))
    assert rating(action["resource"]) == "appropriate"


@pytest.mark.parametrize("category", [r for r in Rating if r is not Rating.USUALLY_NOT_APPROPRIATE])
def test_what_may_be_appropriate_counts_as_appropriate(
    category: Rating, cases: list[Case], content: Content
) -> None:
    codes = set()
    for case in cases:
        assessment = assess(case, content)
        rated, ordered = assessment.topic and assessment.topic.rated_order, assessment.recognised
        if rated and rated.rating is category and ordered.procedure:
            codes.add(rating_of(ordered.procedure, assessment, content))
    assert "appropriate" in codes
    assert codes <= {"appropriate", ""}


@pytest.mark.conformance(161, 234)
def test_without_a_mechanism_nothing_is_recorded(
    assessed: Assess, act: Act, content: Content
) -> None:
    assessment = assessed(CT_BOTH, BACK_PAIN)
    assert act(assessment, mechanism="") == []
    procedure = content.procedures["radiography-lumbar-spine"]
    assert rating_extensions(procedure, assessment, content, "", None, lambda: "id") == []


@pytest.mark.conformance(162, 237, 241)
def test_nothing_but_the_four_extensions_changes_in_any_shipped_case(
    cases: list[Case], content: Content, act: Act
) -> None:
    rated = 0
    for case in cases:
        assessment = assess(case, content)
        before = copy.deepcopy(case.order)
        for action in act(assessment):
            rated += 1
            assert without_ours(action["resource"]) == case.order == before, case.name
            assert action["description"]
            assert rating(action["resource"])
            named = [e["url"] for e in action["resource"]["extension"]]
            assert len(named) == len(set(named))
    assert rated > 100


@pytest.mark.conformance(91, 163)
def test_a_second_round_says_nothing_new(cases: list[Case], content: Content, act: Act) -> None:
    for case in cases:
        assessment = assess(case, content)
        for action in act(assessment):
            order = read_again(assessment, action["resource"])
            assert act(order) == [], case.name


def read_again(assessment: Assessment, resource: dict[str, Any]) -> Assessment:
    """Return the same assessment of an order that now looks like `resource`."""
    return msgspec.structs.replace(assessment, order=replace(assessment.order, resource=resource))


@pytest.mark.conformance(242)
@pytest.mark.parametrize(
    "change", ["other rating", "other mechanism", "no consult id", "twice", "criteria dropped"]
)
def test_a_rating_that_says_something_else_is_replaced_where_it_stood(
    change: str, assessed: Assess, act: Act
) -> None:
    assessment = assessed(CT_BOTH, BACK_PAIN)
    (first,) = act(assessment)
    extensions = copy.deepcopy(first["resource"]["extension"])
    if change == "other rating":
        extensions[0]["valueCodeableConcept"]["coding"][0]["code"] = "appropriate"
    elif change == "other mechanism":
        extensions[1]["valueString"] = "G-OTHER"
    elif change == "no consult id":
        del extensions[2]
    elif change == "twice":
        extensions += extensions
    else:
        del extensions[3]
    resource = {**first["resource"], "extension": [*extensions, OTHER]}
    (second,) = act(read_again(assessment, resource))
    assert rating(second["resource"]) == "not-appropriate"
    assert len(second["resource"]["extension"]) == 5
    assert without_ours(second["resource"]) == without_ours(resource)
    fresh = value(second["resource"], "-consult-id")
    assert fresh != value(first["resource"], "-consult-id")


@pytest.mark.conformance(163)
def test_more_detail_on_the_same_rating_is_not_news(assessed: Assess, act: Act) -> None:
    assessment = assessed(CT_BOTH, BACK_PAIN)
    (first,) = act(assessment)
    resource = copy.deepcopy(first["resource"])
    resource["extension"].reverse()
    rated = next(e for e in resource["extension"] if e["url"] == BASE)
    rated["valueCodeableConcept"]["text"] = "Not appropriate"
    rated["valueCodeableConcept"]["coding"][0]["display"] = "Not appropriate"
    assert act(read_again(assessment, resource)) == []


@pytest.mark.conformance(235)
def test_every_consultation_has_its_own_id(assessed: Assess, act: Act) -> None:
    assessment = assessed(CT_BOTH, BACK_PAIN)
    consulted = {value(act(assessment)[0]["resource"], "-consult-id") for _ in range(5)}
    assert len(consulted) == 5


@pytest.mark.conformance(236)
def test_criteria_are_named_only_when_configured(assessed: Assess, act: Act) -> None:
    (action,) = act(assessed(CT_BOTH, BACK_PAIN), criteria=None)
    assert [e["url"] for e in action["resource"]["extension"]] == [
        BASE,
        f"{BASE}-qcdsm-consulted",
        f"{BASE}-consult-id",
    ]


MISSING = ["Condition", "Observation", "MedicationRequest", "Procedure", "Device"]


@pytest.mark.conformance(91, 239)
@pytest.mark.parametrize("state", ["failed", "partial", "not-supplied"])
@pytest.mark.parametrize("source", [*MISSING, "AllergyIntolerance"])
def test_no_rating_rests_on_a_source_that_was_not_read(
    source: str, state: str, assessed: Assess, act: Act
) -> None:
    assert act(assessed(CT_BOTH, BACK_PAIN, missing={source: state})) == []
    assert act(assessed(MRI, BACK_PAIN, FEVER, missing={source: state})) == []


def test_device_use_alone_leaves_nothing_open(assessed: Assess, act: Act) -> None:
    assert act(assessed(CT_BOTH, BACK_PAIN, missing={"DeviceUseStatement": "failed"}))


@pytest.mark.conformance(70, 239)
def test_not_enough_data_means_no_rating(assessed: Assess, act: Act) -> None:
    no_birth_date = {"birth-date": ""}
    chronic = {**BACK_PAIN, "onset": "2026-01-08"}
    undated = {key: item for key, item in BACK_PAIN.items() if key != "onset"}
    assert act(assessed(CT_BOTH, BACK_PAIN, patient=no_birth_date)) == []
    assert act(assessed(CT_BOTH, BACK_PAIN, patient={"birth-date": "2017-03-03"})) == []
    assert act(assessed(MRI, reasons=[])) == [], "no complaint is known"
    assert act(assessed(MRI, chronic)) == [], "whether six weeks of treatment failed is not known"
    assert act(assessed(MRI, undated)) == [], "nor here, since the pain may be chronic"
    empty = {"code": {"coding": [{}]}, "reasonCode": []}
    assert act(assessed(MRI, BACK_PAIN, members=empty)) == [], "nothing is ordered yet"


def test_an_open_contrast_is_rated_only_if_every_form_is_rated_alike(
    assessed: Assess, act: Act, content: Content
) -> None:
    (action,) = act(assessed(MRI_ANY, BACK_PAIN))
    assert rating(action["resource"]) == "not-appropriate"
    flagged = assessed(MRI_ANY, BACK_PAIN, FEVER)
    assert flagged.recognised.procedure is not None
    assert flagged.recognised.procedure.may_be
    assert act(flagged) == []


def test_an_inferred_rating_is_never_recorded(
    assessed: Assess, act: Act, cases: list[Case], content: Content
) -> None:
    assert act(assessed(CT_BOTH, BACK_PAIN, FEVER)) == []
    for case in cases:
        assessment = assess(case, content)
        rated = assessment.topic and assessment.topic.rated_order
        if rated and not rated.citable:
            assert act(assessment) == [], case.name


def test_what_a_safety_rule_holds_is_not_called_appropriate(assessed: Assess, act: Act) -> None:
    held = assessed(MRI, BACK_PAIN, BREAST_CANCER, FEVER, PACEMAKER)
    assert any(not verdict.suggestable for verdict in held.safety)
    assert act(held) == []


def test_no_criteria_apply_to_what_is_surely_another_question(assessed: Assess, act: Act) -> None:
    cancer, unknown_code = "snomed-ct 254837009", "snomed-ct 267036007"
    chest = "cpt 71275"
    (action,) = act(assessed(chest, BREAST_CANCER, reasons=[cancer]))
    assert rating(action["resource"]) == "no-criteria-apply"
    assert len(action["resource"]["extension"]) == 3, "no criteria, so none were applied"
    assert act(assessed(chest, BREAST_CANCER, reasons=[])) == []
    assert act(assessed(chest, BREAST_CANCER, reasons=["text: cancer"])) == []
    assert act(assessed(chest, reasons=[BACK_PAIN_REASON])) == []
    assert act(assessed(chest, reasons=[cancer, unknown_code])) == []
    assert act(assessed(chest, reasons=[cancer], missing={"Condition": "failed"})) == []
    referenced = {"reasonReference": [{"reference": "Condition/elsewhere"}]}
    assert act(assessed(chest, reasons=[cancer], members=referenced)) == []
    assert act(assessed("text: unheard of", reasons=[cancer])) == []


@pytest.mark.conformance(239)
def test_dyspnoea_and_a_chest_angiography_get_no_rating(assessed: Assess, act: Act) -> None:
    """The content does not know the code, and so not that no criteria could apply."""
    assert act(assessed("cpt 71275", reasons=["snomed-ct 267036007"])) == []


@pytest.mark.conformance(229, 237)
@pytest.mark.parametrize(
    "members",
    [
        {"id": ""},
        {"resourceType": "ProcedureRequest"},
        {"extension": {"url": "https://site.example/ext"}},
        {"extension": None},
    ],
)
def test_an_order_that_cannot_be_annotated_is_left_alone(
    members: dict[str, Any], assessed: Assess, act: Act
) -> None:
    assert act(assessed(CT_BOTH, BACK_PAIN, members=members)) == []


@pytest.mark.conformance(69, 162)
def test_a_long_id_and_other_extensions_go_back_unchanged(assessed: Assess, act: Act) -> None:
    members = {"id": "e" * 194, "extension": [OTHER, {"url": 7}, None, OTHER]}
    (action,) = act(assessed(CT_BOTH, BACK_PAIN, members=members))
    assert action["resource"]["id"] == "e" * 194
    assert action["resource"]["extension"][:4] == members["extension"]


@pytest.mark.conformance(243)
def test_a_suggested_order_carries_its_own_rating_and_not_the_old_one(
    assessed: Assess, content: Content
) -> None:
    old = {"url": BASE, "valueCodeableConcept": {"coding": [{"code": "appropriate"}]}}
    assessment = assessed(
        "loinc 39818-0", BACK_PAIN, BREAST_CANCER, FEVER, members={"extension": [old, OTHER]}
    )
    (advice,) = assessment.advice
    (procedure,) = advice.proposal.procedures
    own = rating_extensions(procedure, assessment, content, "G-TEST", CRITERIA, lambda: "1")
    suggested = with_rating(assessment.order.resource, own)
    assert rating(suggested) == "appropriate"
    assert suggested["extension"][0] == OTHER
    unrated = with_rating(assessment.order.resource, [])
    assert unrated["extension"] == [OTHER]
    assert "extension" not in with_rating({"id": "1", "extension": [old]}, [])
    untouched = {"id": "1", "extension": []}
    assert with_rating(untouched, []) is untouched
    foreign = content.procedures["ct-angiography-chest"]
    assert rating_of(foreign, assessment, content) == ""
    assert rating_extensions(foreign, assessment, content, "G-TEST", None, lambda: "1") == []


@pytest.mark.conformance(241)
def test_each_order_is_rated_on_its_own(assessed: Assess, content: Content) -> None:
    both = [
        assessed(CT_BOTH, BACK_PAIN, members={"id": "a"}),
        assessed(MRI, BACK_PAIN, FEVER, members={"id": "b"}),
        assessed("text: unheard of", BACK_PAIN, members={"id": "c"}),
    ]
    done = annotate(both, content, "G-TEST", None, lambda: str(uuid4()))
    found = {a["resource"]["id"]: rating(a["resource"]) for a in done}
    assert found == {"a": "not-appropriate", "b": "appropriate"}
