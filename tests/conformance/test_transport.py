"""What goes over the wire is strict JSON; what comes over it may be almost anything."""

import copy
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conformance.exchange import (
    CONTRAST,
    SITUATIONS,
    Json,
    actions,
    advice,
    ask,
    members,
)
from tests.hook_request import SELECT

conformance = pytest.mark.conformance


def strict(body: bytes) -> Any:
    """Return the JSON in `body`, in which nothing beyond RFC 8259 is allowed."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(body.decode("utf-8"), parse_constant=refuse)


@conformance(2)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/cds-services", None),
        ("POST", SELECT, json.dumps(CONTRAST)),
        ("POST", SELECT, "{"),
        ("POST", "/cds-services/unknown", "{}"),
        ("PUT", SELECT, "{}"),
        ("GET", "/livez", None),
        ("GET", "/readyz", None),
    ],
)
def test_every_body_is_strict_json_in_utf_8(
    service: FlaskClient, method: str, path: str, body: str | None
) -> None:
    answer = service.open(path, method=method, data=body, content_type="application/json")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert isinstance(strict(answer.data), dict)


@conformance(2, 115)
def test_letters_beyond_ascii_arrive_as_they_were(service: FlaskClient) -> None:
    body = copy.deepcopy(CONTRAST)
    body["prefetch"]["conditions"]["entry"][0]["resource"]["code"]["text"] = "Brustkrebs, Ödem 腫瘍"
    (card,) = ask(service, body)["cards"]
    assert "Brustkrebs, Ödem 腫瘍" in card["detail"]


@conformance(3)
@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json;odata=verbose; x=1", 200),
        ("APPLICATION/JSON", 200),
        ("application/fhir+json", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/json+fhir", 200),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/xml", 415),
        ("application/fhir+xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/octet-stream", 415),
        ("application/jsonp", 415),
    ],
)
def test_json_is_taken_under_its_names_and_nothing_else_is(
    service: FlaskClient, media_type: str, status: int
) -> None:
    answer = service.post(SELECT, data=json.dumps(CONTRAST), content_type=media_type)
    assert answer.status_code == status


@conformance(4, 5, 6)
def test_nothing_sent_is_null_or_empty_but_the_two_lists(
    service: FlaskClient, answers: dict[str, Json]
) -> None:
    discovery = service.get("/cds-services").get_json()
    for whole in [discovery, *answers.values()]:
        for path, value in members(whole):
            if path not in ("/cards", "/services"):
                assert value not in (None, "", [], {}), path
    assert {"cards": []} in answers.values()


@conformance(5)
def test_a_card_without_suggestions_has_no_member_for_them(answers: dict[str, Json]) -> None:
    (held,) = answers["an MRI is to be held, nothing else is rated"]["cards"]
    assert "suggestions" not in held
    assert "selectionBehavior" not in held


@conformance(6, 106, 161)
def test_system_actions_are_left_out_by_default(answers: dict[str, Json]) -> None:
    for whole in answers.values():
        assert set(whole) == {"cards"}


@conformance(7)
def test_a_resource_in_an_action_is_a_fhir_object(all_cards: list[Json]) -> None:
    resources = [action["resource"] for action in actions(all_cards) if "resource" in action]
    assert resources
    for resource in resources:
        assert isinstance(resource, dict)
        assert resource["resourceType"] == "ServiceRequest"


@conformance(8)
@pytest.mark.parametrize("name", SITUATIONS)
def test_unknown_members_change_nothing_anywhere(service: FlaskClient, name: str) -> None:
    surprise = {"com.example.surprise": {"n": [1, None, {"deep": [[]]}]}, "item2": {"resource": {}}}

    def strewn(value: Any) -> Any:
        if isinstance(value, dict):
            return {**{key: strewn(part) for key, part in value.items()}, **surprise}
        if isinstance(value, list):
            return [strewn(part) for part in value]
        return value

    body = SITUATIONS[name]
    plain = advice(service, body)
    odd = advice(service, strewn(body))
    # the order goes back with all its members, unknown ones too
    for action in actions(plain) + actions(odd):
        action.pop("resource", None)
    assert odd == plain


@conformance(9)
def test_a_fault_in_the_body_is_always_the_clients(serve: Any) -> None:
    small = serve(max_body_bytes=4096)
    whole = json.dumps(CONTRAST).encode()
    bodies = {
        413: [b"[" + b"1," * 5000 + b"1]", b'{"hook":"' + b"x" * 5000 + b'"}'],
        400: [b"", b"null", b"[]", b"{", whole[:2000], b"[" * 2000, b"{'hook': 1}", b"\xff\xfe{}",
              b'{"hook": NaN}', b"{} {}", b"// {}"],
    }  # fmt: skip
    for status, each in bodies.items():
        for body in each:
            answer = small.post(SELECT, data=body, content_type="application/json")
            assert answer.status_code == status, body[:40]


@conformance(10)
@pytest.mark.parametrize(
    "made",
    [
        lambda text: text[:-1] + ', "prefetch": null, "prefetch": {}}',
        lambda text: "\ufeff" + text,
        lambda text: text.replace("Malignant", r"\ud800 Malignant"),
        lambda text: text.replace("Malignant", r"\ud83e\uddb4 Malignant"),
        lambda text: text.replace("Malignant", r"\u0000 Malignant"),
    ],
    ids=["a key twice", "a byte order mark", "half a character", "a whole one", "a zero byte"],
)
def test_what_parsers_stumble_over_is_answered(service: FlaskClient, made: Any) -> None:
    body = made(json.dumps(CONTRAST)).encode()
    answer = service.post(SELECT, data=body, content_type="application/json")
    assert answer.status_code in (200, 400, 412)
