"""Connections move from a worker whose calls wait to one that has time."""

import http.client
import json
import threading
import time
from collections.abc import Iterator

import pytest

from cds_service.serving.balance import Balance, Load
from tests.serving.slow import SELECT, Service, call_that_takes

WAIT = 120
LEAST_CLIENTS = 4
"""So many that some wait while others are computed: a slow worker computes two at once."""


# --- when


def turn(balance: Balance, number: int, *, busy: float, other: float, waits: int = 1) -> bool:
    """Say whether a connection moves after a turn in which two workers were busy for such parts."""
    at = 100.0 + number
    own = Load(at, 7.0 + number * busy, 40 + number * waits)
    balance.look(own, [Load(at + 0.1, 3.0 + number * other)])
    return balance.moves_one()


def moves(**parts: float) -> list[bool]:
    """Return for three turns whether a connection moves."""
    balance = Balance()
    turn(balance, 0, **parts)  # type: ignore[arg-type]
    return [turn(balance, number, **parts) for number in (1, 2, 3)]  # type: ignore[arg-type]


def test_a_busy_worker_lets_go_of_a_connection_from_the_second_turn_on() -> None:
    assert moves(busy=1.0, other=0.4) == [False, True, True]


def test_where_all_are_busy_nothing_moves() -> None:
    assert not any(moves(busy=1.0, other=0.95))


def test_a_worker_that_has_time_itself_lets_go_of_none() -> None:
    assert not any(moves(busy=0.4, other=0.0))


def test_where_no_call_had_to_wait_nothing_moves() -> None:
    assert not any(moves(busy=0.9, other=0.0, waits=0))


def test_a_difference_that_is_over_at_the_next_turn_moves_nothing() -> None:
    still = Balance()
    turn(still, 0, busy=1.0, other=0.2)
    assert not turn(still, 1, busy=1.0, other=0.2)
    still.look(Load(102.0, 9.0, 42), [Load(102.1, 4.2)])  # the other was busy all the time
    assert not still.moves_one()


def test_one_connection_moves_in_a_turn() -> None:
    balance = Balance()
    for number in range(2):
        turn(balance, number, busy=1.0, other=0.0)
    balance.look(Load(102.0, 9.0, 42), [Load(102.1, 3.0)])
    assert [balance.moves_one() for _ in range(3)] == [True, False, False]


def test_a_worker_that_tells_nothing_any_more_is_not_taken_for_an_idle_one() -> None:
    balance = Balance()
    for number in range(4):
        balance.look(Load(100.0 + number, 1.0 * number, number), [Load(100.0)])
        assert not balance.moves_one()


def test_the_only_worker_lets_go_of_none() -> None:
    balance = Balance()
    for number in range(4):
        balance.look(Load(100.0 + number, 1.0 * number, number), [])
        assert not balance.moves_one()


def test_a_successor_that_begins_anew_counts_as_idle() -> None:
    balance = Balance()
    for number, other in enumerate((60.0, 60.9, 0.1, 0.2)):
        balance.look(Load(100.0 + number, 1.0 * number, number), [Load(100.0 + number, other)])
    assert balance.moves_one()


# --- real connections


class Client(threading.Thread):
    """Asks on one connection again and again; notes each time that it had to connect anew."""

    def __init__(
        self, service: Service, connection: http.client.HTTPConnection, seconds: float
    ) -> None:
        super().__init__()
        self.service, self.connection, self.seconds = service, connection, seconds
        self.moves = 0
        self.statuses: set[int] = set()
        self.over = threading.Event()

    def run(self) -> None:
        body = json.dumps(call_that_takes(self.seconds))
        while not self.over.is_set():
            if self.connection.sock is None:
                self.moves += 1
                self.connection.connect()
            self.connection.request("POST", SELECT, body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
            self.statuses.add(answer.status)

    def worker(self) -> int | None:
        line = self.connection.sock
        try:
            return None if line is None else self.service.worker_of(line.getsockname()[1])
        except OSError:  # it was closed meanwhile: the client moves
            return None


def end(asking: list[Client]) -> None:
    """Let all of them end at once: one by one, those of one worker would go on alone."""
    for client in asking:
        client.over.set()
    for client in asking:
        client.join(WAIT)
        client.connection.close()


def clients(service: Service, shares: tuple[int, int], seconds: float = 0.05) -> list[Client]:
    """Return clients of whom so many are connected to the one worker, and to the other.

    Each of their calls takes so many seconds.
    """
    left = dict(zip(service.workers, shares, strict=True))
    found = []
    while any(left.values()):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=WAIT)
        connection.request("GET", "/livez")
        connection.getresponse().read()
        client = Client(service, connection, seconds)
        worker = client.worker()
        if worker is not None and left[worker]:
            left[worker] -= 1
            found.append(client)
        else:
            connection.close()
    return found


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(workers=2) as running:
        yield running


def test_clients_that_all_came_to_one_worker_are_spread_and_none_is_refused(
    service: Service,
) -> None:
    asking = clients(service, (2 * LEAST_CLIENTS, 0))
    for client in asking:
        client.start()
    try:
        deadline = time.monotonic() + WAIT
        while {client.worker() for client in asking} < set(service.workers):
            assert time.monotonic() < deadline, "all clients stayed with one worker"
            time.sleep(0.1)
    finally:
        end(asking)
    assert sum(client.moves for client in asking) >= 1
    assert set().union(*(client.statuses for client in asking)) == {200}


def test_clients_that_are_spread_already_stay_where_they_are(service: Service) -> None:
    # long enough for a client that is answered to ask again while others keep its worker busy,
    # on a slow machine too: a worker with nothing to do is told apart by that
    asking = clients(service, (LEAST_CLIENTS, LEAST_CLIENTS), seconds=0.3)
    for client in asking:
        client.start()
    time.sleep(3)  # six turns
    end(asking)
    assert [client.moves for client in asking] == [0] * len(asking)
