"""Thousands of real-looking requests with something wrong: each gets an answer, none a fault.

``FUZZ_BODIES=10000 pytest tests/fuzz -s`` tries ten thousand, and ``FUZZ_SEED`` others than before.
"""

import os
import time
from collections import Counter

import pytest
from flask import Flask

from tests.conformance.openapi import CheckedClient
from tests.fuzz.bodies import call
from tests.fuzz.conftest import BODIES

SEED = int(os.environ.get("FUZZ_SEED", "1"))
LONGEST = 5.0
"""Seconds of work after which an answer counts as a hang, however many other things go on."""
HANGS = 60.0
"""Seconds after which one that does nothing does."""
EXPECTED = {200, 400, 404, 412, 413, 415, 422}


@pytest.mark.conformance(8, 9, 103, 168, 169)
def test_no_body_does_harm(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    client = CheckedClient(app, app.response_class)
    statuses: Counter[int] = Counter()
    with_cards = 0
    slowest = 0.0
    for number in range(BODIES):
        address, body, kind = call(number, SEED)
        start, work = time.perf_counter(), time.thread_time()
        answer = client.post(address, data=body, content_type=kind)
        spent, worked = time.perf_counter() - start, time.thread_time() - work
        made = f"body {number} of seed {SEED}: tests.fuzz.bodies.call({number}, {SEED})"
        assert answer.status_code in EXPECTED, f"{made} -> {answer.status_code}"
        assert worked < LONGEST, f"{made} took {worked:.1f} s of work"
        assert spent < HANGS, f"{made} took {spent:.1f} s"
        statuses[answer.status_code] += 1
        with_cards += answer.status_code == 200 and answer.data != b'{"cards":[]}'
        slowest = max(slowest, spent)
    with capsys.disabled():
        counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
        print(
            f"\n{BODIES} mutated bodies: {counts}; {with_cards} answers with cards;"
            f" slowest {slowest * 1000:.0f} ms"
        )
    assert statuses[200] > BODIES / 5, "most mutations should still reach the advisor"
    assert with_cards > BODIES / 10


def test_a_body_can_be_made_again() -> None:
    assert call(7, 3) == call(7, 3)
    assert call(7, 3) != call(8, 3)
