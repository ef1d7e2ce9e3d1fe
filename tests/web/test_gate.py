"""What may happen at the same time, and who is turned away."""

import threading

import pytest

from cds_service.fhir.reasons import FhirUnavailable, Reason
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import Settings
from cds_service.web import gate as gates
from cds_service.web.gate import Gate, places, threads_needed
from tests.fhir_server import wait_until

WAIT = 60


@pytest.fixture
def told(monkeypatch):
    monkeypatch.setattr(gates, "note", lambda **_facts: None)
    return []


def gate(told, **settings):
    return Gate(Settings(**{"compute_slots": 1, "queue_length": 2, **settings}), told.append)


class Computing(threading.Thread):
    """A call that is computed until it is told to end."""

    def __init__(self, gate, log=None, name=""):
        super().__init__()
        self.gate, self.log, self.label = gate, log if log is not None else [], name
        self.go_on = threading.Event()
        self.begun = threading.Event()
        self.refused = None
        self.start()

    def run(self):
        try:
            with self.gate.computing():
                self.log.append(self.label)
                self.begun.set()
                self.go_on.wait(WAIT)
        except RequestRefused as refused:
            self.refused = refused

    def finish(self):
        self.go_on.set()
        self.join(WAIT)


def test_calls_are_computed_in_the_order_in_which_they_came(told):
    made, log = gate(told, queue_wait=WAIT), []
    calls = []
    for number in range(3):
        calls.append(Computing(made, log, number))
        assert wait_until(lambda: made.waiting == max(0, len(calls) - 1))
    for call in calls:
        call.finish()
    assert log == [0, 1, 2]


def test_a_call_for_which_the_queue_has_no_room_is_turned_away_at_once(told):
    made = gate(told, queue_length=0)
    first = Computing(made)
    assert first.begun.wait(WAIT)
    with pytest.raises(RequestRefused) as refused, made.computing():
        pass
    first.finish()
    assert (refused.value.status, refused.value.issue_code) == (503, "throttled")
    assert refused.value.retry_after >= 1
    assert told == ["queue"]


def test_a_call_that_waits_too_long_is_turned_away_and_leaves_the_queue(told):
    made = gate(told, queue_wait=0.05)
    first = Computing(made)
    assert first.begun.wait(WAIT)
    second = Computing(made)
    second.join(WAIT)
    assert second.refused.status == 503
    assert (told, made.waiting) == (["wait"], 0)
    first.finish()
    with made.computing():
        pass


def test_a_slot_is_given_back_whatever_happens_in_it(told):
    made = gate(told)
    for _ in range(3):
        with pytest.raises(ValueError, match="of the call"), made.computing():
            raise ValueError("of the call")
    with made.computing():
        pass


def test_a_call_that_waits_for_fhir_lets_others_compute_and_then_goes_before_them(told):
    made, log = gate(told, queue_wait=WAIT), []

    def end_once_waited_for():
        wait_until(lambda: made._slots._returning)
        running.go_on.set()

    with made.computing():
        with made.reading():
            running = Computing(made, log, "other")
            assert running.begun.wait(WAIT), "the slot was free"
            next_one = Computing(made, log, "next")
            assert wait_until(lambda: made.waiting == 1)
            ending = threading.Thread(target=end_once_waited_for)
            ending.start()
        log.append("back")
    ending.join(WAIT)
    next_one.finish()
    assert log == ["other", "back", "next"]


def test_a_read_that_fails_gives_the_slot_back_too(told):
    made = gate(told)
    with pytest.raises(OSError, match="of the read"), made.computing(), made.reading():
        raise OSError("of the read")
    with made.computing(), made.reading():
        pass


def test_calls_beyond_those_that_may_wait_for_fhir_do_not_read(told):
    made = gate(told, compute_slots=2, fhir_calls=1)
    with made.computing(), made.reading():
        with made.computing(), pytest.raises(FhirUnavailable) as problem, made.reading():
            pass
        assert problem.value.reason is Reason.TOO_MANY_READS
        assert told == ["reads"]
    with made.computing(), made.reading():
        pass


def test_there_are_places_for_all_that_may_wait_and_no_more(told):
    settings = Settings(compute_slots=1, queue_length=2, fhir_calls=1)
    made = Gate(settings, told.append)
    for _ in range(places(settings)):
        made.enter()
    with pytest.raises(RequestRefused):
        made.enter()
    assert told == ["places"]
    made.leave()
    made.enter()
    assert threads_needed(settings) > places(settings), "some are left for health"


def test_bodies_on_their_way_are_bounded_and_the_oldest_is_known(told):
    made = gate(told, queue_length=0)
    assert made.oldest_upload == 0
    with made.uploading():
        assert wait_until(lambda: made.oldest_upload > 0)
        with pytest.raises(RequestRefused), made.uploading():
            pass
    assert (told, made.oldest_upload) == (["uploads"], 0)


def test_the_time_without_a_free_slot_and_the_calls_that_waited_are_counted(told):
    made = gate(told, compute_slots=2, queue_wait=WAIT)
    first = Computing(made)
    assert first.begun.wait(WAIT)
    assert made.load() == (0.0, 0), "one of two slots is free"
    second, third = Computing(made), Computing(made)
    assert wait_until(lambda: made.waiting == 1)
    seconds, waits = made.load()
    assert seconds > 0
    assert waits == 1
    assert wait_until(lambda: made.load()[0] > seconds), "it goes on while no slot is free"
    for call in (first, second, third):
        call.finish()
    assert made.load() == made.load(), "it stands still while one is"


def test_a_call_is_in_hand_from_its_place_to_its_answer(told):
    made = gate(told)
    made.enter()
    made.enter()
    assert made.in_hand == 2
    made.leave()
    made.leave()
    assert made.in_hand == 0


def test_whoever_reads_the_figures_is_no_call_in_flight(serve):
    client = serve()
    client.post("/cds-services/imaging-order-select", data="{", content_type="application/json")
    assert "cds_calls_in_flight 0.0" in client.get("/metrics").text
