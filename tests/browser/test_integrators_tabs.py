"""The tabs for integrators: request, response, why, and a request of one's own."""

import json
import subprocess
from collections.abc import Callable

from playwright.sync_api import expect

from cds_service.advisor import today
from cds_service.cli import example
from tests.browser.order_page import OrderPage, says_for_a_moment

Entry = Callable[..., OrderPage]
MRI = "MRI lumbar spine without IV contrast"


def test_the_request_as_curl_gets_the_same_cards(entry: Entry) -> None:
    page = entry("pacemaker", permissions=["clipboard-read", "clipboard-write"])
    page.try_order(MRI)
    page.tab("Request")
    says = says_for_a_moment(page.page.locator("#copy-curl"))
    page.page.get_by_role("button", name="Copy as curl").click()
    assert says("Copied")
    command = page.page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl ")
    told = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120
    )
    (card,) = json.loads(told.stdout)["cards"]
    assert card["source"]["topic"]["code"] == "hold-mri-device"


def test_the_request_holds_every_template_of_discovery(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    page.tab("Request")
    body = json.loads(page.page.locator("#request-body").inner_text())
    services = page.page.evaluate("fetch('/cds-services').then((answer) => answer.json())")
    assert body["prefetch"].keys() == services["services"][0]["prefetch"].keys()
    assert body["prefetch"]["patient"]["id"] == "pacemaker"
    assert len(body["prefetch"]["devices"]["entry"]) == 1
    assert body["context"]["selections"] == [
        f"ServiceRequest/{body['context']['draftOrders']['entry'][0]['resource']['id']}"
    ]


def test_the_response_is_shown_as_it_came(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    page.tab("Response")
    body = json.loads(page.page.locator("#response-body").inner_text())
    assert body["cards"][0]["indicator"] == "critical"
    expect(page.page.locator("#response-line")).to_contain_text("HTTP 200")


def test_why_tells_findings_variants_ratings_safety_and_what_was_silent(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    why = page.page.locator("#why")
    expect(why).to_contain_text("Pacemaker")
    expect(why.get_by_role("row", name="decides 7.")).to_be_visible()
    for heading in (
        "Cards given",
        "Findings present",
        "Findings not known",
        "Low back pain in adults: variants considered",
        "Ratings of the deciding variant",
        "Safety rules",
        "Alternatives",
        "What did not speak, and why",
    ):
        expect(why.get_by_role("heading", name=heading)).to_be_visible()
    fever = why.get_by_role("row", name="Fever").first
    expect(fever).to_contain_text("38.6")


def test_a_pasted_request_is_answered_with_what_is_odd_about_it(entry: Entry) -> None:
    page = entry("uncomplicated")
    body = example.request("pacemaker", today())
    del body["prefetch"]["allergies"]
    body["prefetch"]["mystery"] = None
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill(json.dumps(body))
    page.page.get_by_role("button", name="Send").click()
    page.answered()
    assert page.cards() == ["hold-mri-device"]
    remarks = page.page.locator("#remarks")
    expect(remarks).to_contain_text("/prefetch/allergies")
    expect(remarks).to_contain_text("the key is none of ours")
    page.tab("Why")
    expect(page.page.locator("#why")).to_contain_text("not supplied")
    page.accept("Change to CT lumbar spine with IV contrast")
    page.tab("Paste a request")
    assert "CT lumbar spine" in page.page.locator("#paste").input_value()
    page.page.get_by_role("button", name="Back to the order").click()
    expect(page.page.locator("#pasted-note")).to_be_hidden()


def test_a_pasted_request_without_its_hook_is_refused_and_explained(entry: Entry) -> None:
    page = entry("uncomplicated")
    body = example.request("pacemaker", today())
    del body["hook"]
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill(json.dumps(body))
    page.page.get_by_role("button", name="Send").click()
    page.answered()
    assert "HTTP 400" in page.state
    expect(page.page.locator("#remarks")).to_contain_text("Without it there is no answer at all")


def test_what_is_no_json_is_not_sent(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill("{nothing")
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("#paste-problem")).to_contain_text("This is not JSON")
    page.page.get_by_label("A request as your EHR sends it").fill("[]")
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("#paste-problem")).to_have_text("A request is a JSON object.")
