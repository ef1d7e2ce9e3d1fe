"""The journal as the service uses it: advice never waits for it, and feedback is never lost.

A consultation is put into memory and written by a thread of its own, every `flush_interval`
seconds. While the database is down, what comes goes to the spool at once, and another thread
brings it over, in order, when the database is back. A process that is killed loses what was in
memory: consultations of the last `flush_interval` seconds and, at the moment at which a database
stops answering, those of the seconds until that is noticed. Feedback is written by the request
that brings it, and acknowledged only when it is committed.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cds_service.journal.engines import RefusedByDatabase
from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.events import Consultation, FeedbackResult, Reported
from cds_service.journal.figures import Counts, Figures
from cds_service.journal.keys import CommentCipher, SiteKey
from cds_service.journal.memory import Memory
from cds_service.journal.privacy import feedback_event, without_ids
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from cds_service.log import logger

_log = logger(__name__)

_COMPLAIN_EVERY = 10.0


class Journal:
    """The journal with its two threads; safe to share between threads.

    `flush_interval` and `retry_interval` are seconds, `queue_size` is how many consultations may
    be in memory.
    """

    def __init__(
        self,
        store: JournalStore,
        spool: Spool,
        key: SiteKey,
        cipher: CommentCipher | None = None,
        *,
        flush_interval: float = 0.1,
        retry_interval: float = 0.5,
        queue_size: int = 10_000,
    ) -> None:
        """Start; a database that is down now is waited for in the background."""
        self.key = key
        self.store = store
        self._spool = spool
        self._cipher = cipher
        self._retry_interval = retry_interval
        self._memory = Memory(queue_size, flush_interval)
        self._mode = threading.Lock()  # held to append to the spool or to stop doing so
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._counts = Counts()
        self._complain_at = 0.0
        self._spooling_since: float | None = None
        self._reason = ""
        try:
            store.ping()
        except JournalUnavailable as problem:
            self._failed(problem)
        self._wake.set()  # an earlier process may have left something in the spool
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._replayer = threading.Thread(target=self._replay, name="journal-spool", daemon=True)
        self._writer.start()
        self._replayer.start()

    def record(self, consultation: Consultation) -> None:
        """Take `consultation` to be written soon; wait for nothing and never raise."""
        try:
            taken = self._memory.put(consultation)
            self._counts.add("recorded" if taken else "lost")
            if not taken:
                self._complain("consultations are lost: the journal's queue is full or closed")
        except Exception as problem:
            _log.error("a consultation was not recorded", exception_type=type(problem).__name__)

    def feedback(self, items: Sequence[Reported], client: str) -> FeedbackResult:
        """Store what `client` reports; return only when it is committed.

        Raises:
            JournalUnavailable: nothing was stored; the client has to send it again.
        """
        if not items:
            return FeedbackResult()
        try:
            with self._database():
                result = self.store.write_feedback(
                    [feedback_event(item, client, self.key, self._cipher) for item in items]
                )
        except JournalUnavailable:
            self._counts.add("feedback_refused", len(items))
            raise
        self._counts.add("feedback_new", result.new)
        self._counts.add("feedback_repeated", result.repeated)
        return result

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        """Say whether the token is new, and remember it until after it expires (see `Replays`).

        Raises:
            JournalUnavailable: the database cannot be used now.
        """
        with self._database():
            return self.store.first_use(issuer, jti, expires, call)

    def ready(self) -> tuple[bool, str]:
        """Say whether feedback can be stored now, and if not, why."""
        reason = "The journal is closed." if self._closing.is_set() else self._reason
        return not reason, reason

    def figures(self) -> Figures:
        """Return counts and what is pending, for monitoring."""
        pending, since = self._memory.pending()
        since = min(since, self._spooling_since or since)
        return Figures(
            **self._counts.now(),
            set_aside=self._spool.number_set_aside,
            pending=pending,
            spool_bytes=self._spool.size(),
            lag_seconds=round(time.monotonic() - since, 3),
            reachable=not self._reason,
        )

    def close(self, timeout: float = 5.0) -> None:
        """Write what is in memory, to the spool if the database does not take it, and stop."""
        deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        self._memory.close()
        self._writer.join(max(0.0, deadline - time.monotonic()))
        if self._writer.is_alive():  # it hangs in the database; writing twice changes nothing
            self._keep(self._safe(self._memory.rest()))
        self._replayer.join(max(0.0, deadline - time.monotonic()))
        self._spool.seal()
        self.store.close()

    # --- the writer's thread

    def _write_all(self) -> None:
        while batch := self._memory.take():
            try:
                self._put(self._safe(batch))
            except Exception as problem:
                self._counts.add("lost", len(batch))
                _log.error("consultations are lost", exception_type=type(problem).__name__)

    def _put(self, batch: Sequence[Consultation]) -> None:
        if self._spooling_since is None:
            try:
                self._write(batch)
                return
            except JournalUnavailable as problem:
                self._failed(problem)
        self._keep(batch)

    def _write(self, batch: Sequence[Consultation]) -> None:
        try:
            self.store.write(batch)
        except RefusedByDatabase:
            if len(batch) > 1:
                for event in batch:
                    self._write([event])
                return
            self._spool.set_aside_event(batch[0])
            return
        self._counts.add("written", len(batch))

    def _keep(self, batch: Sequence[Consultation]) -> None:
        """Append `batch` to the spool; from now on all goes there until it is replayed."""
        with self._mode:
            if self._spooling_since is None:
                self._spooling_since = time.monotonic()
                self._wake.set()
            kept = self._spool.append(batch)
        self._counts.add("spooled", kept)
        if kept < len(batch):
            self._counts.add("lost", len(batch) - kept)
            self._complain("consultations are lost: the spool is full")

    def _safe(self, batch: Sequence[Consultation]) -> list[Consultation]:
        """Return what may be written of `batch`; an event of the wrong make costs only itself."""
        safe = []
        for event in batch:
            try:
                safe.append(without_ids(event, self.key))
            except Exception as problem:
                self._counts.add("lost")
                _log.error("a consultation is lost", exception_type=type(problem).__name__)
        return safe

    # --- the thread that looks after the database and the spool

    def _replay(self) -> None:
        while not self._closing.is_set():
            behind = self._spooling_since is not None or self._reason
            self._wake.wait(self._retry_interval if behind else 10 * self._retry_interval)
            self._wake.clear()
            try:
                self.store.ping()
                self._reason = ""
                if self._closing.is_set():
                    return
                for number in self._spool.drain(self.store.write, RefusedByDatabase):
                    self._counts.add("replayed", number)
                    if self._closing.is_set():
                        return
                with self._mode:
                    if self._spool.caught_up():
                        self._spooling_since = None
                    else:  # written meanwhile: go on at once
                        self._wake.set()
            except JournalUnavailable as problem:
                self._failed(problem)
                self._wake.clear()
            except Exception as problem:
                _log.error("the spool is not replayed", exception_type=type(problem).__name__)

    # --- for both

    @contextmanager
    def _database(self) -> Iterator[None]:
        """Refuse at once while the database is known to be down: no request waits for it."""
        if reason := self.ready()[1]:
            raise JournalUnavailable(reason)
        try:
            yield
        except JournalUnavailable as problem:
            self._failed(problem)
            raise

    def _failed(self, problem: JournalUnavailable) -> None:
        """Note that the database is down: from now on events go to the spool."""
        if not self._reason:
            _log.error("the journal is not written", outcome=problem.reason)
        self._reason = problem.reason
        with self._mode:
            if self._spooling_since is None:
                self._spooling_since = time.monotonic()
        self._wake.set()

    def _complain(self, text: str) -> None:
        if time.monotonic() >= self._complain_at:
            self._complain_at = time.monotonic() + _COMPLAIN_EVERY
            _log.error(text, lost=self._counts.now()["lost"])
