"""The requests to measure with: always the same, as large and as mixed as they say."""

import json
from collections import Counter

import pytest
from flask.testing import FlaskClient

from tests.bench import charts
from tests.hook_request import SELECT

KIND = {
    "conditions": ["condition"],
    "observations": ["laboratory", "vital"],
    "medications": ["medication"],
    "procedures": ["procedure"],
    "devices": ["device"],
}


def counts(body: bytes) -> Counter[str]:
    prefetch = json.loads(body)["prefetch"]
    return Counter({key: len(prefetch[key]["entry"]) for key in KIND})


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert charts.request(100, hit=True) == charts.request(100, hit=True)
    assert charts.request(100, hit=True) != charts.request(100, hit=False)


@pytest.mark.parametrize("resources", [0, 1, 10, 100, 1000])
def test_a_chart_has_as_many_resources_as_asked_for(resources: int) -> None:
    assert counts(charts.request(resources, hit=True)).total() == resources


def test_a_hundred_resources_are_a_realistic_mix() -> None:
    found, shares = counts(charts.request(100, hit=True)), dict(charts.MIX)
    for key, kinds in KIND.items():
        # the condition that makes the card comes first, so one other resource does not fit in
        assert abs(found[key] - sum(shares[kind] for kind in kinds)) <= 1


def test_ten_resources_hold_several_kinds() -> None:
    assert sum(count > 0 for count in counts(charts.request(10, hit=True)).values()) >= 4


def test_a_resource_is_as_large_as_a_large_ehr_writes_it() -> None:
    more = len(charts.request(1000, hit=True)) - len(charts.request(0, hit=True))
    assert 2000 < more / 1000 < 3000


def test_every_resource_has_an_id_of_its_own() -> None:
    prefetch = json.loads(charts.request(1000, hit=True))["prefetch"]
    ids = [entry["resource"]["id"] for key in KIND for entry in prefetch[key]["entry"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("resources", [10, 100, 1000])
@pytest.mark.parametrize("hit", [True, False])
def test_a_hit_gets_one_card_and_no_hit_none(
    service: FlaskClient, resources: int, hit: bool
) -> None:
    body = charts.request(resources, hit=hit)
    answer = service.post(SELECT, data=body, content_type="application/json")
    assert answer.status_code == 200
    assert [card["source"]["topic"]["code"] for card in answer.get_json()["cards"]] == (
        ["add-contrast"] if hit else []
    )
