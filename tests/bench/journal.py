"""What the journal costs: CPU time per consultation, from the answer to the committed rows.

The consultations are those of real calls, each with cards of its own, and are written in batches as
they come up under load, into a database that holds some already. The time is that of the thread
that does it, in the kernel too; a PostgreSQL server's own time is not in it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

from msgspec import structs

import cds_service.journal.store as store_module
from cds_service.journal.events import Consultation, ShownCard
from cds_service.journal.journal import without_ids
from cds_service.journal.memory import Memory
from cds_service.journal.store import JournalStore
from cds_service.uuid7 import uuid7
from cds_service.web import calls
from tests.bench import charts
from tests.bench.stages import Application, Clock, application, call
from tests.journal.servers import postgres_binaries, postgres_server

ALL = "all of it"
_ROWS = "rows"
_RESOURCES = 10
_FILLED_AT_ONCE = 500
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians in µs of CPU time per consultation by stage, written in batches of `batch`."""

    database: str
    batch: int
    stages: dict[str, float]


def costs(
    batches: list[int], rounds: int, stored: int, *, postgresql: bool
) -> tuple[list[Cost], float]:
    """Return what a consultation costs, and `json.loads` of a request of 10 resources in µs.

    `stored` is how many consultations a database holds before.
    """
    body = charts.request(_RESOURCES, hit=True)
    found: list[Cost] = []
    with application() as served:
        for name, url in _databases(postgresql=postgresql):
            store = JournalStore(url)
            try:
                _fill(store, served, body, stored)
                for batch in batches:
                    found.append(Cost(name, batch, _stages(store, served, body, batch, rounds)))
            finally:
                store.close()
    return found, _median([_spent(lambda: json.loads(body))[0] for _ in range(500)])


def shown(found: list[Cost], json_loads: float) -> str:
    """Return the table to read."""
    names = list(found[0].stages)
    lines = [
        "CPU µs per consultation, median:",
        f"  {'database':<12}{'batch':>6}" + "".join(f"{name:>11}" for name in names),
    ]
    for cost in found:
        micros = "".join(f"{cost.stages[name]:>11.1f}" for name in names)
        lines.append(f"  {cost.database:<12}{cost.batch:>6}{micros}")
    lines.append(f"  json.loads of a request of {_RESOURCES} resources: {json_loads:.1f}")
    return "\n".join(lines)


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", _model: Callable[..., None]
) -> None:
    """Add the command ``journal``."""
    command = commands.add_parser("journal", help="what the journal costs per consultation")
    command.add_argument("--batch", type=int, nargs="+", default=[20, 50, 100], metavar="N")
    command.add_argument("--rounds", type=int, default=21, metavar="N", help="default: 21")
    command.add_argument(
        "--stored", type=int, default=20_000, metavar="N", help="consultations there before"
    )
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    there = postgres_binaries() is not None
    print(shown(*costs(chosen.batch, chosen.rounds, chosen.stored, postgresql=there)))
    return 0


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as home:
        yield f"sqlite:///{Path(home) / 'journal.sqlite3'}"


def _databases(*, postgresql: bool) -> Iterator[tuple[str, str]]:
    with _sqlite() as url:
        yield "SQLite", url
    if postgresql:
        with postgres_server() as server:
            yield "PostgreSQL", server.new_database("journal")


def _stages(
    store: JournalStore, served: Application, body: bytes, batch: int, rounds: int
) -> dict[str, float]:
    """Return the medians of `rounds` batches, after one that is not counted."""
    kept: dict[str, list[float]] = {}
    for _ in range(rounds + 1):
        for name, seconds in _round(store, _about(served, body, batch)).items():
            kept.setdefault(name, []).append(seconds / batch)
    return {name: _median(each[1:]) for name, each in kept.items()}


def _round(store: JournalStore, about: list[tuple[Any, ...]]) -> dict[str, float]:
    """Write one batch, and return the seconds of each stage."""
    key, memory = about[0][-1], Memory(len(about), 0.0)
    made, events = _spent(lambda: [calls.event(*each) for each in about])
    queued, batch = _spent(lambda: _through(memory, events))
    checked, safe = _spent(lambda: [without_ids(each, key) for each in batch])
    clock, rows = Clock(), store_module.consultation_rows
    store_module.consultation_rows = clock.timed(_ROWS, rows)
    try:
        written, _ = _spent(lambda: store.write(safe))
    finally:
        store_module.consultation_rows = rows
    shaped = clock.spent[_ROWS]
    return {
        "event": made,
        "queue": queued,
        "privacy": checked,
        _ROWS: shaped,
        "insert": written - shaped,
        ALL: made + queued + checked + written,
    }


def _through(memory: Memory, events: list[Consultation]) -> list[Consultation]:
    for each in events:
        memory.put(each)
    return memory.take() or []


def _about(served: Application, body: bytes, number: int) -> list[tuple[Any, ...]]:
    """Return the arguments of `event` for that many calls."""
    about: list[tuple[Any, ...]] = []
    event = calls.event

    def noted(*arguments: Any) -> Consultation:
        about.append(arguments)
        return event(*arguments)

    calls.event = noted
    try:
        for _ in range(number):
            call(served, _own(body))
    finally:
        calls.event = event
    return about


def _own(body: bytes) -> bytes:
    """Return `body` with a patient and an order of its own: their keys lie anywhere in an index."""
    for common in (charts.PATIENT, charts.ORDER):
        body = body.replace(common.encode(), token_hex(len(common)).encode()[: len(common)])
    return body


def _fill(store: JournalStore, served: Application, body: bytes, number: int) -> None:
    """Put `number` consultations into the database, each like that of a call."""
    (about,) = _about(served, body, 1)
    for start in range(0, number, _FILLED_AT_ONCE):
        some = min(_FILLED_AT_ONCE, number - start)
        store.write([_like(calls.event(*about)) for _ in range(some)])


def _like(event: Consultation) -> Consultation:
    keys = {each.order_key: token_hex(32) for each in event.orders}
    orders = [structs.replace(each, order_key=keys[each.order_key]) for each in event.orders]
    cards = [_card(each, keys[each.order_key]) for each in event.cards]
    return structs.replace(
        event, patient_key=token_hex(32), orders=tuple(orders), cards=tuple(cards)
    )


def _card(shown: ShownCard, order_key: str) -> ShownCard:
    offered = tuple(str(uuid7()) for _ in shown.suggestions)
    return structs.replace(shown, uuid=str(uuid7()), suggestions=offered, order_key=order_key)


def _spent(action: Callable[[], _T]) -> tuple[float, _T]:
    began = time.thread_time()
    result = action()
    return time.thread_time() - began, result


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e6
