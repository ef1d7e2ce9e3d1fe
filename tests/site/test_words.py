"""A site's own reasons, links and codes of records."""

from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    FEVER,
    PACEMAKER,
    order,
    request,
    resources,
)
from tests.site.advice import Json, consult, names

CONTRAST = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER))
DEVICE = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER, PACEMAKER))
OURS = "urn:imaging-order-advisor:override-reason"
LINK = 'label: "Our pathway", url: "https://intranet.example/back-pain"'


def card(opened_site: object, body: Json) -> Json:
    (found, *_) = consult(opened_site, body).cards  # type: ignore[arg-type]
    return found


def test_a_site_offers_its_own_reasons_on_a_card(opened):
    site = opened(
        "cards: {override-reasons: {add-contrast: [asked-radiology, contrast-declined]}}\n"
        "override-reasons:\n"
        '  - {code: asked-radiology, display: "Mit der Radiologie besprochen"}\n'
        '  - {code: contrast-declined, display: "Kein Kontrastmittel"}\n'
    )
    assert card(site, CONTRAST)["overrideReasons"] == [
        {
            "code": "asked-radiology",
            "system": "urn:imaging-order-advisor:site-override-reason",
            "display": "Mit der Radiologie besprochen",
        },
        {"code": "contrast-declined", "system": OURS, "display": "Kein Kontrastmittel"},
    ]
    shipped = {reason["code"] for reason in card(opened(), CONTRAST)["overrideReasons"]}
    assert "asked-radiology" not in shipped


def test_a_reason_has_the_system_that_the_site_names(opened):
    site = opened(
        "cards: {override-reasons: {add-contrast: [x1]}}\n"
        'override-reasons: [{code: x1, display: "X", system: "urn:oid:1.2.3"}]\n'
    )
    (reason,) = card(site, CONTRAST)["overrideReasons"]
    assert reason["system"] == "urn:oid:1.2.3"


def test_a_card_may_offer_no_reasons(opened):
    site = opened("cards: {override-reasons: {add-contrast: []}}\n")
    assert "overrideReasons" not in card(site, CONTRAST)


def test_a_sites_link_stands_before_ours(opened):
    links = card(opened(f"links: [{{card: add-contrast, {LINK}}}]\n"), CONTRAST)["links"]
    ours = card(opened(), CONTRAST)["links"]
    assert links[0] == {
        "label": "Our pathway",
        "url": "https://intranet.example/back-pain",
        "type": "absolute",
    }
    assert links[1:] == ours


def test_a_sites_link_may_replace_ours_and_the_source_stays(opened):
    shown = card(opened(f"links: [{{topic: low-back-pain, {LINK}, instead: true}}]\n"), CONTRAST)
    assert [link["label"] for link in shown["links"]] == ["Our pathway"]
    assert shown["source"]["url"] == card(opened(), CONTRAST)["source"]["url"]


def test_a_topics_link_is_not_shown_on_safety_cards(opened):
    site = opened(f"links: [{{topic: low-back-pain, {LINK}}}]\n")
    shown = {each["source"]["topic"]["code"]: each for each in consult(site, DEVICE).cards}
    labels = [link["label"] for link in shown["hold-mri-device"]["links"]]
    assert "Our pathway" not in labels


WARD = "urn:oid:1.2.3.4.7"
LAB = f'value-sets:\n  body-temperature:\n    - {{system: "{WARD}", code: "VS-TEMP", label: "T"}}\n'


def temperature(system: str) -> Json:
    return {
        "fhir": {
            "resourceType": "Observation",
            "id": "temp",
            "status": "final",
            "subject": {"reference": "Patient/case-patient"},
            "code": {"coding": [{"system": system, "code": "VS-TEMP"}]},
            "effectiveDateTime": "2026-11-21T08:00:00Z",
            "valueQuantity": {
                "value": 38.6,
                "unit": "Cel",
                "system": "http://unitsofmeasure.org",
                "code": "Cel",
            },
        }
    }


def state(consultation: object, finding: str) -> str:
    return consultation.assessments[0].findings[finding].state.value  # type: ignore[attr-defined]


def test_a_local_code_counts_as_what_the_site_says(opened):
    body = request(order(), resources(BACK_PAIN, temperature(WARD)))
    assert state(consult(opened(LAB), body), "fever") == "present"
    assert state(consult(opened(), body), "fever") == "absent"
    elsewhere = request(order(), resources(BACK_PAIN, temperature("urn:oid:9.9")))
    assert state(consult(opened(LAB), elsewhere), "fever") == "absent"


def test_a_local_measurement_is_asked_for(opened):
    content = opened(LAB).content
    assert f"{WARD}|VS-TEMP" in content.observation_codes
    assert set(opened().content.observation_codes) < set(content.observation_codes)


def test_a_weak_local_code_only_raises_the_question(opened):
    site = opened(
        f'value-sets: {{fever: [{{system: "{WARD}", code: "F1", label: "Fever?", role: weak}}]}}\n'
    )
    condition = {
        "fhir": {
            "resourceType": "Condition",
            "id": "c1",
            "subject": {"reference": "Patient/case-patient"},
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"coding": [{"system": WARD, "code": "F1"}]},
            "onsetDateTime": "2026-11-21",
        }
    }
    body = request(order(), resources(BACK_PAIN, condition))
    assert state(consult(site, body), "fever") == "unknown"


def test_a_local_code_of_the_reason_says_what_the_order_is_for(opened):
    pain = f'value-sets: {{low-back-pain: [{{system: "{WARD}", code: "LBP", label: "Pain"}}]}}\n'
    other = f'value-sets: {{fever: [{{system: "{WARD}", code: "LBP", label: "Fever"}}]}}\n'
    coded = {**order(), "reasonCode": [{"coding": [{"system": WARD, "code": "LBP"}]}]}
    body = request(coded, resources(BREAST_CANCER, FEVER))
    assert names(consult(opened(pain), body)) == ["add-contrast"]
    assert names(consult(opened(other), body)) == []


def test_a_code_that_only_the_who_has_is_added_by_its_short_name(opened):
    site = opened('value-sets: {hiv: [{system: icd-10, code: "F02.4", label: "Dementia"}]}\n')
    condition = {
        "fhir": {
            "resourceType": "Condition",
            "id": "c1",
            "subject": {"reference": "Patient/case-patient"},
            "code": {
                "coding": [
                    {"system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "F02.4*"}
                ]
            },
        }
    }
    body = request(order(), resources(BACK_PAIN, condition))
    assert state(consult(site, body), "hiv") == "present"
    assert state(consult(opened(), body), "hiv") == "absent"
