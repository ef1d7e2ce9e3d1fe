"""Suggested orders carry the codes of the site's preference list."""

from cds_service.hooks.dialects import shape
from tests.hook_request import BACK_PAIN, BREAST_CANCER, FEVER, order, request, resources
from tests.site.advice import consult, names, ordering, recognised, suggested

WITH = "mri-lumbar-spine-without-and-with-contrast"
LIST = "urn:oid:1.2.3.4.6"
SITE = (
    f"suggestions:\n  - procedure: {WITH}\n"
    f'    code: {{system: "{LIST}", code: "77001", display: "MR lumbar spine w/wo"}}\n'
)
ASKED = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER))
PREFERRED = {"system": LIST, "code": "77001", "display": "MR lumbar spine w/wo"}
LOINC = {"system": "http://loinc.org", "code": "24967-2"}


def test_the_sites_code_comes_first_and_the_standard_code_stays(opened):
    (resource,) = suggested(consult(opened(SITE), ASKED))
    assert resource["code"]["coding"] == [PREFERRED, LOINC]
    assert resource["code"]["text"] == "MR lumbar spine w/wo"


def test_without_a_site_the_standard_code_is_alone(opened):
    (resource,) = suggested(consult(opened(), ASKED))
    assert resource["code"]["coding"] == [LOINC]


def test_an_oid_is_written_into_orders_with_its_scheme(opened):
    site = opened(SITE.replace(LIST, LIST.removeprefix("urn:oid:")))
    (resource,) = suggested(consult(site, ASKED))
    assert resource["code"]["coding"][0] == PREFERRED


def test_a_code_without_a_name_leaves_our_title(opened):
    site = opened(f'suggestions: [{{procedure: {WITH}, code: {{code: "77001"}}}}]\n')
    (resource,) = suggested(consult(site, ASKED))
    assert resource["code"]["coding"][0] == {"code": "77001"}
    assert resource["code"]["text"] == site.content.procedures[WITH].title


def test_a_standard_code_on_the_list_is_written_once(opened):
    text = f'suggestions: [{{procedure: {WITH}, code: {{system: loinc, code: "24967-2"}}}}]\n'
    (resource,) = suggested(consult(opened(text), ASKED))
    assert resource["code"]["coding"] == [LOINC]


def test_an_accepted_suggestion_is_understood_when_it_comes_back(opened):
    chart = resources(BACK_PAIN, BREAST_CANCER, FEVER)
    code = {"system": PREFERRED["system"], "code": PREFERRED["code"]}
    asked = request(ordering(code), chart, hook="order-sign")
    assert recognised(consult(opened(SITE), asked)) == WITH
    assert recognised(consult(opened(), asked)) == ""


def test_epic_gets_an_order_of_the_preference_list(opened):
    body = shape(consult(opened(SITE), ASKED).cards, (), "epic")
    (action, *_) = body["cards"][0]["suggestions"][0]["actions"]
    assert action["type"] == "create"
    assert action["resource"]["code"]["coding"] == [PREFERRED]
    without = shape(consult(opened(), ASKED).cards, (), "epic")
    assert without["cards"][0]["suggestions"][0]["actions"][0]["type"] == "update"


def test_what_was_agreed_with_a_client_beats_the_site(opened):
    agreed = {WITH: [{"system": "urn:oid:9.9", "code": "1"}]}
    body = shape(consult(opened(SITE), ASKED).cards, (), "epic", agreed)
    (action, *_) = body["cards"][0]["suggestions"][0]["actions"]
    assert action["resource"]["code"]["coding"] == agreed[WITH]


def test_no_dialect_sends_the_private_members_on(opened):
    shown = consult(opened(SITE), ASKED)
    assert names(shown) == ["add-contrast"]
    for dialect in ("2.0", "1.0", "3.0", "epic", "sandbox"):
        for suggestion in shape(shown.cards, (), dialect)["cards"][0]["suggestions"]:
            assert "codings" not in suggestion
