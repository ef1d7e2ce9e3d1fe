"""Small words for the tests here: ask the service, look through what it says."""

import copy
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient

from tests.hook_request import (
    BACK_PAIN,
    BONE_SCAN,
    BREAST_CANCER,
    CONDITIONAL_PACEMAKER,
    FEVER,
    MRI_WITHOUT_AND_WITH,
    PACEMAKER,
    RADIOGRAPH,
    SELECT,
    SIGN,
    order,
    request,
    resources,
)

Json = dict[str, Any]

RED_FLAGS = (BREAST_CANCER, BACK_PAIN, FEVER)
SADDLE = {"condition": "snomed-ct 449813001", "onset": "2026-11-21"}
RETENTION = {"condition": "snomed-ct 267064002", "onset": "2026-11-21"}

SITUATIONS: dict[str, Json] = {
    "contrast is to be added": request(order(priority="routine"), resources(*RED_FLAGS)),
    "another study is better": request(order(BONE_SCAN), resources(*RED_FLAGS)),
    "an MRI is to be held": request(order(), resources(*RED_FLAGS, PACEMAKER)),
    "an MRI is to be held, nothing else is rated": request(
        order("cpt 73721", reasons=[]), resources(PACEMAKER)
    ),
    "a device has its labelling": request(
        order(MRI_WITHOUT_AND_WITH), resources(*RED_FLAGS, CONDITIONAL_PACEMAKER)
    ),
    "it cannot wait": request(order(priority="routine"), resources(BACK_PAIN, SADDLE, RETENTION)),
    "radiographs come first": request(order(RADIOGRAPH), resources(*RED_FLAGS)),
    "no imaging is needed": request(order(), resources(BACK_PAIN, patient={})),
    "a source failed": request(
        order(),
        resources(BACK_PAIN, patient={}),
        prefetch={"patient": resources(patient={})[0]},
    ),
    "two orders are signed": request(
        [{**order(), "id": "one"}, {**order(BONE_SCAN), "id": "two"}],
        resources(*RED_FLAGS, PACEMAKER),
        hook="order-sign",
    ),
    "the order is right": request(order(MRI_WITHOUT_AND_WITH), resources(*RED_FLAGS)),
    "it is no imaging": request(order("loinc 718-7"), resources(*RED_FLAGS)),
}
"""Requests that together lead to every kind of card, and to none."""


def ask(service: FlaskClient, body: Json, url: str = SELECT) -> Json:
    """Return the whole answer to `body`, which must be a success."""
    answer = service.post(SIGN if body.get("hook") == "order-sign" else url, json=body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    whole: Json = answer.get_json()
    return whole


def cards(service: FlaskClient, body: Json) -> list[Json]:
    """Return the cards for `body`."""
    found: list[Json] = ask(service, body)["cards"]
    return found


def advice(service: FlaskClient, body: Json) -> list[Json]:
    """Return the cards for `body` without the ids that are new in every answer."""
    found: list[Json] = without_ids(cards(service, body))
    return found


def without_ids(value: Any) -> Any:
    """Return a value of an answer without uuids."""
    if isinstance(value, dict):
        return {name: without_ids(part) for name, part in value.items() if name != "uuid"}
    if isinstance(value, list):
        return [without_ids(part) for part in value]
    return value


def decisions(found: list[Json]) -> list[Any]:
    """Return what cards decide, without their words: topic, urgency, and what is offered."""
    return [
        (
            card["source"]["topic"]["code"],
            card["indicator"],
            [
                [
                    (action["type"], action.get("resource", {}).get("code"))
                    for action in suggestion["actions"]
                ]
                for suggestion in card.get("suggestions", [])
            ],
        )
        for card in found
    ]


def members(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every member of an answer with its path; not those of resources we send back."""
    yield path, value
    if isinstance(value, dict):
        for name, part in value.items():
            if name != "resource":
                yield from members(part, f"{path}/{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from members(part, f"{path}/{place}")


def actions(found: list[Json]) -> list[Json]:
    """Return every action of every suggestion of `found` cards."""
    return [
        action
        for card in found
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
    ]


def changed(body: Json, *path: Any, to: Any) -> Json:
    """Return a copy of `body` with the member at `path` set to `to`."""
    whole = copy.deepcopy(body)
    holder: Any = whole
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = to
    return whole


def without(body: Json, *path: Any) -> Json:
    """Return a copy of `body` without the member at `path`."""
    whole = copy.deepcopy(body)
    holder: Any = whole
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return whole


def draft(body: Json, place: int = 0) -> Json:
    """Return one draft order of `body`."""
    found: Json = body["context"]["draftOrders"]["entry"][place]["resource"]
    return found


CONTRAST = SITUATIONS["contrast is to be added"]
HELD = SITUATIONS["an MRI is to be held"]
