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
from playwright.sync_api import Page, expect

from cds_service.journal.insights.view import View
from cds_service.journal.store import JournalStore
from tests.browser.conftest import ROOT, OpenPage, Running, environment
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
        timeout=120,
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
    for _ in range(100):  # the policy of the page keeps the browser from waiting by a script
        if page.evaluate(colour) != before:
            return
        page.wait_for_timeout(50)
    pytest.fail("the charts kept their colours")


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
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(f"{filled[0].url}/insights?days=90&step=day", wait_until="networkidle")
    assert len(sizes) >= 5
    assert sum(sizes) < LARGEST_PAGE


def test_a_person_signs_in_with_a_password(tmp_path: Path, open_page: OpenPage) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "cds_service.cli", "insights", "password", "ann"],
        env=environment(),
        input="correct horse battery\ncorrect horse battery\n",
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
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
