"""Text that wants to be more than text, from a chart, an order and a card, stays text."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from cds_service.advisor import today
from cds_service.cli import example
from tests.browser.order_page import OrderPage

Entry = Callable[..., OrderPage]
MRI = "MRI lumbar spine without IV contrast"
IMAGE = (
    "Fever <img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
)
LINK = "Fever [click](javascript:document.title='taken') <a href=\"javascript:alert(1)\">x</a>"


def untouched(page: Page) -> None:
    """Hold that nothing ran, nothing was made into an element, and no link leads to a script."""
    page.wait_for_timeout(200)
    assert page.title().startswith("Order entry")
    assert page.locator("main img, main script, main iframe").count() == 0
    assert page.locator('a[href^="javascript" i], a[href^="data" i]').count() == 0


def test_hostile_records_of_the_chart_are_shown_as_text(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    page.add("Problem", what=IMAGE)
    page.add("Problem", what=LINK)
    page.add("Device", what=f"Cardiac pacemaker {IMAGE}")
    assert page.cards() == ["hold-mri-device"]
    expect(page.page.locator("#chart")).to_contain_text("<img src=x onerror=")
    expect(page.page.locator("#why .trace")).to_be_visible()
    untouched(page.page)


def test_a_hostile_reason_and_order_text_are_shown_as_text(entry: Entry) -> None:
    page = entry("fever")
    page.try_order(MRI)
    for label in ("Reason in words", "Order text"):
        field = page.page.get_by_label(label)
        field.fill(f"{IMAGE} {LINK}")
        field.blur()
        page.answered()
    untouched(page.page)


def test_a_hostile_request_that_is_pasted_is_shown_as_text(entry: Entry) -> None:
    page = entry("uncomplicated")
    body = example.request("pacemaker", today())
    for entry_ in body["prefetch"]["conditions"]["entry"]:
        entry_["resource"]["code"]["text"] = IMAGE
    body["context"]["draftOrders"]["entry"][0]["resource"]["code"]["text"] = LINK
    body["prefetch"][IMAGE] = None
    page.tab("Paste a request")
    page.page.get_by_label("A request as your EHR sends it").fill(json.dumps(body))
    page.page.get_by_role("button", name="Send").click()
    page.answered()
    expect(page.page.locator("#remarks")).to_contain_text("the key is none of ours")
    untouched(page.page)


def test_a_hostile_card_is_shown_as_text_and_its_web_links_only_are_links(entry: Entry) -> None:
    page = entry("fever")
    card = {
        "uuid": "3f0a9d5e-0000-4000-8000-000000000001",
        "summary": IMAGE,
        "indicator": "warning",
        "detail": f"**Bold** {IMAGE}\n\n{LINK}\n\n[good](https://example.org/)\n\n"
        "![image](https://example.org/x.png)\n\n<javascript:alert(1)>\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "source": {"label": IMAGE, "url": "javascript:alert(1)"},
        "links": [
            {"label": LINK, "url": " javascript:alert(1)", "type": "absolute"},
            {"label": "data", "url": "data:text/html,x", "type": "absolute"},
        ],
        "suggestions": [{"label": IMAGE, "uuid": "x", "actions": []}],
        "overrideReasons": [{"code": "x", "display": IMAGE}],
    }

    def answer(route: Route) -> None:
        route.fulfill(json={"cards": [card]})

    page.page.route("**/cds-services/imaging-order-select", answer)
    page.try_order(MRI)
    shown = page.page.locator("#cards .card")
    expect(shown).to_have_count(1)
    expect(shown.locator("strong")).to_have_text(["Bold"])
    expect(shown.locator("table")).to_have_count(1)
    links = [each.get_attribute("href") for each in shown.locator("a").all()]
    assert links == ["https://example.org/", "https://example.org/x.png"]
    untouched(page.page)
