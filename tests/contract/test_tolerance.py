"""Whatever a client sends, the answer is a status from the closed list and never 500."""

import copy
import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SELECT = "/cds-services/imaging-order-select"
EXPECTED = {200, 400, 412, 413, 415, 422}
STUDY = json.loads(
    (Path(__file__).parent / "sandbox" / "order-select-study-and-reason.json").read_bytes()
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["resourceType", "id", "reference", "coding", "entry", "resource", "x"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
fuzz = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def post(client, body: bytes):
    return client.post(SELECT, data=body, content_type="application/json")


def places(value, path=()):
    """Yield the path of every member and item within `value`."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def put(value, path, new):
    changed = copy.deepcopy(value)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = new
    return changed


PLACES = [path for path in places(STUDY) if path[0] != "prefetch" or len(path) < 4]


@fuzz
@given(body=st.binary(max_size=200))
def test_any_bytes_are_answered(client, body):
    assert post(client, body).status_code in EXPECTED


@fuzz
@given(body=json_values)
def test_any_json_is_answered(client, body):
    assert post(client, json.dumps(body).encode()).status_code in EXPECTED


@fuzz
@given(path=st.sampled_from(PLACES), value=json_values)
def test_a_real_call_with_anything_in_any_place_is_answered(client, path, value):
    answer = post(client, json.dumps(put(STUDY, path, value)).encode())
    assert answer.status_code in EXPECTED


@pytest.mark.parametrize("value", [None, {}, [], "", 0, [None], [[]], {"": {}}], ids=repr)
def test_a_real_call_with_an_empty_thing_in_any_place_is_answered(client, value):
    for path in PLACES:
        answer = post(client, json.dumps(put(STUDY, path, value)).encode())
        assert answer.status_code in EXPECTED, path


def test_a_real_call_cut_off_anywhere_is_refused(client):
    body = json.dumps(STUDY).encode()
    for end in random.Random(1).sample(range(len(body)), 100):
        assert post(client, body[:end]).status_code == 400


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_one_hundred_thousand_levels_of_nesting_are_refused(client, opening, closing):
    body = b'{"hook":' + opening * 100_000 + b"1" + closing * 100_000 + b"}"
    assert post(client, body).status_code == 400


def test_unknown_members_at_every_level_give_the_same_answer(client, advisor, call):
    advisor.cards = [{"summary": "A card"}]
    plain = post(client, json.dumps(call).encode())
    body = copy.deepcopy(call)
    for path in [(), *places(call)]:
        target = body
        for key in path:
            target = target[key]
        if isinstance(target, dict):
            target["com.example.surprise"] = {"n": [1, None, {"x": []}]}
    odd = post(client, json.dumps(body).encode())
    assert (odd.status_code, odd.data) == (plain.status_code, plain.data) == (200, plain.data)
    assert b"A card" in odd.data


OPTIONAL = {
    "prefetch": {"patient": {"resourceType": "Patient", "id": "pat-1"}},
    "fhirServer": "https://ehr.example/fhir",
    "fhirAuthorization": {"access_token": "t", "token_type": "Bearer"},
    "extension": {"com.example": [1, "x", None]},
}


@pytest.mark.parametrize(
    "present",
    [set(names) for size in range(5) for names in itertools.combinations(OPTIONAL, size)],
    ids=lambda names: " ".join(sorted(names)) or "none",
)
def test_each_optional_member_may_be_absent_but_a_token_needs_its_server(client, call, present):
    call |= {name: OPTIONAL[name] for name in present}
    refused = "fhirAuthorization" in present and "fhirServer" not in present
    assert post(client, json.dumps(call).encode()).status_code == (400 if refused else 200)


def test_a_member_given_twice_is_answered(client, call):
    body = json.dumps(call)[:-1] + ', "hook": "order-sign", "hookInstance": "again"}'
    assert post(client, body.encode()).status_code == 200
