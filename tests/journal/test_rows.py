"""What is written is what the tables say, whichever way it is written."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from cds_service.journal.engines import RefusedByDatabase
from cds_service.journal.events import Consultation, ConsultedOrder, ShownCard
from cds_service.journal.schema import cards, consultation_orders, consultations, suggestions
from cds_service.journal.store import JournalStore
from tests.journal.events import NOW, consultation

TABLES = (consultations, consultation_orders, cards, suggestions)
_TOLD = [column.name for column in consultations.columns]
ODD_TEXT = """it's "quoted"; %s ?1 :at {} \\ \u00e4 \u2603 \U0001f600"""


def odd() -> Consultation:
    """Return a consultation whose values are not easy to write."""
    one, other = (
        ConsultedOrder(order_key=key * 64, procedure=ODD_TEXT, topic="low-back-pain")
        for key in "cd"
    )
    shown = tuple(
        ShownCard(
            uuid=f"card {number} {time.time_ns()}",
            card=ODD_TEXT,
            rule="r",
            indicator="info",
            order_key=other.order_key,
            suggestions=tuple(f"{number}-{index} {time.time_ns()}" for index in range(number)),
        )
        for number in range(3)
    )
    return consultation(
        at=datetime(2025, 3, 4, 23, 20, 17, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        client=ODD_TEXT,
        orders=(one, other),
        cards=shown,
        suppressed=(ODD_TEXT, "b"),
        missing=(),
        latency_ms=0.1,
    )


def written_plainly(connection: Connection, event: Consultation) -> None:
    """Write `event` value by value, as the types of the columns say."""
    told: dict[str, Any] = {name: getattr(event, name) for name in _TOLD}
    told |= {"suppressed": list(event.suppressed), "missing": list(event.missing)}
    connection.execute(insert(consultations), told)
    for position, order in enumerate(event.orders):
        names = ("order_key", "procedure", "variant", "rating", "topic")
        row = {name: getattr(order, name) for name in names}
        row |= {"consultation_id": event.id, "position": position}
        connection.execute(insert(consultation_orders), row)
    for position, card in enumerate(event.cards):
        names = ("uuid", "card", "rule", "indicator", "order_key")
        row = {name: getattr(card, name) for name in names}
        row |= {"consultation_id": event.id, "position": position}
        connection.execute(insert(cards), row)
        for index, uuid in enumerate(card.suggestions):
            offer = {"uuid": uuid, "card_uuid": card.uuid, "position": index}
            connection.execute(insert(suggestions), offer)


def stored(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Return all rows as the driver gives them, with nothing made of them."""
    found = []
    for table in TABLES:
        rows = connection.exec_driver_sql(f"SELECT * FROM {table.name}").all()
        found.append(sorted(map(tuple, rows), key=str))
    return found


@pytest.mark.parametrize("make", [consultation, odd, lambda: consultation(orders=(), cards=())])
def test_a_batch_is_stored_to_the_byte_as_the_columns_types_would_store_it(
    store: JournalStore, make: Callable[[], Consultation]
):
    events = [make() for _ in range(3)]
    with store._database.unit(writes=True) as connection:
        for event in events:
            written_plainly(connection, event)
        plainly = stored(connection)
        connection.execute(consultations.delete())
    store.write(events)
    with store._database.unit(writes=False) as connection:
        assert stored(connection) == plainly


def test_what_is_read_back_is_what_was_written(store: JournalStore):
    event = odd()
    store.write([event])
    with store._database.unit(writes=False) as connection:
        row = connection.execute(select(consultations)).mappings().one()
        offered = connection.execute(select(suggestions.c.position)).scalars().all()
    assert (row["id"], row["at"], row["client"]) == (event.id, event.at, ODD_TEXT)
    assert (row["suppressed"], row["missing"]) == ([ODD_TEXT, "b"], [])
    assert (row["latency_ms"], row["at"].utcoffset()) == (0.1, timedelta(0))
    assert sorted(offered) == [0, 0, 1]


def test_a_consultation_twice_in_a_batch_is_stored_once_and_the_others_too(store: JournalStore):
    one, other = consultation(), odd()
    store.write([one, other, one])
    counts = store.counts()
    assert (counts["consultations"], counts["consultation_orders"]) == (2, 3)
    assert (counts["cards"], counts["suggestions"]) == (4, 5)


def test_what_was_stored_first_stays_as_it_is(store: JournalStore):
    first = consultation()
    store.write([first])
    with store._database.unit(writes=False) as connection:
        before = stored(connection)
    store.write([consultation(id=first.id, client="another", cards=first.cards)])
    with store._database.unit(writes=False) as connection:
        assert stored(connection) == before


def test_nothing_to_write_is_no_fault(store: JournalStore):
    store.write([])
    assert store.counts()["consultations"] == 0


@pytest.mark.parametrize("wrong", [{"client": None}, {"latency_ms": None}])
def test_a_batch_with_a_value_that_a_column_never_takes_is_refused_whole(
    store: JournalStore, wrong: dict[str, object]
):
    with pytest.raises(RefusedByDatabase):
        store.write([consultation(at=NOW), consultation(**wrong)])
    assert store.counts()["consultations"] == 0


@pytest.mark.parametrize("place", ["hook", "content_version", "status"])
def test_a_null_character_is_refused_by_postgresql_wherever_it_is(
    postgres_url: str, open_store: Callable[[str], JournalStore], place: str
):
    store = open_store(postgres_url)
    with pytest.raises(RefusedByDatabase):
        store.write([consultation(), consultation(**{place: "a\x00b"})])
    assert store.counts()["consultations"] == 0
