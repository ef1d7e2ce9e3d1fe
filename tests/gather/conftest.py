from typing import Any

import pytest

from cds_service.gather.chart import gather
from cds_service.settings import Settings
from tests.gather.records import ContentStandIn, Json, request


@pytest.fixture
def chart_of():
    """Return a function that gathers a chart from prefetch, a server, or both."""

    def make(
        prefetch: Json | None = None,
        server: str = "",
        token: str = "",
        patient: str = "ada",
        content: Any = None,
        **settings: Any,
    ):
        call = request(prefetch, server, token, patient)
        return gather(
            call, content or ContentStandIn(), Settings(**{"fhir_deadline": 60.0, **settings})
        )

    return make
