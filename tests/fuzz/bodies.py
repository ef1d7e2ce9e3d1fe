"""Bodies like those real clients send, and what can go wrong with them.

Each body is a real-looking request with a few changes. All follows from one number, so that a
body that does harm can be made again.
"""

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance.exchange import SITUATIONS

Json = dict[str, Any]

_RECORDED = Path(__file__).parent.parent / "contract" / "sandbox"
SEEDS: list[Json] = [
    *SITUATIONS.values(),
    *(json.loads(path.read_bytes()) for path in sorted(_RECORDED.glob("order-*.json"))),
]
"""Requests of every situation, and those recorded from a real client."""

_ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, -0.0, "", " ", "x", "x" * 3000, "\u0000", "\ufeff", "﷽",
    "e\u0301\u202e", "null", "NaN", "1e999", "2026-02-30", "0000-00-00", "9999-12-31T24:00:00Z",
    "Patient/", "/", "#", "urn:uuid:", "http://", "Patient/case-patient/_history/", "../../etc",
    "entered-in-error", "http://loinc.org", "30679-5", "snomed", {}, [], [None], [[]], [{}],
    {"": {}}, {"coding": None}, {"coding": [None, 5, {}]}, {"coding": {"code": "x"}},
    {"reference": 7}, {"reference": "#"}, {"resourceType": 5},
    {"resourceType": "Bundle", "entry": {"resource": []}},
    {"resourceType": "OperationOutcome", "issue": "x"}, {"text": {"text": "x"}}, {"value": "38,6"},
    {"start": "x", "end": None}, [1, "a", None, {}],
    {"response": {"status": "404"}, "resource": {}},
]  # fmt: skip

_DEEPEST = 40
"""How far down changes are made; what is buried deeper stays as it is."""

_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/fhir+json",
    "application/json+fhir",
]
_OTHER_TYPES = ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x", ""]


def call(number: int, seed: int) -> tuple[str, bytes, str]:
    """Return address, body and media type of one call."""
    dice = random.Random(f"{seed}:{number}")
    body = copy.deepcopy(dice.choice(SEEDS))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        dice.choice(_CHANGES)(body, dice)
    hook = "sign" if dice.random() < 0.3 else "select"
    ascii_only = dice.random() < 0.5
    try:
        text = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    except RecursionError:  # buried several times over
        text = b'{"hook":' * 2000
    if dice.random() < 0.1:
        text = dice.choice(_TEXT_CHANGES)(text, dice)
    kind = dice.choice(_OTHER_TYPES) if dice.random() < 0.02 else dice.choice(_TYPES)
    feedback = "/feedback" if dice.random() < 0.02 else ""
    return f"/cds-services/imaging-order-{hook}{feedback}", text, kind


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each value inside `value`, down to a certain depth."""
    found = [here] if here else []
    if len(here) > _DEEPEST:
        return found
    if isinstance(value, dict):
        for name, part in value.items():
            found += places(part, (*here, name))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            found += places(part, (*here, place))
    return found


def _somewhere(body: Json, dice: random.Random) -> tuple[Any, Any]:
    """Return a container within `body` and the name or place of one of its members."""
    found = places(body)
    if not found:
        body["x"] = None
        return body, "x"
    path = dice.choice(found)
    holder: Any = body
    for name in path[:-1]:
        holder = holder[name]
    return holder, path[-1]


def _replace(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    holder[name] = copy.deepcopy(dice.choice(_ODD))


def _remove(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    del holder[name]


def _wrap(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    holder[name] = dice.choice(([holder[name]], {"value": holder[name]}, [holder[name], None]))


def _unwrap(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    if isinstance(holder[name], list) and holder[name]:
        holder[name] = holder[name][0]


def _repeat(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    if isinstance(holder[name], list):
        holder[name] = holder[name] * dice.choice((2, 50))


def _transplant(body: Json, dice: random.Random) -> None:
    """Put a part of another request in the place of some part."""
    holder, name = _somewhere(body, dice)
    other, inner = _somewhere(copy.deepcopy(dice.choice(SEEDS)), dice)
    holder[name] = other[inner]


def _rename(body: Json, dice: random.Random) -> None:
    holder, name = _somewhere(body, dice)
    if isinstance(holder, dict):
        holder[dice.choice(("", "x", name.upper(), f"_{name}", "resourceType"))] = holder.pop(name)


def _text(body: Json, dice: random.Random) -> None:
    """Change one letter of a string."""
    holder, name = _somewhere(body, dice)
    if isinstance(holder[name], str) and holder[name]:
        place = dice.randrange(len(holder[name]))
        letter = dice.choice("\u0000 /?#&%\\\"'<>{}|é骨🦴\u2028")
        holder[name] = holder[name][:place] + letter + holder[name][place + 1 :]


def _bury(body: Json, dice: random.Random) -> None:
    """Nest something deeper than anybody does."""
    holder, name = _somewhere(body, dice)
    value = holder[name]
    for _ in range(dice.choice((10, 40, 80, 500))):
        value = [value] if dice.random() < 0.5 else {"a": value}
    holder[name] = value


def _access(body: Json, dice: random.Random) -> None:
    """Offer a FHIR server, none of which there is."""
    body["fhirServer"] = dice.choice(
        ("http://127.0.0.1:9/fhir", "http://localhost:9", "https://ehr.example/fhir", "file:///x",
         "http://127.0.0.1:99999/", "http://[::1", "http://user:pass@127.0.0.1:9", "\\\\x", "?")
    )  # fmt: skip
    body["fhirAuthorization"] = dice.choice(
        ({"access_token": "t", "token_type": "Bearer"}, {"access_token": "\n"}, {}, [], "x", None)
    )


def _unprefetch(body: Json, dice: random.Random) -> None:
    prefetch = body.get("prefetch")
    if isinstance(prefetch, dict):
        for key in list(prefetch):
            if dice.random() < 0.4:
                prefetch[key] = dice.choice((None, {}, {"resourceType": "OperationOutcome"}))


_CHANGES: list[Callable[[Json, random.Random], None]] = [
    _replace, _replace, _replace, _remove, _remove, _wrap, _unwrap, _repeat, _transplant,
    _transplant, _rename, _text, _text, _bury, _access, _unprefetch,
]  # fmt: skip


def _cut(text: bytes, dice: random.Random) -> bytes:
    return text[: dice.randrange(len(text))]


def _flip(text: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(text))
    return text[:place] + bytes([dice.randrange(256)]) + text[place + 1 :]


def _double(text: bytes, dice: random.Random) -> bytes:
    return text + dice.choice((b"", b" ", b",")) + text


def _again(text: bytes, dice: random.Random) -> bytes:
    """Give a member twice."""
    member = dice.choice((b'"hook":"order-sign"', b'"context":{}', b'"prefetch":null', b'"x":1'))
    return text.rstrip()[:-1] + b"," + member + b"}"


def _number(text: bytes, dice: random.Random) -> bytes:
    """Put a number no program likes in the place of the first one."""
    odd = dice.choice((b"1e400", b"-1E-400", b"0.1e99999999", b"9" * 5000, b"NaN", b"-Infinity"))
    return text.replace(b": 1", b": " + odd, 1)


_TEXT_CHANGES: list[Callable[[bytes, random.Random], bytes]] = [
    _cut,
    _flip,
    _double,
    _again,
    _number,
]
