"""What may happen at the same time in one worker: overload is said at once, not waited out.

A call goes through three rooms, each of which holds a fixed number. It *enters* if there is a
place for it at all; its body is *uploaded* without holding anything that others need; it is
*computed* in one of few slots, for which it may wait a little in a queue. A call that waits for a
FHIR server gives its slot back meanwhile. Who finds a room full is told to try again (503 with
Retry-After): calls beyond what can be computed would make all the others late as well.

Health, metrics and discovery are not kept waiting here: there are more threads than places.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, g, request

from cds_service.fhir.reasons import FhirUnavailable, Reason
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import Settings
from cds_service.web.call_log import note
from cds_service.web.slots import Places, Slots

SPARE_THREADS = 6
"""Threads beyond those that calls of the services can hold: for health, metrics and discovery."""

RETRY_SECONDS = 1
_BUSY = "The service has more calls than it can answer in time: try again in a moment."


def places(settings: Settings) -> int:
    """Return how many calls of the services one worker has in hand at most, whatever they do."""
    return settings.compute_slots + 2 * settings.queue_length + settings.fhir_calls


def threads_needed(settings: Settings) -> int:
    """Return the threads with which a worker always has some left for health and discovery."""
    return places(settings) + SPARE_THREADS


class Gate:
    """Says which call may do what now; threads share it.

    `refused` is told why a call is turned away, ``places``, ``uploads``, ``queue`` or ``wait``, or
    that it has to do without reads from FHIR: ``reads``.
    """

    def __init__(
        self, settings: Settings, refused: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self._places = Places(places(settings))
        self._uploads = Places(settings.queue_length + settings.compute_slots)
        self._reads = Places(settings.fhir_calls)
        self._slots = Slots(settings.compute_slots, settings.queue_length, settings.queue_wait)
        self._refused = refused
        self._lock = threading.Lock()
        self._started: dict[int, float] = {}

    @property
    def in_hand(self) -> int:
        """Return how many calls of the services have a place."""
        return self._places.taken

    @property
    def waiting(self) -> int:
        """Return how many calls wait to be computed."""
        return self._slots.waiting

    def load(self) -> tuple[float, int]:
        """Return for how many seconds no slot was free so far, and how many calls waited."""
        return self._slots.full_seconds(), self._slots.waits

    @property
    def oldest_upload(self) -> float:
        """Return for how many seconds the body that takes longest has been arriving; 0 if none."""
        with self._lock:
            started = min(self._started.values(), default=None)
        return 0.0 if started is None else time.monotonic() - started

    def enter(self) -> None:
        """Give the call of this thread a place; `leave` gives it back.

        Raises:
            RequestRefused: 503, there is none.
        """
        if not self._places.take():
            raise self._turned_away("places")

    def leave(self) -> None:
        """Give back the place of a call."""
        self._places.give()

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Surround the reading of a body, which takes as long as the client takes to send it.

        Raises:
            RequestRefused: 503, too many bodies are on their way.
        """
        if not self._uploads.take():
            raise self._turned_away("uploads")
        thread = threading.get_ident()
        with self._lock:
            self._started[thread] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._started[thread]
            self._uploads.give()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Surround the work on a call; wait for a slot, if the queue has room and time.

        Raises:
            RequestRefused: 503, too many calls wait, or this one waited for too long.
        """
        self._take_slot()
        try:
            yield
        finally:
            self._slots.give()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Surround the wait of a computed call for a FHIR server; its slot is others' meanwhile.

        Raises:
            FhirUnavailable: too many calls wait for FHIR servers already.
        """
        if not self._reads.take():
            self._refused("reads")
            raise FhirUnavailable(Reason.TOO_MANY_READS)
        self._slots.give()
        try:
            yield
        finally:
            self._reads.give()
            self._slots.take_back()

    def _take_slot(self) -> None:
        problem = self._slots.take()
        if problem:
            raise self._turned_away(problem)

    def _turned_away(self, reason: str) -> RequestRefused:
        self._refused(reason)
        note(outcome=f"busy-{reason}")
        return RequestRefused(503, "throttled", _BUSY, retry_after=RETRY_SECONDS)


def register(app: Flask, gate: Gate) -> None:
    """Let calls of the services into `app` only while `gate` has a place for them."""

    def enter() -> None:
        if request.method == "POST" and request.blueprint == "services":
            gate.enter()
            g.entered = True

    def leave(_error: BaseException | None) -> None:
        if g.pop("entered", False):
            gate.leave()

    app.before_request(enter)
    app.teardown_request(leave)
