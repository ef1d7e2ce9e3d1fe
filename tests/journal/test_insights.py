"""What the journal shows of a period: counted by hand, on both databases."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from cds_service.journal.events import ConsultedOrder, Feedback, ShownCard, identity
from cds_service.journal.insights.result import Cards, Insights, Latency, Missing, Orders
from cds_service.journal.insights.view import View
from cds_service.journal.specimen import Specimen
from cds_service.journal.store import JournalStore
from tests.journal.events import CLIENT, NOW, consultation

OTHER = "https://other.example/fhir"
FIRST, LAST = date(2025, 3, 4), date(2025, 3, 9)
HOUR, DAY = 60, 24 * 60
MRI = ConsultedOrder(
    order_key="1" * 64,
    procedure="mri-lumbar-spine-without-contrast",
    variant="low-back-pain-7",
    rating="usually-appropriate",
    topic="low-back-pain",
)
UNKNOWN = ConsultedOrder(order_key="2" * 64)


def card(name: str, order: ConsultedOrder = MRI, offers: int = 1, level: str = "info") -> ShownCard:
    return ShownCard(
        uuid=str(uuid4()),
        card=name,
        rule=f"{name}-rule",
        indicator=level,
        order_key=order.order_key,
        suggestions=tuple(str(uuid4()) for _ in range(offers)),
    )


def answer(
    shown: ShownCard,
    outcome: Any,
    minutes: float,
    reason: str = "",
    client: str = CLIENT,
    received: float = 0,
) -> Feedback:
    at = NOW + timedelta(minutes=minutes)
    return Feedback(
        id=identity(client, shown.uuid, outcome, at, (), ("", reason)),
        card=shown.uuid,
        client=client,
        outcome=outcome,
        outcome_at=at,
        received_at=at + timedelta(minutes=received),
        reason_code=reason,
    )


def view(**changes: Any) -> View:
    return View(**{"first": FIRST, "last": LAST, **changes})


@pytest.fixture
def told(store: JournalStore) -> JournalStore:
    """Return a journal of five calls, of which four are in the period of `view`.

    4 March: one order with a card that was overridden and then accepted; a call about two orders
    without a card. 5 March: another client, one order with two cards. 7 March: one order with a
    card overridden. 10 March: one more call.
    """
    changed, twice, asked, refused = (
        card("contrast", level="warning"),
        card("preferred"),
        card("question", offers=0),
        card("contrast", level="warning"),
    )
    store.write(
        [
            consultation(orders=(MRI,), cards=(changed,), missing=("Observation",), latency_ms=10),
            consultation(
                HOUR, orders=(MRI, UNKNOWN), cards=(), missing=(), latency_ms=30, hook="order-sign"
            ),
            consultation(
                DAY,
                client=OTHER,
                orders=(MRI,),
                cards=(twice, asked),
                missing=("Device", "Observation"),
                latency_ms=20,
            ),
            consultation(
                3 * DAY,
                orders=(MRI,),
                cards=(refused,),
                missing=(),
                latency_ms=40,
                content_version="content-2",
            ),
            consultation(6 * DAY, orders=(MRI,), cards=(), latency_ms=999),
        ]
    )
    repeated = answer(refused, "overridden", 3 * DAY + 1, "radiology")
    store.write_feedback(
        [
            answer(changed, "overridden", 1, "no-time"),
            answer(changed, "accepted", 2),
            answer(twice, "overridden", DAY, "no-time", OTHER, received=1),
            answer(twice, "accepted", DAY, "", OTHER),
            answer(asked, "overridden", DAY, "not-theirs", CLIENT),
            repeated,
        ]
    )
    store.write_feedback([repeated])
    return store


def test_each_day_tells_its_calls_orders_cards_and_outcomes(told: JournalStore):
    steps = told.insights(view()).steps
    assert [each.start for each in steps] == [FIRST + timedelta(days=day) for day in range(6)]
    assert [each.consultations for each in steps] == [2, 1, 0, 1, 0, 0]
    assert [each.orders for each in steps] == [3, 1, 0, 1, 0, 0]
    assert [each.orders_with_card for each in steps] == [1, 1, 0, 1, 0, 0]
    assert [each.cards for each in steps] == [1, 2, 0, 1, 0, 0]
    assert [each.accepted for each in steps] == [1, 1, 0, 0, 0, 0]
    assert [each.overridden for each in steps] == [0, 0, 0, 1, 0, 0]
    assert [each.incomplete for each in steps] == [1, 1, 0, 0, 0, 0]


def test_answer_times_are_nearest_ranks_of_each_day_and_of_the_whole(told: JournalStore):
    found = told.insights(view())
    assert found.steps[0].latency == Latency(10, 30, 30)
    assert found.steps[2].latency is None
    assert found.latency == Latency(20, 40, 40)


def test_a_week_begins_on_monday(told: JournalStore):
    steps = told.insights(view(step="week", last=date(2025, 3, 16))).steps
    assert [each.start for each in steps] == [date(2025, 3, 4), date(2025, 3, 10)]
    assert [each.consultations for each in steps] == [4, 1]


def test_orders_are_told_by_what_they_were_for(told: JournalStore):
    found = {each for each in told.insights(view()).orders if each.client == CLIENT}
    what = {name: getattr(MRI, name) for name in ("topic", "variant", "procedure", "rating")}
    nothing = dict.fromkeys(what, "")
    assert found == {
        Orders(client=CLIENT, **what, number=3, with_card=2, incomplete=1),
        Orders(client=CLIENT, **nothing, number=1, with_card=0, incomplete=0),
    }


def test_a_card_counts_once_by_the_outcome_decided_last(told: JournalStore):
    found = told.insights(view()).cards
    assert Counter({(each.card, each.outcome): each.number for each in found}) == {
        ("contrast", "accepted"): 1,  # overridden first
        ("contrast", "overridden"): 1,
        ("preferred", "accepted"): 1,  # both in one instant
        ("question", ""): 1,  # the answer came from a client that was not shown it
    }


def test_a_card_is_told_with_its_order_and_whether_there_was_something_to_accept(
    told: JournalStore,
):
    found = {each.card: each for each in told.insights(view(client=OTHER)).cards}
    assert found["question"] == Cards(
        client=OTHER,
        topic="low-back-pain",
        variant="low-back-pain-7",
        procedure="mri-lumbar-spine-without-contrast",
        card="question",
        rule="question-rule",
        indicator="info",
        offers=False,
        outcome="",
        number=1,
    )
    assert found["preferred"].offers


def test_reasons_are_those_of_the_outcome_that_counts(told: JournalStore):
    found = told.insights(view())
    assert [(each.rule, each.code, each.number) for each in found.reasons] == [
        ("contrast-rule", "radiology", 1)
    ]
    assert found.reasons_left_out == 0


def test_sources_that_could_not_be_read_are_counted_by_call(told: JournalStore):
    assert told.insights(view()).missing == (Missing("Observation", 2), Missing("Device", 1))


def test_versions_of_the_content_tell_when_they_were_in_use(told: JournalStore):
    versions = told.insights(view()).versions
    assert [(each.version, each.consultations) for each in versions] == [
        ("content-1", 3),
        ("content-2", 1),
    ]
    assert (versions[0].first, versions[0].last) == (NOW, NOW + timedelta(days=1))


def test_feedback_about_no_card_of_its_client_is_counted_as_such(told: JournalStore):
    assert told.insights(view()).unmatched == 1
    assert told.insights(view(client=OTHER)).unmatched == 0


def test_the_choice_of_clients_does_not_shrink_with_the_filter(told: JournalStore):
    both = [(CLIENT, 3), (OTHER, 1)]
    for client in ("", OTHER):
        found = told.insights(view(client=client)).clients
        assert [(each.client, each.consultations) for each in found] == both


def test_the_hook_is_a_filter(told: JournalStore):
    assert told.insights(view(hook="order-sign")).number_of_orders == 2


def test_drafts_without_an_id_do_not_multiply_their_cards(store: JournalStore):
    twins = (MRI, ConsultedOrder(order_key=MRI.order_key, procedure="ct"))
    store.write([consultation(orders=twins, cards=(card("contrast"),))])
    found = store.insights(view())
    assert sum(each.number for each in found.cards) == 1
    assert found.cards[0].procedure == MRI.procedure


def test_days_begin_and_end_in_the_zone_of_the_site(store: JournalStore):
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2025, 3, 31, tzinfo=berlin)
    at = [midnight - timedelta(minutes=1), midnight, midnight + timedelta(hours=23, minutes=59)]
    store.write([consultation((each - NOW).total_seconds() / 60) for each in at])
    seen = view(first=date(2025, 3, 30), last=date(2025, 3, 31), zone=berlin)
    assert (seen.until - seen.since) == timedelta(days=2)  # by the clock on the wall
    assert seen.until.astimezone(UTC) - seen.since.astimezone(UTC) == timedelta(hours=47)
    assert [each.consultations for each in store.insights(seen).steps] == [1, 2]


def test_an_empty_journal_is_told_from_an_empty_period(store: JournalStore):
    found = store.insights(view())
    assert found.empty
    assert (found.consultations, found.latency, found.cards) == (0, None, ())
    store.write([consultation(30 * DAY)])
    assert not store.insights(view()).empty


def test_reasons_beyond_the_most_frequent_are_only_counted(
    store: JournalStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cds_service.journal.insights.advice_queries.MOST_REASONS", 2)
    shown = [card("contrast") for _ in range(5)]
    store.write([consultation(minute, cards=(each,)) for minute, each in enumerate(shown)])
    codes = ("often", "often", "sometimes", "sometimes", "once")
    store.write_feedback(
        [
            answer(each, "overridden", minute + 1, code)
            for minute, (each, code) in enumerate(zip(shown, codes, strict=True))
        ]
    )
    found = store.insights(view())
    assert [(each.code, each.number) for each in found.reasons] == [("often", 2), ("sometimes", 2)]
    assert found.reasons_left_out == 1


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (date(2025, 3, 2), date(2025, 3, 1), "before"),
        (date(2020, 1, 1), date(2025, 1, 1), "longer"),
    ],
)
def test_a_period_that_is_none_is_refused(first: date, last: date, why: str):
    with pytest.raises(ValueError, match=why):
        View(first=first, last=last)


class TestLargerJournals:
    """Made-up journals, counted again from what the journal exports."""

    LAST = date(2026, 11, 25)

    @pytest.fixture
    def filled(self, store: JournalStore) -> JournalStore:
        events = Specimen(400, self.LAST, days=60, seed=7).events()
        while batch := list(islice(events, 100)):
            store.write([each for each, _ in batch])
            store.write_feedback([each for _, given in batch for each in given])
        return store

    def seen(self, store: JournalStore, **changes: Any) -> Insights:
        span = {"first": self.LAST - timedelta(days=59), "last": self.LAST}
        return store.insights(View(**{**span, **changes}))

    def test_every_grouping_adds_up_to_the_same_whole(self, filled: JournalStore):
        lines = [json.loads(line) for line in filled.export()]
        cards = [each for line in lines for each in line["cards"]]
        ended = [each["feedback"][-1]["outcome"] for each in cards if each["feedback"]]
        for step in ("day", "week"):
            found = self.seen(filled, step=step)
            assert found.consultations == len(lines) == 400
            assert _sum(found.steps, "orders") == found.number_of_orders
            assert found.number_of_orders == sum(len(line["orders"]) for line in lines)
            with_card = {
                (line["consultation"], each["order"]) for line in lines for each in line["cards"]
            }
            assert _sum(found.steps, "orders_with_card") == _sum(found.orders, "with_card")
            assert _sum(found.orders, "with_card") == len(with_card)
            assert _sum(found.steps, "cards") == _sum(found.cards, "number") == len(cards)
            for outcome in ("accepted", "overridden"):
                kinds = [each for each in found.cards if each.outcome == outcome]
                assert _sum(found.steps, outcome) == _sum(kinds, "number") == ended.count(outcome)
            assert _sum(found.reasons, "number") == ended.count("overridden")
            assert _sum(found.versions, "consultations") == found.consultations
            assert _sum(found.clients, "consultations") == found.consultations
            assert _sum(found.steps, "incomplete") == sum(bool(line["missing"]) for line in lines)

    def test_kinds_of_cards_are_those_that_the_journal_exports(self, filled: JournalStore):
        expected: Counter[tuple[str, ...]] = Counter()
        for line in map(json.loads, filled.export()):
            for each in line["cards"]:
                order = line["orders"][each["order"]]
                outcome = each["feedback"][-1]["outcome"] if each["feedback"] else ""
                kind = (line["client"], order["variant"], order["procedure"])
                expected[*kind, each["rule"], each["indicator"], outcome] += 1
        found: Counter[tuple[str, ...]] = Counter()
        for kind in self.seen(filled).cards:
            key = (kind.client, kind.variant, kind.procedure, kind.rule, kind.indicator)
            found[*key, kind.outcome] += kind.number
        assert found == expected

    def test_percentiles_are_those_of_the_answer_times(self, filled: JournalStore):
        times = sorted(json.loads(line)["latency_ms"] for line in filled.export())
        ranks = [times[math.ceil(len(times) * share / 100) - 1] for share in (50, 95, 99)]
        assert self.seen(filled).latency == Latency(*ranks)

    def test_filters_part_the_journal(self, filled: JournalStore):
        whole = self.seen(filled)
        for parts in (
            [self.seen(filled, client=each.client) for each in whole.clients],
            [self.seen(filled, hook=hook) for hook in ("order-select", "order-sign")],
            [
                self.seen(filled, last=self.LAST - timedelta(days=20)),
                self.seen(filled, first=self.LAST - timedelta(days=19)),
            ],
        ):
            assert len(parts) == 2
            assert sum(each.consultations for each in parts) == whole.consultations
            assert sum(each.number_of_orders for each in parts) == whole.number_of_orders
            assert sum(_sum(each.cards, "number") for each in parts) == _sum(whole.cards, "number")

    def test_what_is_read_grows_with_the_kinds_and_steps_only(self, filled: JournalStore):
        found = self.seen(filled, step="week")
        assert len(found.steps) <= 10
        assert len(found.cards) < _sum(found.cards, "number") / 2
        assert len(found.orders) < found.number_of_orders / 8


def _sum(parts: Iterable[Any], name: str) -> int:
    return sum(getattr(each, name) for each in parts)


def test_a_specimen_is_the_same_each_time_and_another_with_another_seed():
    def made(seed: int) -> list[Any]:
        return list(Specimen(20, date(2026, 11, 25), seed=seed).events())

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_view_is_of_one_instant_while_others_write(postgres_url: str, open_store: Any):
    reader, writer = open_store(postgres_url), open_store(postgres_url)
    writer.write([consultation()])
    with reader._database.unit(writes=False, snapshot=True) as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM consultations").scalar_one()
        writer.write([consultation(1)])
        after = connection.exec_driver_sql("SELECT count(*) FROM consultations").scalar_one()
    assert before == after == 1
