"""Does the file of clients have the right shape, said in words an integrator can act on."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

KeyPath = tuple[str | int, ...]
Problem = tuple[KeyPath, str]

_SCHEMA = Path(__file__).with_name("clients.schema.json")
_SORTS = {
    "string": "a text",
    "object": "a block of keys",
    "array": "a list",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def _validator() -> "Draft202012Validator":
    # it takes long to import, and not every site has a file of clients
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def problems_of_shape(data: object) -> list[Problem]:
    """Return every way in which `data` differs from ``clients.schema.json``, with its place."""
    errors = list(_validator().iter_errors(data))
    wrong_sort = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    return [
        problem
        for error in errors
        if error.validator == "type" or tuple(error.absolute_path) not in wrong_sort
        for problem in _in_words(error)
    ]


def shown(path: KeyPath) -> str:
    """Return `path` as an integrator would write it, such as ``clients[0].jwks.keys[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _in_words(error: "ValidationError") -> Iterator[Problem]:
    where: KeyPath = tuple(error.absolute_path)
    value: Any = error.instance
    wanted: Any = error.validator_value
    schema: Any = error.schema
    hint = f"; it is {schema['description']}" if "description" in schema else ""
    match error.validator:
        case "additionalProperties":
            known = list(schema["properties"])
            for key in value:
                if key not in known:
                    yield (*where, key), f"there is no key {key!r} here{_choice(key, known)}"
        case "required":
            for key in wanted:
                if key not in value:
                    yield where, f"'{key}' is missing"
        case "enum":
            said = f"{_say(value)} cannot be used here"
            yield where, f"{said}{_choice(value, wanted)}{_quotes(value, wanted)}"
        case "type":
            needed = _SORTS[wanted]
            yield where, f"this needs {needed}{_quotes(value, (str(value),))}{hint}"
        case "uniqueItems":
            repeated = next(item for item in value if value.count(item) > 1)
            yield where, f"{_say(repeated)} is listed twice"
        case "minItems":
            yield where, f"this list is empty{hint}"
        case _:
            yield where, f"{_say(value)} cannot be used here{hint}"


def _choice(given: object, allowed: list[str]) -> str:
    near = get_close_matches(str(given), allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(allowed)}"


def _quotes(given: object, allowed: tuple[str, ...] | list[str]) -> str:
    """Return the advice for what YAML reads as a number because it has no quotes."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return f' (put quotes around it: "{given}")' if number and str(given) in allowed else ""


def _say(value: object) -> str:
    """Return `value` as it can be shown: shortened, and nothing of a block that holds keys."""
    if isinstance(value, dict | list):
        return "this"
    return repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:80]}…"  # noqa: PLR2004
