"""What real clients and broken ones send: an answer or a typed refusal, never a fault of ours."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    FEVER,
    PACEMAKER,
    SELECT,
    order,
    request,
    resources,
)

SANDBOX = sorted((Path(__file__).parent.parent / "contract" / "sandbox").glob("order-*.json"))
WHOLE = request(
    order(priority="routine"),
    resources(
        BREAST_CANCER,
        BACK_PAIN,
        FEVER,
        PACEMAKER,
        {"procedure": "snomed-ct 50172003", "date": "2024-10-01"},
        {"medication": "rxnorm 8640", "started": "2026-01-10"},
        {"allergy": "snomed-ct 407976008"},
        {"device-use": "snomed-ct 14106009"},
    ),
)
ODD = st.sampled_from(
    [None, {}, [], "", " ", 0, -1, 1.5, True, "x" * 500, "\u0000", [None], [[]], {"a": {}}, "1e999",
     {"coding": None}, {"coding": [None, {}, 5]}, {"reference": 7}, "2026-02-30", ["a", 1], 10**30]
)  # fmt: skip


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every member and element of a JSON value."""
    found = [here] if here else []
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, part in inner:
        found += places(part, (*here, name))
    return found


PLACES = places(WHOLE)


@pytest.mark.parametrize("recorded", SANDBOX, ids=lambda path: path.stem)
def test_every_recorded_call_of_the_public_sandbox_is_answered(
    service: FlaskClient, recorded: Path
) -> None:
    body = json.loads(recorded.read_text(encoding="utf-8"))
    response = service.post(SELECT, json=body)
    assert response.status_code == 200
    assert isinstance(response.get_json()["cards"], list)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4))
def test_an_odd_value_anywhere_never_becomes_a_fault_of_ours(
    service: FlaskClient, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    body = copy.deepcopy(WHOLE)
    for path, odd in changes:
        holder: Any = body
        try:
            for name in path[:-1]:
                holder = holder[name]
            if not isinstance(holder, list if isinstance(path[-1], int) else dict):
                continue  # an earlier change put something else there
            holder[path[-1]] = copy.deepcopy(odd)  # odd values are shared between examples
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    response = service.post(SELECT, json=body)
    assert response.status_code in (200, 400, 412, 422), response.get_data(as_text=True)
    if response.status_code != 200:
        assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", PLACES, ids=lambda path: "/".join(map(str, path)))
@pytest.mark.parametrize("odd", [None, {}, [], "", 5, [None]], ids=repr)
def test_each_place_may_hold_the_wrong_thing(
    service: FlaskClient, path: tuple[Any, ...], odd: Any
) -> None:
    body = copy.deepcopy(WHOLE)
    holder: Any = body
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = odd
    assert service.post(SELECT, json=body).status_code in (200, 400, 412, 422)


# breaking the patient, or the pacemaker's own records, may rightly silence it
NOT_THE_PACEMAKERS = [
    path
    for path in PLACES
    if "prefetch" in path
    and "resource" in path
    and not {"patient", "devices", "deviceUse"} & {path[1]}
]


@pytest.mark.parametrize("path", NOT_THE_PACEMAKERS, ids=lambda path: "/".join(map(str, path)))
def test_a_broken_record_never_silences_the_pacemaker(
    service: FlaskClient, path: tuple[Any, ...]
) -> None:
    body = copy.deepcopy(WHOLE)
    holder: Any = body
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = None
    cards = service.post(SELECT, json=body).get_json()["cards"]
    assert any(card["indicator"] == "critical" for card in cards)
