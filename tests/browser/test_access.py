"""The order-entry page for everyone: screen readers, keyboards, narrow panes, large text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import issues
from tests.browser.order_page import OrderPage

Entry = Callable[..., OrderPage]
MRI = "MRI lumbar spine without IV contrast"
WIDTHS = (400, 1024, 1440)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_issue_at_any_width_in_light_and_dark(
    entry: Entry, width: int, scheme: str
) -> None:
    page = entry("pacemaker", width=width, scheme=scheme)
    assert issues(page.page) == []
    page.try_order(MRI)
    expect(page.page.locator("#why .trace")).to_be_visible()
    page.card("hold-mri-device").get_by_role("button", name="Override…").click()
    page.page.locator("#add-record-section summary").click()
    page.page.evaluate("document.querySelectorAll('#why details').forEach(d => (d.open = true))")
    assert issues(page.page) == []
    for tab in ("Request", "Response", "Paste a request"):
        page.tab(tab)
        assert issues(page.page) == []


def test_axe_finds_no_issue_while_a_list_is_open(entry: Entry) -> None:
    page = entry("fever")
    page.page.get_by_label("Study", exact=True).fill("mri l")
    page.page.get_by_label("Study", exact=True).press("ArrowDown")
    assert issues(page.page) == []


def test_axe_finds_no_issue_where_a_call_failed(entry: Entry) -> None:
    page = entry("fever")
    page.page.route("**/cds-services/*", lambda route: route.abort())
    page.try_order(MRI)
    assert issues(page.page) == []


@pytest.mark.parametrize("width", [320, *WIDTHS])
def test_nothing_is_cut_off_at_the_side(entry: Entry, width: int) -> None:
    page = entry("pacemaker", width=width)
    page.try_order(MRI)
    expect(page.page.locator("#why .trace")).to_be_visible()
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_at_twice_the_size_the_page_still_fits_and_works(entry: Entry) -> None:
    # 200 % zoom of a window of 1280 pixels leaves 640 (WCAG 2.2, 1.4.4 and 1.4.10)
    page = entry("pacemaker", width=640, height=450, device_scale_factor=2)
    page.try_order(MRI)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 640
    page.accept("Change to CT lumbar spine with IV contrast")
    assert page.cards() == []


def test_the_text_set_twice_as_large_does_not_break_the_page(entry: Entry) -> None:
    page = entry("pacemaker", width=1280)
    page.page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.try_order(MRI)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_whole_walk_by_keyboard_alone(entry: Entry) -> None:
    page = entry("fever")
    keys = page.page.keyboard
    keys.press("Tab")
    expect(page.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    study = page.page.get_by_label("Study", exact=True)
    for _ in range(12):
        keys.press("Tab")
        if study.evaluate("each => each === document.activeElement"):
            break
    expect(study).to_be_focused()
    keys.type("mri l")
    expect(study).to_have_attribute("aria-expanded", "true")
    keys.press("ArrowDown")
    first = page.page.locator('#procedure-list [role="option"]').first
    expect(first).to_have_attribute("aria-selected", "true")
    assert study.get_attribute("aria-activedescendant") == first.get_attribute("id")
    for _ in range(20):
        if page.page.locator('[role="option"][aria-selected="true"]').inner_text() == MRI:
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    page.answered()
    assert page.study == MRI
    assert page.cards() == ["add-contrast"]
    accept = page.card("add-contrast").locator("[data-suggestion]").first
    for _ in range(20):
        keys.press("Tab")
        if accept.evaluate("each => each === document.activeElement"):
            break
    expect(accept).to_be_focused()
    keys.press("Enter")
    expect(page.page.locator("#done")).to_contain_text("done.")
    expect(page.advice).to_be_focused()
    assert page.cards() == []


def test_a_list_closes_on_escape_and_the_field_keeps_the_focus(entry: Entry) -> None:
    page = entry("fever")
    study = page.page.get_by_label("Study", exact=True)
    study.fill("ct")
    expect(page.page.locator("#procedure-list")).to_be_visible()
    study.press("Escape")
    expect(page.page.locator("#procedure-list")).to_be_hidden()
    expect(study).to_be_focused()


def test_tabs_are_moved_through_with_the_arrow_keys(entry: Entry) -> None:
    page = entry("fever")
    page.page.get_by_role("tab", name="Why").focus()
    page.page.keyboard.press("ArrowRight")
    expect(page.page.get_by_role("tab", name="Request", exact=True)).to_be_focused()
    expect(page.page.locator("#panel-request")).to_be_visible()
    page.page.keyboard.press("End")
    expect(page.page.locator("#panel-paste")).to_be_visible()


def test_what_came_is_announced(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    expect(page.page.get_by_role("status")).to_have_text("One card: 1 critical.")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mri l", MRI),
        ("lumbar mri", MRI),
        ("l-spine mr", MRI),
        ("bone scan", "Bone scan whole body"),
        ("ctpa", "CT of the pulmonary arteries for embolism"),
    ],
)
def test_a_study_is_found_by_the_beginnings_of_its_words(
    entry: Entry, typed: str, found: str
) -> None:
    page = entry("fever")
    page.page.get_by_label("Study", exact=True).fill(typed)
    expect(page.page.get_by_role("option", name=found, exact=True)).to_be_visible()


def test_what_is_not_found_is_said(entry: Entry) -> None:
    page = entry("fever")
    page.page.get_by_label("Study", exact=True).fill("zzz")
    expect(page.page.get_by_role("option", name="Nothing found")).to_be_visible()


@pytest.mark.parametrize("width", [400, 1024])
def test_advice_out_of_sight_is_told_at_the_edge_of_the_window_and_led_to(
    entry: Entry, width: int
) -> None:
    page = entry("pacemaker", width=width, height=600)
    glance = page.page.locator("#glance")
    expect(glance).to_be_hidden()
    page.try_order(MRI)
    page.page.locator("#wire").scroll_into_view_if_needed()
    page.page.locator("#why .trace").evaluate("each => each.scrollIntoView()")
    expect(glance).to_be_visible()
    expect(glance).to_have_text("Advice: One card: 1 critical. ↕")
    glance.click()
    expect(page.advice).to_be_focused()
    expect(page.card("hold-mri-device")).to_be_in_viewport()
    expect(glance).to_be_hidden()


def test_text_that_runs_from_right_to_left_does_so(entry: Entry) -> None:
    page = entry("uncomplicated")
    page.add("Problem", what="ألم أسفل الظهر")
    label = page.page.locator(".record-label", has_text="ألم")
    assert label.evaluate("each => getComputedStyle(each).direction") == "rtl"
    page.page.get_by_label("Reason in words").fill("ألم أسفل الظهر")
    words = page.page.get_by_label("Reason in words")
    assert words.evaluate("each => getComputedStyle(each).direction") == "rtl"


def test_chart_text_without_end_and_without_blanks_does_not_break_the_page(entry: Entry) -> None:
    page = entry("uncomplicated", width=400)
    page.try_order(MRI)
    page.add("Device", what="Cardiac pacemaker " + "Longmodelname" * 40)
    assert "hold-mri-device" in page.cards()
    expect(page.page.locator("#why .trace")).to_be_visible()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 400


def test_what_is_chosen_and_what_fired_is_seen_in_forced_colours(entry: Entry) -> None:
    page = entry("pacemaker", forced_colors="active")
    page.try_order(MRI)
    border = "each => getComputedStyle(each).borderLeftColor"
    fired = page.page.locator("#chart .fired").first.evaluate(border)
    assert fired != page.page.locator("#chart li:not(.fired)").first.evaluate(border)
    page.page.get_by_label("Study", exact=True).fill("mri l")
    page.page.keyboard.press("ArrowDown")
    ground = "each => getComputedStyle(each).backgroundColor"
    options = page.page.locator('#procedure-list [role="option"]')
    assert options.nth(0).evaluate(ground) != options.nth(1).evaluate(ground)


def test_every_button_to_remove_a_record_says_which(entry: Entry) -> None:
    page = entry("pacemaker")
    labels = page.page.locator("#chart button").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert len(labels) == len(set(labels))


def test_on_paper_the_page_is_dark_on_white_without_what_can_be_pressed(entry: Entry) -> None:
    page = entry("pacemaker", scheme="dark")
    page.try_order(MRI)
    page.page.emulate_media(media="print")
    text = page.page.locator("#cards h3").evaluate("each => getComputedStyle(each).color")
    assert text == "rgb(23, 33, 43)"
    expect(page.page.get_by_role("button", name="Sign order")).to_be_hidden()
    offered = page.page.locator("#cards", has_text="Change to CT lumbar spine with IV contrast")
    expect(offered).to_be_visible()
