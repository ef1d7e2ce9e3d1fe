"""What the page and its files show, and what they never show."""

import csv
import io
import re
import threading
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.events import ConsultedOrder, Feedback, ShownCard
from cds_service.journal.insights.rates import Rate
from cds_service.journal.insights.view import View
from cds_service.journal.journal import Journal
from cds_service.journal.store import JournalStore
from cds_service.web.insights.table import Column, Named, Table
from tests.journal.events import consultation
from tests.web.insights.conftest import TODAY, Open, fill

CANARY = "c0ffee" * 10 + "c0de"


class Grids(HTMLParser):
    """Collects what the cells of each table say to charts, by the table's id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._table = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = dict(attrs)
        if tag == "table":
            self._table = facts["id"].removesuffix("-table")
            self.found[self._table] = []
        elif tag == "tr" and self._table:
            self.found[self._table].append([])
        elif tag in ("td", "th") and "data-value" in facts:
            self.found[self._table][-1].append(facts["data-value"])


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_page_tells_the_figures_of_two_hundred_calls(site: Open, store: JournalStore):
    fill(store)
    found = store.insights(View(first=TODAY - timedelta(days=29), last=TODAY))
    cards = sum(each.number for each in found.cards)
    text = re.sub(r"\s+", " ", site().get("/insights").text)
    for label, number in (
        ("Calls with an imaging order", 200),
        ("Imaging orders checked", found.number_of_orders),
        ("Cards shown", cards),
        ("Cards per 100 orders", f"{100 * cards / found.number_of_orders:.1f}"),
    ):
        assert f'<dt>{label}</dt> <dd><span class="big">{number}</span>' in text


def test_every_file_holds_what_its_table_shows(site: Open, store: JournalStore):
    fill(store)
    client = site()
    grids = Grids(client.get("/insights?days=30&step=week").text).found
    assert len(grids) == 16
    for name, grid in grids.items():
        response = client.get(f"/insights/{name}.csv?days=30&step=week")
        header, *lines = rows(response.text)
        shown = [row for row in grid if row]
        # a rate's percents and an id have columns of their own in the file
        kept = [
            place
            for place, key in enumerate(header)
            if not re.search("_percent(_low|_high)?$", key) and f"{key}_title" not in header
        ]
        assert [[line[place] for place in kept] for line in lines] == shown, name


def test_a_shorter_week_at_the_end_is_not_told_as_the_quietest(site: Open, store: JournalStore):
    sunday = TODAY - timedelta(days=TODAY.weekday() + 1)
    first = sunday - timedelta(days=15)  # a Saturday: a week of two days, and two whole ones
    for days in (2, 9):
        noon = datetime.combine(first + timedelta(days=days), time(12), UTC)
        store.write([consultation(at=noon)])
    text = site().get(f"/insights?from={first}&to={sunday}&step=week").text
    assert f"fewest: 1 (week from {first + timedelta(days=2)})" in text


def calls(store: JournalStore, at: dict[datetime, int]) -> None:
    """Write so many calls at each instant."""
    for instant, number in at.items():
        store.write([consultation(at=instant) for _ in range(number)])


def test_days_before_the_first_call_are_not_told_as_the_quietest(site: Open, store: JournalStore):
    first, quiet, after = (
        datetime.combine(TODAY - timedelta(days=days), time(12), UTC) for days in (9, 8, 7)
    )
    calls(store, {first: 2, after: 3})
    text = (
        site().get(f"/insights?from={TODAY - timedelta(days=20)}&to={after.date()}&step=day").text
    )
    assert f"fewest: 0 (on {quiet.date()})" in text


@pytest.mark.parametrize(
    ("step", "others"), [("day", (1, 2)), ("week", (7, 14))], ids=["day", "week"]
)
def test_the_day_or_week_that_goes_on_is_not_told_as_the_quietest(
    site: Open, store: JournalStore, step: str, others: tuple[int, int]
):
    monday = TODAY - timedelta(days=TODAY.weekday()) if step == "week" else TODAY
    noon = datetime.combine(monday, time(), UTC)
    less, more = (noon - timedelta(days=days) for days in others)
    calls(store, {noon: 1, less: 2, more: 3})
    end = monday + timedelta(days=6)  # the reader asked for days that are still to come
    text = site().get(f"/insights?from={more.date()}&to={end}&step={step}").text
    unit = "on" if step == "day" else "week from"
    assert f"fewest: 2 ({unit} {less.date()})" in text


def test_a_period_of_today_alone_has_its_figures_told(site: Open, store: JournalStore):
    calls(store, {datetime.combine(TODAY, time(), UTC): 2})
    assert f"Most calls: 2 (on {TODAY})" in site().get(f"/insights?from={TODAY}&to={TODAY}").text


def test_a_file_is_named_after_table_period_and_filters(site: Open, store: JournalStore):
    fill(store)
    response = site().get(
        "/insights/by-rule.csv?from=2026-01-01&to=2026-01-31"
        "&client=synthetic-clinic&hook=order-sign"
    )
    name = "insights-by-rule-2026-01-01-to-2026-01-31-synthetic-clinic-order-sign.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert response.text.endswith("\r\n")


def test_a_client_named_by_an_attacker_does_not_break_the_header(site: Open):
    response = site().get("/insights/summary.csv?client=%22%3B+x%3D1/../%C3%BC")
    assert re.fullmatch(
        r'attachment; filename="[a-z0-9.-]+\.csv"', response.headers["Content-Disposition"]
    )


def test_the_client_filter_leaves_the_others_out(site: Open, store: JournalStore):
    fill(store)
    _, *lines = rows(site().get("/insights/by-client.csv?client=synthetic-clinic").text)
    assert [line[0] for line in lines] == ["synthetic-clinic"]


def test_orders_are_counted_as_by_hand(site: Open, store: JournalStore):
    unknown = ConsultedOrder(order_key="9" * 64)
    carded, silent = consultation(), consultation(cards=(), missing=())
    store.write([carded, silent, consultation(orders=(unknown,), cards=(), missing=("Device",))])
    client, period = site(), "from=2025-03-04&to=2025-03-04"

    def told(table: str, *columns: str) -> dict[str, list[str]]:
        header, *lines = rows(client.get(f"/insights/{table}.csv?{period}").text)
        return {line[0]: [line[header.index(name)] for name in columns] for line in lines}

    columns = ("orders", "orders_with_card", "cards", "per_100_orders")
    assert told("by-topic", *columns) == {
        "low-back-pain": ["2", "1", "1", "50.0"],
        "": ["1", "0", "0", "0.0"],
    }
    states = told("not-assessed", "orders", "incomplete")
    assert {name: numbers for name, numbers in states.items() if numbers[0] != "0"} == {
        "Rated by a guideline": ["2", "1"],
        "No single study recognised in the order": ["1", "1"],
    }
    assert told("missing", "calls") == {"Device": ["1"], "Observation": ["1"]}


def test_the_rules_that_speak_most_often_come_first(site: Open, store: JournalStore):
    for rule, times in (("a-rule", 1), ("b-rule", 3), ("c-rule", 2)):
        for number in range(times):
            shown = ShownCard(uuid=f"{rule}{number}", card=rule, rule=rule, indicator="info")
            store.write([consultation(cards=(shown,))])
    for table in ("loudest", "by-rule"):
        text = site().get(f"/insights/{table}.csv?from=2025-03-04&to=2025-03-04").text
        assert [row[0] for row in rows(text)[1:]] == ["b-rule", "c-rule", "a-rule"]


@pytest.mark.parametrize(
    ("step", "marked"), [("day", ["2025-03-06", "2025-03-09"]), ("week", ["2025-03-04"])]
)
def test_where_other_content_came_into_force_is_marked(
    site: Open, store: JournalStore, step: str, marked: list[str]
):
    # the first version began before the period; 9 March 2025 was a Sunday
    for version, day in (("one", 4), ("two", 6), ("two", 7), ("three", 9)):
        store.write([consultation(at=datetime(2025, 3, day, tzinfo=UTC), content_version=version)])
    text = site().get(f"/insights?from=2025-03-04&to=2025-03-12&step={step}").text
    table = text.partition('id="calls-table"')[2].partition("</table>")[0]
    found = re.findall(r'<tr[^>]* data-mark="content">\s*<th[^>]* data-value="([^"]+)"', table)
    assert found == marked


def test_no_key_of_a_patient_or_order_leaves_the_journal(site: Open, store: JournalStore):
    event = consultation(
        patient_key=CANARY,
        hook_instance=CANARY,
        tenant=CANARY,
        orders=(consultation().orders[0].__class__(order_key=CANARY),),
        cards=(ShownCard(uuid=CANARY, card="c", rule="r", indicator="info", order_key=CANARY),),
    )
    store.write([event])
    client = site()
    period = f"from={event.at.date()}&to={event.at.date()}"
    page = client.get(f"/insights?{period}").text
    assert "At a glance" in page
    assert CANARY not in page
    for name in Grids(page).found:
        assert CANARY not in client.get(f"/insights/{name}.csv?{period}").text


def test_orders_that_could_not_be_assessed_are_told_from_those_no_topic_speaks_about(
    site: Open, store: JournalStore
):
    fault = "order-not-assessed"
    good = consultation().orders[0]
    bad = ConsultedOrder(order_key="1" * 64, procedure="bone-scan", topic=fault, variant=fault)
    silent = ConsultedOrder(order_key="2" * 64, procedure="mri-knee")
    shown = ShownCard(
        uuid="5" * 8, card=fault, rule=fault, indicator="info", order_key=bad.order_key
    )
    event = consultation(orders=(good, bad, silent), cards=(shown,))
    store.write([event])
    client, period = site(), f"from={event.at.date()}&to={event.at.date()}"

    def numbers(table: str, column: str) -> dict[str, str]:
        header, *lines = rows(client.get(f"/insights/{table}.csv?{period}").text)
        return {line[0]: line[header.index(column)] for line in lines}

    states = numbers("not-assessed", "orders")
    assert states.pop("Rated by a guideline") == "1"
    assert states.pop("No topic speaks: safety rules only") == "1"
    assert states.pop("A fault of the advisor: see its log") == "1"
    assert set(states.values()) == {"0"}
    assert numbers("by-topic", "topic_title")[fault] == "Not assessed: a fault of the advisor"
    assert numbers("by-variant", "variant_title")[fault] == "Not assessed: a fault of the advisor"
    assert numbers("by-rule", "rule_title") == {fault: "Order not assessed"}
    assert "fault of the advisor" in numbers("loudest", "remark")[fault]


def override(store: JournalStore, code: str, times: int) -> None:
    for number in range(times):
        event = consultation()
        store.write([event])
        store.write_feedback(
            [
                Feedback(
                    id=f"{code}{number}",
                    card=event.cards[0].uuid,
                    client=event.client,
                    outcome="overridden",
                    outcome_at=event.at,
                    received_at=event.at,
                    reason_code=code,
                    commented=True,
                    comment=CANARY.encode(),
                )
            ]
        )


def test_a_reason_of_a_client_is_named_only_when_it_was_given_often(
    site: Open, store: JournalStore
):
    override(store, "their-reason", 5)
    override(store, "MRN-4711", 4)
    override(store, "radiology-advised", 1)
    period = "from=2025-03-04&to=2025-03-04"
    client = site()
    _, *lines = rows(client.get(f"/insights/reasons.csv?{period}").text)
    assert [(line[0], line[2]) for line in lines] == [
        ("their-reason", "5"),
        ("radiology-advised", "1"),
        ("other", "4"),
    ]
    page = client.get(f"/insights?{period}").text
    assert "Agreed with radiology" in page
    for name in ("reasons", "reasons-by-rule", "loudest"):
        page += client.get(f"/insights/{name}.csv?{period}").text
    assert "MRN-4711" not in page
    assert CANARY not in page


def test_reasons_stand_beside_the_card_that_they_were_given_for(site: Open, store: JournalStore):
    # the content changed in the period: one rule has shown two cards
    for card, code in (("add-contrast", "radiology-advised"), ("mri-preferred", "")):
        shown = ShownCard(uuid=f"of-{card}", card=card, rule="one-rule", indicator="info")
        event = consultation(cards=(shown,))
        store.write([event])
        given = Feedback(
            id=card,
            card=shown.uuid,
            client=event.client,
            outcome="overridden",
            outcome_at=event.at,
            received_at=event.at,
            reason_code=code,
        )
        store.write_feedback([given])
    text = site().get("/insights/loudest.csv?from=2025-03-04&to=2025-03-04").text
    assert sorted(row[-1] for row in rows(text)[1:]) == [
        "Agreed with radiology (1)",
        "No reason given (1)",
    ]


def test_a_rule_that_holds_an_order_back_is_serious_however_its_card_was_shown(
    site: Open, store: JournalStore
):
    held, other = "mri-cochlear-implant.magnet-status-unknown", "mri-over-radiography"
    for rule in (held, other):
        for number in range(40):
            shown = ShownCard(
                uuid=f"{rule}{number}",
                card="c",
                rule=rule,
                indicator="info",
                suggestions=(f"of-{rule}{number}",),
            )
            event = consultation(cards=(shown,))
            store.write([event])
            given = Feedback(
                id=shown.uuid,
                card=shown.uuid,
                client=event.client,
                outcome="overridden",
                outcome_at=event.at,
                received_at=event.at,
            )
            store.write_feedback([given])
    _, *lines = rows(site().get("/insights/loudest.csv?from=2025-03-04&to=2025-03-04").text)
    remarks = {line[0]: line[2] for line in lines}
    assert "make it quieter" in remarks[other]
    assert "about serious harm" in remarks[held]


def test_what_came_from_clients_is_escaped_on_the_page(site: Open, store: JournalStore):
    hostile = "<img src=x onerror=alert(1)>"
    store.write([consultation(client=hostile, content_version=hostile, missing=(hostile,))])
    text = site().get("/insights?from=2025-03-04&to=2025-03-04").text
    assert hostile not in text
    assert "&lt;img src=x onerror" in text


def test_a_cell_that_a_spreadsheet_would_run_is_guarded(site: Open, store: JournalStore):
    cells = ("=1+1", "+1", "-1", "@x", "\tx", "\rx")
    store.write([consultation(client=each) for each in cells])
    text = site().get("/insights/by-client.csv?from=2025-03-04&to=2025-03-04").text
    for row in rows(text)[1:]:
        assert row[0] in {f"'{each}" for each in cells}
        assert row[1].startswith("'")


def test_numbers_below_zero_would_stay_numbers_in_a_file():
    table = Table(
        id="t",
        title="T",
        columns=(Column("a", "A"), Column("b", "B", "rate"), Column("c", "C", "named")),
        rows=((-1, Rate(1, 3), Named("x,y", 'said "so"')),),
    )
    assert table.csv() == (
        "a,b,b_percent,b_percent_low,b_percent_high,c,c_title\r\n"
        '-1,1,33.3,6.1,79.2,"x,y","said ""so"""\r\n'
    )


class TestStates:
    def test_an_empty_journal_is_told_in_a_friendly_way(self, site: Open):
        response = site().get("/insights")
        assert response.status_code == 200
        assert "The journal is empty" in response.text
        assert "data-chart" not in response.text

    def test_a_period_without_calls_is_told_from_an_empty_journal(
        self, site: Open, store: JournalStore
    ):
        fill(store)
        text = site().get("/insights?from=2020-01-01&to=2020-01-31").text
        assert "No calls in this period" in text

    def test_a_file_of_nothing_has_its_header(self, site: Open):
        assert rows(site().get("/insights/by-rule.csv").text)[0][0] == "rule"

    def test_a_service_without_a_journal_says_so(self, site: Open):
        client = site(kept=None)
        assert "keeps no journal" in client.get("/insights").text
        response = client.get("/insights/summary.csv")
        assert (response.status_code, response.json["issue"][0]["code"]) == (404, "not-supported")

    def test_a_journal_that_is_away_is_a_clear_state(
        self, site: Open, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(journal, "ready", lambda: (False, "the database is down"))
        client = site()
        page = client.get("/insights")
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "5"
        assert "The journal is away" in page.text
        file = client.get("/insights/summary.csv")
        assert file.status_code == 503
        assert file.json["resourceType"] == "OperationOutcome"
        assert file.headers["Retry-After"] == "5"

    def test_a_view_that_takes_too_long_does_not_count_as_an_outage(
        self, site: Open, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        def slow(_view: View) -> None:
            raise JournalUnavailable("The journal's database cannot be used (QueryCanceled).")

        monkeypatch.setattr(journal.store, "insights", slow)
        page = site().get("/insights")
        assert page.status_code == 503
        assert "QueryCanceled" not in page.text
        assert journal.ready() == (True, "")

    def test_many_readers_at_once_leave_threads_for_the_calls(
        self, site: Open, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        go_on, reading = threading.Event(), threading.Semaphore(0)
        read = journal.store.insights

        def held(view: View) -> Any:
            reading.release()
            go_on.wait(120)
            return read(view)

        monkeypatch.setattr(journal.store, "insights", held)
        monkeypatch.setattr("cds_service.web.insights.routes._LONGEST_WAIT", 0.01)
        app = site().application
        readers = [
            threading.Thread(target=lambda: app.test_client().get("/insights")) for _ in range(2)
        ]
        for reader in readers:
            reader.start()
            assert reading.acquire(timeout=60)
        assert app.test_client().get("/insights").status_code == 503
        go_on.set()
        for reader in readers:
            reader.join(60)
        assert app.test_client().get("/insights").status_code == 200


class TestAsking:
    @pytest.mark.parametrize(
        "query",
        [
            "from=yesterday",
            "to=2026-13-01",
            "from=2026-02-01&to=2026-01-01",
            "from=2000-01-01&to=2026-01-01",
            "from=0001-01-01",
            "days=0",
            "days=ten",
            "days=99999999999",
            "days=000001999999",
            "step=hour",
            "hook=patient-view",
            "client=a%00b",
            f"client={'x' * 500}",
        ],
    )
    def test_what_has_no_meaning_is_refused_and_not_repeated(self, site: Open, query: str):
        client = site()
        page = client.get(f"/insights?{query}")
        assert page.status_code == 400
        assert "xxx" not in page.text
        file = client.get(f"/insights/summary.csv?{query}")
        assert (file.status_code, file.json["issue"][0]["code"]) == (400, "value")

    def test_a_table_that_there_is_not_is_not_found(self, site: Open):
        response = site().get("/insights/patients.csv")
        assert (response.status_code, response.json["issue"][0]["code"]) == (404, "not-found")

    @pytest.mark.parametrize(
        ("query", "first", "last", "step"),
        [
            ("", 29, 0, "day"),
            ("days=7", 6, 0, "day"),
            ("days=90", 89, 0, "week"),
            ("days=90&step=day", 89, 0, "day"),
        ],
    )
    def test_periods_end_today(self, site: Open, query: str, first: int, last: int, step: str):
        text = site().get(f"/insights?{query}").text
        assert f'name="from" value="{TODAY - timedelta(days=first)}"' in text
        assert f'name="to" value="{TODAY - timedelta(days=last)}"' in text
        assert f'<option value="{step}" selected>' in text

    def test_days_are_those_of_the_zone_in_the_settings(self, site: Open, store: JournalStore):
        store.write([consultation(16 * 60)])  # 00:20 of the next day in UTC
        for zone, day in (("UTC", date(2025, 3, 5)), ("America/New_York", date(2025, 3, 4))):
            client = site(insights_time_zone=zone)
            _, *lines = rows(client.get("/insights/calls.csv?from=2025-03-04&to=2025-03-05").text)
            assert [line[0] for line in lines if line[1] == "1"] == [day.isoformat()]
