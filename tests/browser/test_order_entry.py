"""The walks of a clinician through the order-entry page, and what the journal says of them."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from cds_service.web.demo.charts import demo_patients
from tests.browser.conftest import WAIT, OpenPage, Running
from tests.browser.order_page import OrderPage

Entry = Callable[..., OrderPage]
MRI = "MRI lumbar spine without IV contrast"
MRI_CONTRAST = "MRI lumbar spine without and with IV contrast"
CT_CONTRAST = "CT lumbar spine with IV contrast"


def outcomes(service: Running, card: str, after: int = -1) -> list[dict[str, Any]]:
    """Return what the journal holds of the answers to `card`, as soon as it is more than `after`.

    The card itself is written a moment after it was shown.
    """
    deadline = time.monotonic() + WAIT
    while True:
        found = [
            answer
            for line in service.journal()
            for shown in line.get("cards", [])
            if shown["card"] == card
            for answer in shown["feedback"]
        ]
        if len(found) > after or time.monotonic() > deadline:
            return found


def test_contrast_is_added_to_the_mri_of_a_patient_with_cancer_and_fever(
    entry: Entry, service: Running
) -> None:
    page = entry("fever")
    page.choose_reason("low back", "Low back pain")
    page.choose_study("mri l", MRI)
    assert page.cards() == ["add-contrast"]
    expect(page.card("add-contrast")).to_contain_text("Warning")
    expect(page.card("add-contrast")).to_contain_text("ACR")
    before = len(outcomes(service, "add-contrast"))
    page.accept(f"Change to {MRI_CONTRAST}")
    assert page.study == MRI_CONTRAST
    assert page.cards() == []
    assert "nothing to add" in page.state
    assert "Feedback was sent" in page.page.locator("#done").inner_text()
    answers = outcomes(service, "add-contrast", after=before)
    assert len(answers) == before + 1
    assert answers[-1]["outcome"] == "accepted"


def test_a_bone_scan_is_replaced_by_mri(entry: Entry) -> None:
    page = entry("fever")
    page.choose_study("bone sc wh", "Bone scan whole body")
    assert page.cards() == ["mri-preferred"]
    page.accept(f"Change to {MRI_CONTRAST}")
    assert page.study == MRI_CONTRAST
    assert page.cards() == []


def test_mri_is_held_for_a_pacemaker_and_ct_is_offered(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    assert page.cards() == ["hold-mri-device"]
    expect(page.card("hold-mri-device")).to_contain_text("Critical")
    page.accept(f"Change to {CT_CONTRAST}")
    assert page.study == CT_CONTRAST
    assert page.cards() == []


def test_an_emergency_becomes_stat(entry: Entry) -> None:
    page = entry("saddle-numbness")
    page.try_order(MRI)
    assert page.cards() == ["make-it-stat"]
    button = page.card("make-it-stat").locator("[data-suggestion]")
    page.accept(button.inner_text())
    expect(page.page.get_by_label("Priority")).to_have_value("stat")
    assert page.study == MRI
    assert page.cards() == []


def test_imaging_of_uncomplicated_pain_is_removed(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    assert page.cards() == ["imaging-not-needed"]
    page.accept(page.card("imaging-not-needed").locator("[data-suggestion]").inner_text())
    assert "The order was removed" in page.state
    assert page.study == ""
    expect(page.page.get_by_role("button", name="Sign order")).to_be_disabled()


def test_an_override_with_a_reason_arrives_in_the_journal(entry: Entry, service: Running) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    card = page.card("hold-mri-device")
    before = len(outcomes(service, "hold-mri-device"))
    card.get_by_role("button", name="Override…").click()
    reasons = card.get_by_role("radio")
    assert reasons.count() >= 3
    reasons.first.check()
    card.get_by_role("button", name="Override", exact=True).click()
    expect(page.advice).to_contain_text("Overridden")
    expect(page.advice).to_contain_text("Feedback was sent")
    (answer,) = outcomes(service, "hold-mri-device", after=before)[before:]
    assert answer["outcome"] == "overridden"
    assert answer["reason_code"] == "device-cleared"


def test_feedback_that_is_not_stored_is_told(entry: Entry) -> None:
    page = entry("pacemaker")
    page.page.route("**/feedback", lambda route: route.fulfill(status=503, json={}))
    page.try_order(MRI)
    card = page.page.locator("#cards .card")
    card.get_by_role("button", name="Override…").click()
    card.get_by_label("Comment").fill("cleared by phone")
    card.get_by_role("button", name="Override", exact=True).click()
    expect(page.advice).to_contain_text("Feedback was not stored: HTTP 503")


def test_without_the_list_of_codes_words_can_still_be_recorded(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.page.route("**/demo/records/*", lambda route: route.fulfill(status=503))
    page.try_order(MRI)
    page.page.locator("#add-record-section summary").click()
    expect(page.page.get_by_placeholder("no codes could be loaded: use words")).to_be_visible()
    page.add("Problem", what="HIV infection")
    assert page.cards() == ["add-contrast"]


def recorded(page: OrderPage, key: str) -> dict[str, Any]:
    """Return the record added last, as the latest request prefetches it under `key`."""
    page.tab("Request")
    body = json.loads(page.page.locator("#request-body").inner_text())
    resource: dict[str, Any] = body["prefetch"][key]["entry"][-1]["resource"]
    return resource


def test_a_code_that_was_chosen_is_kept_while_its_words_stand(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    page.page.locator("#add-record-section summary").click()
    field = page.page.get_by_label("What, coded")
    expect(field).to_have_attribute("placeholder", "")
    field.fill("hiv")
    option = page.page.locator("#record-list [role=option]").first
    code = option.locator(".muted").inner_text().strip()
    option.click()
    field.click()  # the list opens again, and nothing else is chosen
    field.press("Escape")
    page.page.get_by_role("button", name="Add", exact=True).click()
    page.answered()
    assert recorded(page, "conditions")["code"]["coding"][0]["code"] == code
    page.add("Problem", what="hiv or another virus")
    assert "coding" not in recorded(page, "conditions")["code"]


def test_a_record_without_a_date_has_none(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    page.page.locator("#add-record-section summary").click()
    page.page.locator("#record-date").fill("")
    page.add("Problem", what="a thing of the past")
    assert "onsetDateTime" not in recorded(page, "conditions")


def test_signing_asks_once_more_and_the_signed_order_is_on_the_chart(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI_CONTRAST)
    page.page.get_by_role("button", name="Sign order").click()
    expect(page.page.locator("#advice-state")).to_contain_text("The order is signed")
    expect(page.page.locator("#chart")).to_contain_text(MRI_CONTRAST)
    page.tab("Request")
    body = json.loads(page.page.locator("#request-body").inner_text())
    assert body["hook"] == "order-sign"
    assert "selections" not in body["context"]


def test_an_order_with_advice_is_not_signed_without_a_word(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    page.page.get_by_role("button", name="Sign order").click()
    expect(page.page.locator("#advice-state")).to_contain_text("Not signed yet")
    assert page.cards() == ["hold-mri-device"]
    page.page.get_by_role("button", name="Sign as it is").click()
    expect(page.page.locator("#advice-state")).to_contain_text("The order is signed")


def test_every_order_to_try_gives_the_cards_it_says(entry: Entry) -> None:
    page = entry()
    wrong = []
    for patient in demo_patients().values():
        page.open_patient(patient.id)
        expect(page.page.locator("#patient-facts")).to_contain_text(patient.name)
        for place, order in enumerate(patient.orders):
            page.page.locator("#tries button").nth(place).click()
            if (cards := sorted(page.cards())) != sorted(order.cards):
                wrong.append((patient.id, order.procedure, cards, page.state))
    assert wrong == []


def test_a_temperature_added_to_the_chart_makes_a_card_fire_and_is_marked(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    page.add("Temperature", value="39.1")
    assert page.cards() == ["add-contrast"]
    record = page.page.locator("#chart li", has_text="39.1 °C")
    expect(record).to_contain_text("on a card: fever")
    record.get_by_role("button", name="Remove Body temperature").click()
    expect(record).to_have_count(0)
    assert page.cards() == ["imaging-not-needed"]


def test_a_device_added_to_the_chart_holds_the_mri_until_it_is_mr_conditional(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI_CONTRAST)
    page.add("Device", what="Cardiac pacemaker")
    assert page.cards() == ["hold-mri-device"]
    page.page.get_by_role("button", name="Remove Cardiac pacemaker").click()
    page.answered()
    page.add("Device", what="Cardiac pacemaker", mr="MR Conditional")
    assert page.cards() == ["mri-device-conditional"]


def test_a_value_that_is_no_number_is_refused_in_words(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.add("Temperature", value="hot")
    expect(page.page.locator("#record-problem")).to_have_text("The value must be a number.")


def test_the_reset_chart_is_as_it_was_written(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.add("Temperature", value="39.1")
    page.page.get_by_role("button", name="Reset the chart").click()
    expect(page.page.locator("#chart")).not_to_contain_text("39.1")


def test_words_of_the_reason_are_read(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    field = page.page.get_by_label("Reason in words")
    field.fill("back pain, new saddle anesthesia and urinary retention since yesterday")
    field.press("Enter")
    expect(page.card("make-it-stat")).to_be_visible()


def test_enter_in_a_field_asks_again_and_signs_nothing(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    for label in ("Study", "Reason", "Reason in words", "Order text"):
        field = page.page.get_by_label(label, exact=True)
        field.focus()
        field.press("Escape")
        field.press("Enter")
        page.answered()
    expect(page.page.locator("#order-status")).to_have_text("Draft")
    assert page.cards() == ["imaging-not-needed"]
    page.tab("Request")
    assert '"order-sign"' not in page.page.locator("#exchange").inner_text()


def test_what_was_typed_and_not_chosen_does_not_stand_as_ordered(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI)
    field = page.page.get_by_label("Study", exact=True)
    field.fill("ct")
    page.page.get_by_label("Priority").focus()
    assert page.study == MRI


def test_a_new_order_starts_empty(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI)
    page.page.get_by_role("button", name="New order").click()
    assert page.study == ""
    assert page.cards() == []
    assert "Choose a study" in page.state


def test_a_link_shows_the_same_again_and_holds_nothing_of_the_chart(
    entry: Entry, service: Running
) -> None:
    page = entry("saddle-numbness")
    page.try_order("Bone scan whole body")
    page.page.get_by_label("Priority").select_option("urgent")
    page.add("Problem", what="Secret diagnosis")
    page.page.get_by_label("Reason in words").fill("secret words")
    page.page.get_by_label("Reason in words").blur()
    page.answered()
    url = page.page.url
    assert parse_qs(urlsplit(url).query) == {
        "patient": ["saddle-numbness"],
        "order": ["bone-scan-whole-body"],
        "reason": ["snomed-ct 279039007"],
        "priority": ["urgent"],
    }
    again = entry("saddle-numbness", query=url.partition("patient=saddle-numbness")[2])
    assert again.study == "Bone scan whole body"
    expect(again.page.get_by_label("Priority")).to_have_value("urgent")
    assert again.cards() == ["make-it-stat", "mri-preferred"]


def test_a_link_with_unknown_ids_opens_the_first_patient_without_an_order(entry: Entry) -> None:
    page = entry("nobody", query="&order=nothing&priority=now&reason=none")
    assert page.study == ""
    expect(page.page.get_by_label("Patient", exact=True)).to_have_value("fever")


@pytest.mark.parametrize("status", [500, 401, 200])
def test_a_call_that_fails_is_never_shown_as_all_clear(entry: Entry, status: int) -> None:
    page = entry("fever")

    def broken(route: Route) -> None:
        text = (
            "<html>gateway</html>"
            if status == 200
            else json.dumps(
                {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "It broke."}}]}
            )
        )
        route.fulfill(status=status, body=text)

    page.page.route("**/cds-services/imaging-order-select", broken)
    page.try_order(MRI)
    assert "No answer: this order was not checked" in page.state
    assert "nothing to add" not in page.state
    assert page.cards() == []
    assert ("It broke." in page.state) == (status != 200)
    page.page.unroute("**/cds-services/imaging-order-select")
    page.page.get_by_role("button", name="Try again").click()
    expect(page.card("add-contrast")).to_be_visible()


def test_a_service_that_is_gone_is_told_and_signing_needs_a_second_decision(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI_CONTRAST)
    page.page.route("**/cds-services/imaging-order-sign", lambda route: route.abort())
    page.page.get_by_role("button", name="Sign order").click()
    expect(page.page.locator("#advice-state")).to_contain_text("No connection to the service")
    expect(page.page.locator("#order-status")).to_have_text("Draft")
    page.page.get_by_role("button", name="Sign without the check").click()
    expect(page.page.locator("#order-status")).to_have_text("Signed")


def test_while_an_answer_is_awaited_the_page_says_so_and_a_late_answer_is_dropped(
    entry: Entry,
) -> None:
    page = entry("fever")
    held: list[Route] = []
    page.page.route(
        "**/cds-services/imaging-order-select",
        lambda route: route.continue_() if held else held.append(route),
    )
    page.page.locator("#tries button").first.click()
    expect(page.advice).to_have_attribute("aria-busy", "true")
    expect(page.advice).to_contain_text("Asking the advisor…")
    page.page.locator("#tries button").nth(1).click()
    expect(page.card("mri-preferred")).to_be_visible()
    with page.page.expect_response("**/cds-services/imaging-order-select"):
        held[0].continue_()
    page.page.wait_for_timeout(200)
    assert page.cards() == ["mri-preferred"]


def test_a_chart_that_cannot_be_opened_is_told(entry: Entry) -> None:
    page = entry("fever")
    page.page.route("**/demo/charts/pacemaker", lambda route: route.fulfill(status=503))
    page.page.get_by_label("Patient", exact=True).select_option("pacemaker")
    expect(page.page.locator("#advice-state")).to_contain_text("could not be opened")
    expect(page.page.locator("#chart")).to_be_empty()
    expect(page.page.get_by_label("Study", exact=True)).to_be_disabled()
    page.page.unroute("**/demo/charts/pacemaker")
    page.page.get_by_role("button", name="Try again").click()
    expect(page.page.locator("#patient-facts")).to_contain_text("Test Patient Pacemaker")
    page.try_order(MRI)
    assert page.cards() == ["hold-mri-device"]


def test_a_page_that_cannot_start_says_so(service: Running, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/cds-services", lambda route: route.fulfill(status=503))
    page.goto(f"{service.url}/demo")
    expect(page.locator("#advice-state")).to_contain_text("HTTP 503")
    expect(page.locator("#advice-state")).not_to_contain_text("nothing to add")


def test_enter_on_a_list_that_was_only_opened_orders_nothing(entry: Entry) -> None:
    page = entry("fever")
    field = page.page.get_by_label("Study", exact=True)
    field.click()
    expect(page.page.locator("#procedure-list")).to_be_visible()
    field.press("Enter")
    expect(page.page.locator("#procedure-list")).to_be_hidden()
    assert page.study == ""
    expect(page.page.locator("#order-status")).to_have_text("No order")


def test_the_list_of_studies_stays_open_while_it_is_scrolled_with_the_mouse(entry: Entry) -> None:
    page = entry("fever")
    page.page.get_by_label("Study", exact=True).fill("mri")
    box = page.page.locator("#procedure-list").bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 2)
    page.page.mouse.down()
    page.page.mouse.up()
    expect(page.page.locator("#procedure-list")).to_be_visible()
    expect(page.page.get_by_label("Study", exact=True)).to_be_focused()


def test_a_click_on_the_study_offers_all_others_and_says_how_many_there_are(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI)
    field = page.page.get_by_label("Study", exact=True)
    field.click()
    options = page.page.locator('#procedure-list [role="option"]')
    expect(options).to_have_count(41)
    expect(options.last).to_contain_text("more: go on typing")
    page.page.keyboard.type("bone scan wh")
    page.page.keyboard.press("Enter")
    page.answered()
    assert page.study == "Bone scan whole body"


def test_the_words_of_an_order_do_not_hide_which_study_its_code_names(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order("MRI L-spine w/wo")
    assert page.cards() == ["order-contradicts-itself"]
    assert page.study == MRI
    expect(page.page.get_by_label("Order text")).to_have_value("MRI L-spine w/wo")


def test_a_record_that_a_card_only_asks_about_is_marked_as_an_open_question(entry: Entry) -> None:
    page = entry("removed-pacemaker")
    page.try_order("MRI hip without IV contrast")
    assert page.cards() == ["mri-device-question"]
    marked = page.page.locator("#chart .fired")
    expect(marked).to_have_count(2)
    expect(marked.first).to_contain_text("on a card: pacemaker, an open question")


def test_the_source_of_a_card_is_linked_once(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    told = page.page.locator("#cards .card a").all_inner_texts()
    assert len(told) == len(set(told)) == 2
