"""PostgreSQL goes away under load and comes back: nothing acknowledged is lost."""

import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.journal import Journal
from cds_service.journal.schema import consultations, feedback
from tests.journal.events import CLIENT, Report, consultation
from tests.journal.servers import Postgres, postgres_server
from tests.journal.test_journal import until

OUTAGE = 3.0
LONGEST = 3.0
"""Seconds that a transaction may take."""


class Load:
    """Threads that record consultations and send feedback until told to stop."""

    def __init__(self, journal: Journal) -> None:
        self.recorded: set[UUID] = set()
        self.slowest: list[float] = []
        self.stalls: list[float] = [0.0]
        self.acknowledged: set[str] = set()
        self.refused = 0
        self._journal = journal
        self._stop = threading.Event()
        self._lock = threading.Lock()
        works = [self._record] * 2 + [self._report] * 4 + [self._idle]
        self._threads = [threading.Thread(target=work) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _idle(self) -> None:
        """Note for how long the machine lets a thread wait that waits for nothing."""
        started = time.perf_counter()
        while not self._stop.wait(0.002):
            self.stalls.append(time.perf_counter() - started)
            started = time.perf_counter()

    def _record(self) -> None:
        while not self._stop.wait(0.002):
            event = consultation()
            started = time.perf_counter()
            self._journal.record(event)
            taken = time.perf_counter() - started
            with self._lock:
                self.recorded.add(event.id)
                self.slowest.append(taken)

    def _report(self) -> None:
        while not self._stop.wait(0.005):
            try:
                result = self._journal.feedback([Report(str(uuid4()))], CLIENT)
            except JournalUnavailable:
                with self._lock:
                    self.refused += 1
            else:
                with self._lock:
                    self.acknowledged.update(result.ids)


def test_an_outage_under_load_loses_nothing(tmp_path: Path, open_store, open_journal):
    with postgres_server() as server:
        store = open_store(server.new_database("journal"))
        journal: Journal = open_journal(store, spool_bytes=50_000_000, flush_interval=0.1)
        load = Load(journal)
        time.sleep(1)
        server.stop(abruptly=True)
        time.sleep(OUTAGE)
        before = len(load.acknowledged)
        server.start()
        until(lambda: len(load.acknowledged) > before + 20)
        time.sleep(1)
        load.stop()
        until(lambda: journal.figures().pending == 0 and journal.figures().spool_bytes == 0)
        with store._database.unit(writes=False) as connection:
            stored = set(connection.scalars(select(feedback.c.id)))
            present = set(connection.scalars(select(consultations.c.id)))
        figures = journal.figures()
        journal.close()
        store.close()
    load.slowest.sort()
    print(
        f"{figures}\nrecorded {len(load.recorded)} present {len(present)};"
        f" acknowledged {len(load.acknowledged)} stored {len(stored)} refused {load.refused};"
        f" record() p99 {load.slowest[int(len(load.slowest) * 0.99)] * 1e6:.0f} us,"
        f" longest {load.slowest[-1] * 1e3:.1f} ms"
    )
    assert present == load.recorded
    assert load.acknowledged <= stored
    assert load.refused > 100
    assert (figures.lost, figures.set_aside) == (0, 0)
    assert figures.replayed > 100
    assert load.slowest[-1] < OUTAGE / 2 + max(load.stalls), "nobody waited for the database"


def test_a_server_that_hangs_holds_nobody_up_for_long(
    postgres: Postgres, postgres_url: str, open_store, open_journal, monkeypatch
):
    store = open_store(postgres_url, longest=LONGEST)
    journal: Journal = open_journal(store)
    journal.feedback([Report("card-1")], CLIENT)
    event = consultation()
    asked = []
    write = store.write_feedback
    monkeypatch.setattr(
        store, "write_feedback", lambda batch: (asked.append(batch), write(batch))[1]
    )
    with postgres.frozen():
        journal.record(event)
        with pytest.raises(JournalUnavailable):  # within the longest time, or it would hang
            journal.feedback([Report("card-2")], CLIENT)
        assert len(asked) <= 1
        asked.clear()
        for _ in range(20):
            with pytest.raises(JournalUnavailable):
                journal.feedback([Report("card-2")], CLIENT)
        assert asked == [], "it is known to be down, and is not asked any more"
        until(lambda: journal.figures().spooled == 1)
    until(lambda: journal.ready()[0])
    assert journal.feedback([Report("card-2")], CLIENT).new == 1
    until(lambda: store.counts()["consultations"] == 1)
    assert journal.figures().lost == 0


def test_a_long_export_is_not_cut_off(postgres_url: str, open_store):
    store = open_store(postgres_url, longest=None)
    store.write([consultation() for _ in range(600)])
    lines = store.export()
    next(lines)
    time.sleep(1.5)
    assert len(list(lines)) == 599
