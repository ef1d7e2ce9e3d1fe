"""One service with two workers for tests that change nothing in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hook_request import BACK_PAIN, BREAST_CANCER, order, request, resources
from tests.serving.running import Running


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with Running() as service:
        yield service


@pytest.fixture(scope="session")
def body() -> dict[str, Any]:
    """Return a request with a complete prefetch, which is answered with one card."""
    return request(order(), resources(BREAST_CANCER, BACK_PAIN))
