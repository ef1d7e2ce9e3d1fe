"""Advice never waits for the journal; feedback is acknowledged only when it is stored."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cds_service.journal.engines import RefusedByDatabase
from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.events import Consultation, Feedback, FeedbackResult
from cds_service.journal.journal import Journal
from cds_service.journal.store import JournalStore
from tests.journal.events import CLIENT, Report, card_of, consultation

HANGS = 30.0
"""Seconds for which a database that hangs holds up whoever asks it."""


class FakeStore:
    """A database that is down, hangs or refuses as the test wants."""

    def __init__(self) -> None:
        self.down = False
        self.hang = threading.Event()
        self.hang.set()
        self.refused: set[object] = set()
        self.order: list[Consultation] = []
        self.lock = threading.Lock()
        self.asked = 0
        self.writes = 0

    def ping(self) -> None:
        self._check()

    def write(self, batch: Sequence[Consultation]) -> None:
        self.writes += 1
        self._check()
        if any(event.id in self.refused for event in batch):
            raise RefusedByDatabase
        with self.lock:
            known = {event.id for event in self.order}
            self.order += [event for event in batch if event.id not in known]

    def write_feedback(self, batch: Sequence[Feedback]) -> FeedbackResult:
        self._check()
        return FeedbackResult(new=len(batch))

    def first_use(self, _issuer: str, _jti: str, _expires: float, _call: str = "") -> bool:
        self._check()
        return True

    def close(self) -> None:
        self.hang.set()

    def _check(self) -> None:
        self.asked += 1
        self.hang.wait(HANGS)
        if self.down:
            raise JournalUnavailable("down")


@pytest.fixture
def fake() -> FakeStore:
    return FakeStore()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def test_what_is_recorded_is_in_the_database_soon(store: JournalStore, open_journal):
    journal: Journal = open_journal(store)
    for _ in range(100):
        journal.record(consultation())
    until(lambda: store.counts()["consultations"] == 100)
    until(lambda: journal.figures().written == 100)
    assert (journal.figures().lost, journal.figures().spool_bytes) == (0, 0)


def test_feedback_is_in_the_database_when_the_call_returns(store: JournalStore, open_journal):
    journal: Journal = open_journal(store)
    advised = consultation()
    result = journal.feedback([Report(card_of(advised)), Report("123456")], CLIENT)
    assert (result.new, store.counts()["feedback"]) == (2, 2)
    assert journal.feedback([], CLIENT).new == 0
    assert journal.figures().feedback_new == 2


def test_a_database_that_hangs_holds_up_no_advice(fake: FakeStore, open_journal):
    journal: Journal = open_journal(fake)
    fake.hang.clear()
    for _ in range(2000):
        journal.record(consultation())
    assert fake.order == [], "all were recorded while it hung"
    fake.hang.set()
    until(lambda: len(fake.order) == 2000)


def test_whatever_is_recorded_never_raises(fake: FakeStore, open_journal):
    journal: Journal = open_journal(fake)
    good = consultation()
    for wrong in (None, "text", consultation(orders=(1,)), good):
        journal.record(wrong)  # type: ignore[arg-type]
    until(lambda: fake.order == [good])
    until(lambda: journal.figures().lost == 3)


def test_while_the_database_is_down_events_wait_on_disk_and_come_in_order(
    fake: FakeStore, open_journal, tmp_path: Path
):
    journal: Journal = open_journal(fake)
    events = [consultation(minutes=number) for number in range(60)]
    for number, event in enumerate(events):
        fake.down = 20 <= number < 50
        journal.record(event)
        time.sleep(0.01)
        if number == 49:
            until(lambda: journal.figures().spooled)
    until(lambda: len(fake.order) == 60)
    assert fake.order == events
    until(lambda: not list((tmp_path / "spool").iterdir()))
    # what was written is counted a moment later
    until(lambda: journal.figures().written + journal.figures().replayed == 60)
    until(lambda: journal.figures().lag_seconds == 0 or not journal.figures().pending)
    figures = journal.figures()
    assert figures.spooled == figures.replayed > 0
    assert figures.written + figures.replayed == 60
    assert figures.lost == 0


@pytest.mark.conformance(185)
def test_while_the_database_is_down_feedback_is_refused_without_asking_it(
    fake: FakeStore, open_journal
):
    fake.down = True
    journal: Journal = open_journal(fake, retry_interval=30)
    until(lambda: fake.asked >= 2)  # once at the start, once by the thread that tries again
    asked = fake.asked
    for _ in range(50):
        with pytest.raises(JournalUnavailable) as caught:
            journal.feedback([Report("card-1")], CLIENT)
        with pytest.raises(JournalUnavailable):
            journal.first_use("iss", "jti", time.time() + 60)
    assert caught.value.retry_after > 0
    assert fake.asked == asked
    assert journal.ready() == (False, "down")
    assert journal.figures().feedback_refused == 50


def test_the_journal_is_ready_again_by_itself(fake: FakeStore, open_journal):
    fake.down = True
    journal: Journal = open_journal(fake)
    assert not journal.ready()[0]
    fake.down = False
    until(lambda: journal.ready() == (True, ""))
    assert journal.feedback([Report("card-1")], CLIENT).new == 1
    assert journal.first_use("iss", "jti", time.time() + 60)


def test_when_the_spool_is_full_events_are_counted_as_lost(fake: FakeStore, open_journal):
    fake.down = True
    journal: Journal = open_journal(fake, spool_bytes=5_000)
    for _ in range(50):
        journal.record(consultation())
    until(lambda: journal.figures().lost + journal.figures().spooled == 50)
    lost = journal.figures().lost
    assert 30 < lost < 50
    with pytest.raises(JournalUnavailable):
        journal.feedback([Report("card-1")], CLIENT)
    fake.down = False
    until(lambda: len(fake.order) == 50 - lost)
    until(lambda: journal.ready()[0])


def test_when_memory_is_full_events_are_counted_as_lost(fake: FakeStore, open_journal):
    journal: Journal = open_journal(fake, queue_size=10)
    fake.hang.clear()
    journal.record(consultation())
    until(lambda: fake.writes)  # it is in hand, and leaves its place to another
    for _ in range(15):
        journal.record(consultation())
    assert journal.figures().lost == 5
    fake.hang.set()
    until(lambda: len(fake.order) == 11)


def test_an_event_that_the_database_never_takes_is_set_aside(fake: FakeStore, open_journal):
    journal: Journal = open_journal(fake)
    events = [consultation() for _ in range(10)]
    fake.refused = {events[3].id}
    for event in events:
        journal.record(event)
    until(lambda: len(fake.order) == 9)
    until(lambda: journal.figures().set_aside == 1)


def test_closing_writes_what_is_in_memory(fake: FakeStore, open_journal):
    journal: Journal = open_journal(fake, flush_interval=30)
    events = [consultation() for _ in range(20)]
    for event in events:
        journal.record(event)
    journal.close(timeout=60)
    assert fake.order == events, "it did not wait for the interval to end"
    journal.record(consultation())
    assert journal.figures().lost == 1
    with pytest.raises(JournalUnavailable):
        journal.feedback([Report("card-1")], CLIENT)


def test_closing_while_the_database_hangs_leaves_everything_on_disk_for_the_next(
    fake: FakeStore, open_journal
):
    journal: Journal = open_journal(fake)
    fake.hang.clear()
    events = [consultation() for _ in range(20)]
    for event in events:
        journal.record(event)
    started = time.monotonic()
    journal.close(timeout=0.5)
    assert time.monotonic() - started < HANGS / 2
    after = FakeStore()
    # the same database, which the first may still have reached, or reaches now
    after.order, after.lock = fake.order, fake.lock
    open_journal(after)
    until(lambda: len(after.order) == 20)


def test_a_database_that_lost_its_tables_gets_them_again(
    postgres, open_store: Callable[[str], JournalStore], open_journal
):
    url = postgres.new_database("comes-back")
    store = open_store(url)
    journal: Journal = open_journal(store)
    journal.record(consultation())
    until(lambda: journal.figures().written == 1)
    postgres.drop_database("comes-back")
    journal.record(consultation())
    until(lambda: not journal.ready()[0])
    postgres.new_database("comes-back")
    until(lambda: journal.ready()[0])
    until(lambda: store.counts()["consultations"] == 1)
    postgres.drop_database("comes-back")
