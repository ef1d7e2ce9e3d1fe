"""The order-entry page when things go wrong, are slow, or are done twice."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from cds_service.advisor import today
from cds_service.cli import example
from tests.browser.conftest import OpenPage, Running
from tests.browser.order_page import OrderPage, comes_about, says_for_a_moment

Entry = Callable[..., OrderPage]
MRI = "MRI lumbar spine without IV contrast"
CT_CONTRAST = "CT lumbar spine with IV contrast"
COPIES = ["clipboard-read", "clipboard-write"]


def calls_of(page: Page) -> list[str]:
    """Return a list that grows with each call of the services: the last part of its address."""
    made: list[str] = []
    page.on(
        "request",
        lambda sent: (
            made.append(sent.url.rpartition("/")[2]) if "/cds-services/" in sent.url else None
        ),
    )
    return made


def hold(page: Page, address: str) -> list[Route]:
    """Return a list that grows with each call of `address`; none goes on by itself."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Let the held call go on, once the browser has told of it."""
    assert comes_about(page, lambda: held)
    held[0].continue_()


def test_before_the_page_has_started_it_says_so_and_nothing_can_be_filled_in(
    service: Running, open_page: OpenPage
) -> None:
    page = open_page("about:blank")
    held = hold(page, "**/demo/catalogue/*")
    page.goto(f"{service.url}/demo?patient=pacemaker")
    expect(page.locator("#advice-state")).to_have_text("Starting…")
    expect(page.get_by_label("Patient", exact=True)).to_have_value("pacemaker")
    for label in ("Patient", "Study", "Reason in words"):
        expect(page.get_by_label(label, exact=True)).to_be_disabled()
    let_go(page, held)
    expect(page.locator("#patient-facts")).to_contain_text("Pacemaker")
    expect(page.get_by_label("Study", exact=True)).to_be_enabled()


def test_while_a_chart_is_opened_nothing_can_be_done_to_the_patient_before(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    held = hold(page.page, "**/demo/charts/fever")
    page.page.get_by_label("Patient", exact=True).select_option("fever")
    expect(page.page.locator("#advice-state")).to_have_text("Opening the chart…")
    expect(page.page.get_by_role("button", name="Sign order")).to_be_disabled()
    expect(page.page.locator("#tries button")).to_have_count(0)
    for part in ("#cards", "#chart-panel"):
        expect(page.page.locator(part)).to_have_js_property("inert", True)
    let_go(page.page, held)
    expect(page.page.locator("#patient-facts")).to_contain_text("Fever")
    expect(page.page.get_by_label("Study", exact=True)).to_be_enabled()
    assert "Choose a study" in page.state


def test_resetting_the_chart_does_not_lose_the_place_of_the_keyboard(entry: Entry) -> None:
    page = entry("pacemaker")
    page.page.get_by_role("button", name="Reset the chart").press("Enter")
    expect(page.page.locator("#chart-note")).to_have_text("As it was written.")
    expect(page.page.locator("#chart-panel")).to_be_focused()


def test_without_scripts_the_page_says_what_it_needs_and_shows_nothing_dead(
    service: Running, open_page: OpenPage
) -> None:
    page = open_page(f"{service.url}/demo", java_script_enabled=False)
    expect(page.locator("noscript .notice")).to_contain_text("needs JavaScript")
    assert page.locator("input:visible, select:visible, button:visible").count() == 0


def test_a_card_that_is_accepted_twice_is_accepted_once(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    made = calls_of(page.page)
    button = page.page.locator("#cards [data-suggestion]")
    button.evaluate("each => { each.click(); each.click(); each.click(); }")
    expect(page.page.locator("#done")).to_contain_text("Feedback was sent")
    page.answered()
    assert sorted(made) == ["feedback", "imaging-order-select"]
    assert page.study == CT_CONTRAST


def test_an_order_that_is_signed_twice_is_checked_and_signed_once(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(CT_CONTRAST)
    made = calls_of(page.page)
    page.page.locator("#sign").evaluate("each => { each.click(); each.click(); }")
    expect(page.page.locator("#order-status")).to_have_text("Signed")
    assert made == ["imaging-order-sign"]
    expect(page.page.locator("#chart", has_text=CT_CONTRAST)).to_be_visible()


def test_an_order_that_was_not_signed_can_be_signed_after_another_look(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    for _ in range(2):
        page.page.get_by_role("button", name="Sign order").click()
        expect(page.page.locator("#advice-state")).to_contain_text("Not signed yet")


def test_signing_is_about_the_order_in_the_form_and_never_about_a_pasted_request(
    entry: Entry,
) -> None:
    page = entry("fever")
    page.try_order("MRI lumbar spine without and with IV contrast")
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill(
        json.dumps(example.request("pacemaker", today()))
    )
    page.page.get_by_role("button", name="Send").click()
    page.answered()
    assert page.cards() == ["hold-mri-device"]
    page.page.get_by_role("button", name="Sign order").click()
    expect(page.page.locator("#order-status")).to_have_text("Signed")
    page.tab("Request")
    body = json.loads(page.page.locator("#request-body").inner_text())
    assert body["hook"] == "order-sign"
    assert body["context"]["patientId"] == "fever"


def test_nothing_of_the_chart_stays_marked_when_the_order_was_not_checked(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    expect(page.page.locator("#chart .fired")).to_have_count(1)
    page.page.route("**/cds-services/imaging-order-select", lambda route: route.abort())
    page.page.get_by_label("Priority").select_option("urgent")
    page.answered()
    expect(page.page.locator("#chart .fired")).to_have_count(0)


def test_trying_again_does_not_lose_the_place_of_the_keyboard(entry: Entry) -> None:
    page = entry("fever")
    page.page.route("**/cds-services/imaging-order-select", lambda route: route.abort())
    page.try_order(MRI)
    page.page.unroute("**/cds-services/imaging-order-select")
    page.page.get_by_role("button", name="Try again").press("Enter")
    expect(page.card("add-contrast")).to_be_visible()
    expect(page.advice).to_be_focused()


SLOW_SERVER = """async () => {
  const { state } = await import(document.querySelector('script[type="module"]').src.replace("main.js", "state.js"));
  const chart = async (id) => [{ resourceType: "Patient", id }];
  state.server = { access: () => ({}), chart, put: () => new Promise((done, failed) => Object.assign(window, { done, failed })) };
}"""  # noqa: E501


def test_what_is_written_late_does_not_come_into_the_chart_of_another_patient(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.page.evaluate(SLOW_SERVER)
    for ends, says in (
        ("done()", ""),
        ("failed(new Error('The server is gone.'))", "The chart of"),
    ):
        page.open_patient("uncomplicated")
        page.page.locator("#add-record-section").evaluate("section => { section.open = true; }")
        page.page.get_by_label("What kind").select_option(label="Temperature")
        page.page.get_by_role("button", name="Add", exact=True).click()
        page.open_patient("fever")
        page.page.evaluate(ends)
        expect(page.page.locator("#chart-panel")).to_have_attribute("aria-busy", "false")
        expect(page.page.locator("#chart")).not_to_contain_text("Body temperature")
        expect(page.page.locator("#chart-note")).to_have_text("")
        expect(page.page.locator("#record-problem")).to_contain_text(says)


def test_late_feedback_says_nothing_about_another_patient(entry: Entry) -> None:
    page = entry("pacemaker")
    held = hold(page.page, "**/feedback")
    page.try_order(MRI)
    page.advice.get_by_role("button", name=f"Change to {CT_CONTRAST}").click()
    expect(page.page.locator("#done")).to_contain_text("Sending feedback…")
    page.page.get_by_label("Patient", exact=True).select_option("fever")
    expect(page.page.locator("#patient-facts")).to_contain_text("Fever")
    with page.page.expect_response("**/feedback"):
        let_go(page.page, held)
    page.page.wait_for_timeout(200)
    expect(page.page.locator("#done")).to_be_empty()


def test_late_feedback_calls_nobody_back_from_what_they_write(entry: Entry) -> None:
    page = entry("pacemaker")
    held = hold(page.page, "**/feedback")
    page.try_order(MRI)
    card = page.card("hold-mri-device")
    card.get_by_role("button", name="Override…").click()
    card.get_by_role("button", name="Override", exact=True).click()
    expect(card).to_contain_text("Sending feedback…")
    words = page.page.get_by_label("Reason in words")
    words.focus()
    let_go(page.page, held)
    expect(card).to_contain_text("Feedback was sent")
    expect(words).to_be_focused()


def test_going_back_leads_to_the_patient_and_order_before(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    page.page.get_by_label("Patient", exact=True).select_option("fever")
    expect(page.page.locator("#patient-facts")).to_contain_text("Fever")
    page.page.go_back()
    expect(page.page.locator("#patient-facts")).to_contain_text("Pacemaker")
    expect(page.card("hold-mri-device")).to_be_visible()
    assert page.study == MRI


def test_a_copy_that_is_made_twice_does_not_leave_its_word_on_the_button(entry: Entry) -> None:
    page = entry("fever", permissions=COPIES)
    button = page.page.locator("#copy-link")
    says = says_for_a_moment(button)
    button.click()
    assert says("Copied")
    button.click()
    expect(button).to_have_text("Copy a link to this view")


def test_who_copies_a_link_is_told_what_is_not_in_it(entry: Entry) -> None:
    page = entry("uncomplicated", permissions=COPIES)
    page.try_order(MRI)
    page.add("Temperature", value="39.1")
    page.page.get_by_label("Reason in words").fill("fever at night")
    button = page.page.locator("#copy-link")
    says = says_for_a_moment(button)
    button.click()
    assert says("Copied, without words, changes of the chart")
    assert "night" not in page.page.evaluate("navigator.clipboard.readText()")


def test_what_is_no_request_takes_the_remarks_of_the_last_one_away(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI)
    expect(page.page.locator("#remarks")).not_to_be_empty()
    page.tab("Paste a request")
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("#paste-problem")).to_contain_text("paste a request")
    expect(page.page.locator("#remarks")).to_be_empty()
    expect(page.page.get_by_label("A request as your EHR sends it")).to_be_focused()


def test_a_pasted_request_without_its_instance_is_not_mended_on_the_way(entry: Entry) -> None:
    page = entry("fever")
    body = example.request("pacemaker", today())
    del body["hookInstance"]
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill(json.dumps(body))
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("#remarks")).to_contain_text("hookInstance")
    page.tab("Request")
    assert "hookInstance" not in json.loads(page.page.locator("#request-body").inner_text())


def test_a_request_of_millions_of_characters_is_shown_in_part_and_copied_whole(
    entry: Entry,
) -> None:
    page = entry("fever", permissions=COPIES)
    body = example.request("pacemaker", today())
    conditions = body["prefetch"]["conditions"]["entry"]
    conditions += [
        {"resource": {**conditions[0]["resource"], "id": f"more-{number}"}}
        for number in range(5000)
    ]
    page.tab("Paste a request")
    page.page.evaluate(
        "text => { document.getElementById('paste').value = text; }", json.dumps(body)
    )
    page.page.get_by_role("button", name="Send").click()
    page.answered()
    page.tab("Request")
    shown = page.page.locator("#request-body").inner_text()
    assert len(shown) < 310_000
    assert "These are the first 300,000 of" in shown
    says = says_for_a_moment(page.page.locator("#copy-curl"))
    page.page.get_by_role("button", name="Copy as curl").click()
    assert says("Copied")
    assert "more-4999" in page.page.evaluate("navigator.clipboard.readText()")
