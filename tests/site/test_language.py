"""A site that wants its cards in another language."""

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.settings import Settings
from tests.conftest import AS_OF
from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    FEVER,
    SELECT,
    order,
    request,
    resources,
)
from tests.site.advice import consult, recognised

BODY = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER))


def test_a_german_site_is_answered_in_german(opened):
    site = opened("language: de\n")
    settings = Settings()
    advisor = Advisor(site.content, settings, lambda: AS_OF, site.policy)
    client = create_app(settings, advisor).test_client()
    (card,) = client.post(SELECT, json=BODY).get_json()["cards"]
    assert card["summary"] == (
        "Kontrastmittel zur LWS-MRT? Kreuzschmerz und Krebs in der Vorgeschichte und Fieber"
    )
    assert card["detail"].startswith("**Angefordert:** MRT LWS ohne i.v. Kontrastmittel\n\n")
    assert "*in der Regel angemessen*" in card["detail"]
    (suggestion,) = card["suggestions"]
    assert suggestion["label"] == "Ändern in MRT LWS ohne und mit i.v. Kontrastmittel"
    assert card["source"]["topic"]["code"] == "add-contrast"


def test_an_order_that_bears_our_german_title_is_understood(opened):
    body = request(
        {**order(), "code": {"text": "MRT LWS ohne i.v. Kontrastmittel"}}, resources(BACK_PAIN)
    )
    assert recognised(consult(opened("language: de\n"), body)) == (
        "mri-lumbar-spine-without-contrast"
    )
    assert recognised(consult(opened(), body)) == ""


def test_a_sites_own_reasons_stand_beside_the_translated_ones(opened):
    site = opened(
        "language: de\n"
        "cards: {override-reasons: {add-contrast: [asked-radiology, contrast-declined]}}\n"
        'override-reasons: [{code: asked-radiology, display: "Radiologie gefragt"}]\n'
    )
    (card,) = consult(site, BODY).cards
    assert [reason["display"] for reason in card["overrideReasons"]] == [
        "Radiologie gefragt",
        "Kontrastmittel abgelehnt oder Grund dagegen",
    ]


def test_an_unknown_language_is_refused_with_those_there_are(issues):
    (issue,) = issues("language: fr\n")
    assert issue.code == "SITE002"
    assert "have no text in 'fr'" in issue.message
    assert issue.hint == "the content has the languages de, en"
