"""What a request leaves behind: nothing that only the collector could free."""

import gc
import json
from collections.abc import Iterator

import pytest

from tests.bench import charts
from tests.bench.stages import Application, application
from tests.wsgi import environ

_BODY = charts.request(10, hit=True)


@pytest.fixture(scope="module")
def served() -> Iterator[Application]:
    with application() as made:
        yield made


def ask(served: Application, body: bytes, **changes: str) -> int:
    """Return the status of the answer; what was asked is gone after that."""
    said: list[str] = []
    call = environ(body, **changes)
    b"".join(served(call, lambda status, _headers, _fault=None: said.append(status)))
    return int(said[0][:3])


_CALLS = {
    "answered": (_BODY, {}, 200),
    "not JSON": (b"{", {}, 400),
    "no object": (b"[]", {}, 400),
    "no known hook": (json.dumps({"hook": "patient-view"}).encode(), {}, 400),
    "of another media type": (_BODY, {"CONTENT_TYPE": "text/plain"}, 415),
    "broken off": (_BODY, {"CONTENT_LENGTH": str(len(_BODY) + 1)}, 400),
    "too large": (_BODY, {"CONTENT_LENGTH": str(1 << 40)}, 413),
}


@pytest.mark.parametrize(("body", "changes", "status"), _CALLS.values(), ids=_CALLS)
def test_a_call_leaves_nothing_to_the_collector(
    served: Application, body: bytes, changes: dict[str, str], status: int
) -> None:
    times = 20
    for _ in range(3):  # what is remembered, and made once, is there after that
        assert ask(served, body, **changes) == status
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            ask(served, body, **changes)
        left = gc.collect()
    finally:
        gc.enable()
    assert left < times, f"{left} objects after {times} calls"
