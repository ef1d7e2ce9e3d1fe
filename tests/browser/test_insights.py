"""The insights in a real browser: figures, filters, files, and nobody left out."""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from cds_service.journal.insights.view import View
from cds_service.journal.store import JournalStore
from tests.browser.conftest import ROOT, OpenPage, Running, environment
from tests.browser.order_page import comes_about
from tests.journal.servers import free_port

CALLS = 200
DAYS = 28
SERIOUS = frozenset({"serious", "critical"})
LARGEST_PAGE = 400_000


def seed(directory: Path) -> str:
    """Fill a journal in `directory`, and return its URL."""
    file = directory / "journal.sqlite3"
    subprocess.run(
        [
            *(sys.executable, "-m", "cds_service.cli", "insights", "seed", "--into", str(file)),
            *("--calls", str(CALLS), "--days", str(DAYS)),
        ],
        env=environment(),
        check=True,
        capture_output=True,
        timeout=300,
        cwd=ROOT,
    )
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, JournalStore]]:
    directory = tmp_path_factory.mktemp("insights")
    url = seed(directory)
    running = Running(directory, CDS_JOURNAL_URL=url)
    store = JournalStore(url)
    yield running, store
    store.close()
    running.stop()


@pytest.fixture
def insights(filled: tuple[Running, JournalStore], open_page: OpenPage) -> Callable[..., Page]:
    def opened(query: str = "", **window: Any) -> Page:
        page = open_page(f"{filled[0].url}/insights{query}", **window)
        page.wait_for_selector("html[data-charts]")
        return page

    return opened


def figure(page: Page, label: str) -> str:
    tile = page.locator(".tiles > div").filter(has=page.get_by_text(label, exact=True))
    return tile.locator(".big").inner_text()


def test_the_page_shows_the_figures_of_two_hundred_calls(
    insights: Callable[..., Page], filled: tuple[Running, JournalStore]
) -> None:
    page = insights()
    today = datetime.now(UTC).date()
    found = filled[1].insights(View(first=today - timedelta(days=29), last=today))
    cards = sum(each.number for each in found.cards)
    accepted = sum(each.number for each in found.cards if each.outcome == "accepted")
    assert figure(page, "Calls with an imaging order") == str(CALLS)
    assert figure(page, "Imaging orders checked") == str(found.number_of_orders)
    assert figure(page, "Cards shown") == str(cards)
    assert figure(page, "Cards accepted") == str(accepted)
    expect(page.locator("#loudest tbody tr").first).to_contain_text("Imaging without a red flag")


def test_each_chart_is_drawn_and_told_in_words(insights: Callable[..., Page]) -> None:
    page = insights()
    charts = page.locator("canvas[role=img]")
    assert charts.count() == page.locator("[data-chart]").count() == 13
    for number in range(charts.count()):
        canvas = charts.nth(number)
        assert (canvas.get_attribute("aria-label") or "").startswith("Chart: ")
        drawn = canvas.evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
        )
        assert drawn


def test_a_chart_is_drawn_from_the_table_beside_it(insights: Callable[..., Page]) -> None:
    page = insights()
    drawn = page.evaluate(
        "Chart.getChart(document.querySelector('#outcomes canvas')).data.datasets.map(d => d.data)"
    )
    for column, numbers in enumerate(drawn):
        cells = page.locator(f"#outcomes-table tbody tr td:nth-child({column + 3})")
        told = cells.evaluate_all("all => all.map(cell => Number(cell.dataset.value))")
        assert numbers == told
        assert sum(told) > 0


def test_charts_differ_by_more_than_colour(insights: Callable[..., Page]) -> None:
    page = insights()
    lines = page.evaluate(
        "Chart.getChart(document.querySelector('#latency canvas')).data.datasets"
        ".map(d => [d.borderDash.join(), d.pointStyle])"
    )
    assert len({tuple(line) for line in lines}) == len(lines) == 3
    fills = page.evaluate(
        "Chart.getChart(document.querySelector('#by-rule canvas')).data.datasets"
        ".map(d => d.backgroundColor instanceof CanvasPattern)"
    )
    assert fills == [True, True, True]


def test_filters_work(insights: Callable[..., Page]) -> None:
    page = insights()
    numbers = []
    for client in ("synthetic-hospital", "synthetic-clinic"):
        page.get_by_label("Client", exact=True).select_option(client)
        page.get_by_role("button", name="Show").click()
        page.wait_for_url(f"**client={client}*")
        numbers.append(int(figure(page, "Calls with an imaging order")))
        assert page.get_by_label("Client", exact=True).input_value() == client
    assert sum(numbers) == CALLS
    assert min(numbers) > 0
    page.get_by_role("link", name="Last 7 days").click()
    page.wait_for_url("**days=7*")
    assert page.get_by_label("Client", exact=True).input_value() == "synthetic-clinic"
    assert 0 < int(figure(page, "Calls with an imaging order")) < numbers[1]
    expect(page.get_by_role("link", name="Last 7 days")).to_have_attribute("aria-current", "true")


def test_a_file_that_is_downloaded_equals_its_table(insights: Callable[..., Page]) -> None:
    page = insights("?days=30&client=synthetic-hospital")
    for name in ("outcomes", "loudest", "by-procedure"):
        with page.expect_download() as waited:
            page.locator(f"#{name} a[download]").click()
        assert waited.value.suggested_filename.startswith(f"insights-{name}-20")
        assert waited.value.suggested_filename.endswith("-synthetic-hospital.csv")
        with Path(waited.value.path()).open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file))
        column = next(place for place, key in enumerate(header) if key == "cards")
        heads = page.locator(f"#{name}-table thead th")
        keys = heads.evaluate_all("all => all.map(head => head.dataset.key)")
        cells = page.locator(f"#{name}-table tbody tr > :nth-child({keys.index('cards') + 1})")
        shown = cells.evaluate_all("all => all.map(cell => cell.dataset.value)")
        assert [row[column] for row in rows] == shown
        assert shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1024, 1440])
def test_axe_finds_nothing_serious(insights: Callable[..., Page], width: int, scheme: str) -> None:
    page = insights("?days=30", width=width, scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("each => { each.open = true }")
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in SERIOUS] == []
    widths = page.evaluate("[document.body.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1], "the page scrolls sideways"


@pytest.mark.parametrize("width", [320, 400, 1024, 1200, 1440])
def test_no_figure_runs_out_of_its_tile(insights: Callable[..., Page], width: int) -> None:
    page = insights("?days=30", width=width)
    tiles = page.locator(".tiles > div")
    wide = tiles.evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    )
    assert wide == []


def test_at_twice_the_text_size_nothing_is_cut_off(insights: Callable[..., Page]) -> None:
    page = insights("?days=30", width=800)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    widths = page.evaluate("[document.body.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]


def test_the_charts_follow_a_change_to_dark(insights: Callable[..., Page]) -> None:
    page = insights()
    colour = (
        "Chart.getChart(document.querySelector('#latency canvas')).data.datasets[0].borderColor"
    )
    before = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert comes_about(page, lambda: page.evaluate(colour) != before), "they kept their colours"


def test_everything_can_be_reached_with_the_keyboard(insights: Callable[..., Page]) -> None:
    page = insights()
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => e.id || e.getAttribute('aria-label') || e.textContent.trim())"
                "(document.activeElement)"
            )
        )
    assert {"from", "to", "step", "client", "hook", "Show"} <= reached
    assert "Loudest rules, table" in reached
    assert "CSV: Loudest rules" in reached
    assert "The figures as a table" in reached


def test_without_scripts_the_tables_are_there(
    filled: tuple[Running, JournalStore], open_page: OpenPage
) -> None:
    page = open_page(f"{filled[0].url}/insights", java_script_enabled=False)
    assert page.locator("#by-rule-table tbody tr").count() > 3
    assert page.locator("[data-chart]").first.is_hidden()


def test_the_page_weighs_little(filled: tuple[Running, JournalStore], open_page: OpenPage) -> None:
    page = open_page("about:blank")
    loaded: list[Request] = []

    def keep(request: Request) -> None:
        loaded.append(request)

    page.on("requestfinished", keep)
    page.goto(f"{filled[0].url}/insights?days=90&step=day", wait_until="networkidle")
    assert len(loaded) >= 5
    assert sum(request.sizes()["responseBodySize"] for request in loaded) < LARGEST_PAGE


def test_a_dark_page_is_printed_in_the_colours_of_paper(insights: Callable[..., Page]) -> None:
    page = insights(scheme="dark")
    colour = "Chart.getChart(document.querySelector('#calls canvas')).data.datasets[0].borderColor"
    dark = page.evaluate(colour)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(colour) != dark
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(colour) == dark


def test_a_view_that_is_being_counted_says_so_and_coming_back_to_it_does_not(
    insights: Callable[..., Page],
) -> None:
    page = insights()
    # the browser stays here, as it does until the answer comes
    page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    link = page.locator(".presets a").last
    link.click()
    expect(link).to_have_text("Counting…")
    expect(page.get_by_role("status")).to_have_text("Counting…")
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    expect(link).to_have_text("Last 365 days")
    expect(page.get_by_role("status")).to_be_empty()


def test_a_year_is_shown_by_week(insights: Callable[..., Page]) -> None:
    page = insights()
    page.get_by_role("link", name="Last 365 days").click()
    page.wait_for_url("**days=365*")
    expect(page.get_by_role("link", name="Last 365 days")).to_have_attribute("aria-current", "true")
    expect(page.get_by_label("Steps")).to_have_value("week")


def test_a_bar_tells_out_of_how_many_orders_it_is(insights: Callable[..., Page]) -> None:
    page = insights()
    drawn = page.evaluate(
        "Chart.getChart(document.querySelector('#by-procedure canvas')).options.plugins.sums.counts"
    )
    cells = page.locator("#by-procedure-table tbody tr td:nth-child(2)")
    told = cells.evaluate_all("all => all.map(cell => Number(cell.dataset.value))")
    assert list(drawn) == told[: len(drawn)]
    expect(page.locator("#by-procedure .says")).to_contain_text("orders)")


def test_bars_that_are_not_drawn_are_told_of(insights: Callable[..., Page]) -> None:
    page = insights()
    expect(page.locator("#by-rule .left-out")).to_have_count(0)
    page.evaluate("""() => {
      const body = document.querySelector("#by-rule-table tbody");
      while (body.rows.length < 20) body.append(body.rows[0].cloneNode(true));
      dispatchEvent(new Event("beforeprint")); // draws anew
      dispatchEvent(new Event("afterprint"));
    }""")
    expect(page.locator("#by-rule .left-out")).to_have_text(
        "Drawn are the first 12 of 20. The table has all."
    )


def test_in_a_side_panel_the_loudest_rules_are_read_without_scrolling_sideways(
    insights: Callable[..., Page],
) -> None:
    page = insights(width=400)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader")).first
    expect(row).to_be_visible()
    box = page.locator("#loudest .scroll")
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    before = page.locator("#loudest-table tbody td").first.evaluate(
        "each => getComputedStyle(each, '::before').content"
    )
    assert "Worth a look" in before


def test_a_period_that_makes_no_sense_is_told_with_a_way_out(
    filled: tuple[Running, JournalStore], open_page: OpenPage
) -> None:
    page = open_page(f"{filled[0].url}/insights?from=2026-11-20&to=2026-11-01")
    expect(page.get_by_role("heading", name="This period cannot be shown")).to_be_visible()
    page.get_by_role("link", name="Show the last 30 days").click()
    expect(page.get_by_role("heading", name="At a glance")).to_be_visible()


def test_a_person_signs_in_with_a_password(tmp_path: Path, open_page: OpenPage) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "cds_service.cli", "insights", "password", "ann"],
        env=environment(),
        input="correct horse battery\ncorrect horse battery\n",
        text=True,
        check=True,
        capture_output=True,
        timeout=120,
        cwd=ROOT,
    )
    (tmp_path / "users").write_text(made.stdout)
    port = str(free_port())
    running = Running(
        tmp_path / "journal",
        *("--port", port),
        CDS_INSIGHTS="users",
        CDS_INSIGHTS_USERS_FILE=str(tmp_path / "users"),
        CDS_BASE_URL=f"http://127.0.0.1:{port}",
    )
    try:
        refused = open_page("about:blank").request.get(f"{running.url}/insights")
        assert refused.status == 401
        page = open_page(
            f"{running.url}/insights",
            http_credentials={"username": "ann", "password": "correct horse battery"},
        )
        expect(page.get_by_role("heading", name="The journal is empty")).to_be_visible()
    finally:
        running.stop()
