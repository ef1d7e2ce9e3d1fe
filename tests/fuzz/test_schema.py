"""What docs/openapi.yaml allows, and what it forbids, tried by machine on the whole service."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings

from tests.conformance.openapi import document
from tests.fuzz.conftest import BODIES

schemathesis = pytest.importorskip("schemathesis")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
MODES = [*schemathesis.GenerationMode]
STATUSES: Counter[int] = Counter()
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
KINDS = [
    (operation, mode)
    for operation in OPERATIONS
    for mode in MODES
    if mode.value == "positive" or operation.method == "post"
]


@pytest.mark.conformance(9, 168, 169)
@pytest.mark.parametrize(
    ("operation", "mode"), KINDS, ids=[f"{each.label} {mode.value}" for each, mode in KINDS]
)
def test_every_answer_is_one_that_is_described(operation, mode, app: Flask) -> None:
    def local(environ: Any, start: Any) -> Iterable[bytes]:
        """Call the service as a program on its own machine does."""
        return app(environ | {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1"}, start)

    checks = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]

    @settings(
        max_examples=max(20, BODIES // 10),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case) -> None:
        answer = case.call(app=local)
        STATUSES[answer.status_code] += 1
        case.validate_response(answer, checks=checks, transport_kwargs={"app": local})

    every()


def test_the_statuses_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        counts = ", ".join(f"{status}: {count}" for status, count in sorted(STATUSES.items()))
        print(f"\n{STATUSES.total()} calls made from the schema: {counts}")
    if STATUSES:  # none if only this test runs
        assert not {401, 403} & set(STATUSES), "nothing would be tried but the gate"
        assert STATUSES[200]
    assert not {status for status in STATUSES if status >= 500}
