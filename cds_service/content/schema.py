"""Does a document have the shape of its kind, said in words an author can act on.

The shapes are the JSON Schemas in ``cards/schemas`` (draft 2020-12). Their own error messages
print Python values; here each becomes an issue at its line with the description from the schema.
"""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from cds_service.content.issue import Issue, issue
from cds_service.content.yaml_places import KeyPath, Positions

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_PACKAGE = Path(__file__).parents[1]
_SUFFIX = ".schema.json"
_HEAD = "head"
_SORTS = {
    "string": "a text",
    "object": "a block of keys",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}


def shipped_content() -> Path | None:
    """Return the content that ships with the service, or None if it was taken out.

    It is inside the package when installed, and beside the package in a source tree.
    """
    places = (_PACKAGE / "_cards", _PACKAGE.parent / "cards")
    return next((place for place in places if (place / "schemas").is_dir()), None)


@cache
def _schemas() -> dict[str, Any]:
    shipped = shipped_content()
    if shipped is None:
        raise FileNotFoundError("the installation holds no schemas of clinical content")
    return {
        path.name.removesuffix(_SUFFIX): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((shipped / "schemas").glob(f"*{_SUFFIX}"))
    }


@cache
def quick_validators() -> dict[str, jsonschema_rs.Draft202012Validator]:
    """Return for each kind of document what says whether it is right, but not in our words.

    It says so a hundred times faster than `validators`, and nearly all documents are right.

    Raises:
        FileNotFoundError: the schemas were taken out of the installation.
    """
    schemas = _schemas()
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas.values()])
    return {
        kind: jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True)
        for kind, schema in schemas.items()
        if kind != _HEAD
    }


@cache
def validators() -> "dict[str, Draft202012Validator]":
    """Return the validator of each kind of document, which says what is wrong and where.

    Raises:
        FileNotFoundError: the schemas were taken out of the installation.
    """
    # these take long to import, and only documents that are wrong need them
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415
    from referencing import Registry, Resource  # noqa: PLC0415

    schemas = _schemas()
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return {
        kind: Draft202012Validator(
            schema, registry=registry, format_checker=FormatChecker(["date"])
        )
        for kind, schema in schemas.items()
        if kind != _HEAD
    }


def validate(data: object, positions: Positions, path: str) -> list[Issue]:
    """Return every way in which the document `data` differs from the shape of its kind."""
    if not isinstance(data, dict):
        hint = "a document starts with a line such as 'kind: value-set'"
        place = positions.at(())
        return [issue(path, place, "SCHEMA001", f"this is {_sort(data)}, not a document", hint)]
    kinds, kind = quick_validators(), data.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        said = (
            "the document does not say its kind" if kind is None else f"unknown kind {_say(kind)}"
        )
        place = positions.at(("kind",))
        return [issue(path, place, "SCHEMA001", said, _choice(kind, list(kinds)))]
    if kinds[kind].is_valid(data):
        return []
    return differences(validators()[kind], data, positions, path)


def differences(
    validator: "Draft202012Validator", data: object, positions: Positions, path: str
) -> list[Issue]:
    """Return every way in which `data` differs from the schema of `validator`, in words."""
    errors = list(validator.iter_errors(data))
    wrong_sort = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    found = dict.fromkeys(
        made
        for error in errors
        if error.validator == "type" or tuple(error.absolute_path) not in wrong_sort
        for made in _rewritten(error, positions, path)
    )
    return sorted(found)


def _rewritten(error: "ValidationError", positions: Positions, path: str) -> Iterator[Issue]:
    """Yield the issues that `error` stands for."""
    where: KeyPath = tuple(error.absolute_path)
    value: Any = error.instance
    wanted: Any = error.validator_value
    schema: Any = error.schema
    place, name = positions.at(where), _name(where)
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", ()))
            for key in value:
                if key not in known:
                    place = positions.key((*where, key))
                    yield issue(
                        path, place, "SCHEMA002", f"unknown key '{key}'", _choice(key, known)
                    )
        case "required":
            for key in wanted:
                if key not in value:
                    meaning = schema["properties"].get(key, {}).get("description", "")
                    yield issue(path, place, "SCHEMA003", f"'{key}' is missing", meaning)
        case "enum":
            yield issue(
                path, place, "SCHEMA004", f"{name} cannot be {_say(value)}", _choice(value, wanted)
            )
        case "type":
            yield _wrong_sort(error, positions, path)
        case "pattern" | "format":
            example = "".join(f", for example {each}" for each in schema.get("examples", ()))
            hint = f"{schema.get('description', 'see the schema')}{example}"
            yield issue(path, place, "SCHEMA006", f"{name} is written as {_say(value)}", hint)
        case "minLength" | "minItems" | "maxLength" | "maxItems" | "minimum" | "maximum":
            hint = schema.get("description", "")
            yield issue(path, place, "SCHEMA008", _out_of_bounds(name, error), hint)
        case "uniqueItems":
            repeated = sorted({_say(entry) for entry in value if value.count(entry) > 1})
            said = f"{name} lists {', '.join(repeated)} more than once"
            yield issue(path, place, "SCHEMA008", said, "list each once")
        case _:
            said = f"{name} does not have the shape it needs"
            yield issue(path, place, "SCHEMA005", said, schema.get("description", ""))


def _wrong_sort(error: "ValidationError", positions: Positions, path: str) -> Issue:
    """Return the issue for a value of the wrong sort."""
    where: KeyPath = tuple(error.absolute_path)
    value: Any = error.instance
    wanted: Any = error.validator_value
    allowed = [wanted] if isinstance(wanted, str) else wanted
    schema: Any = error.schema
    name, place = _name(where), positions.at(where)
    if "string" in allowed and isinstance(value, (int, float)) and not isinstance(value, bool):
        thing = "code" if where and where[-1] == "code" else "value"
        said = f"{name} was read as the number {value}"
        return issue(path, place, "SCHEMA007", said, f'put the {thing} in quotes: "{value}"')
    sorts = " or ".join(_SORTS[each] for each in allowed)
    said = f"{name} has no value" if value is None else f"{name} is {_sort(value)}"
    meaning = schema.get("description", "")
    hint = f"it needs {sorts}" + (f": {meaning}" if meaning else "")
    return issue(path, place, "SCHEMA005", said, hint)


def _out_of_bounds(name: str, error: "ValidationError") -> str:
    limit: Any = error.validator_value
    if error.validator in ("minLength", "minItems"):
        return f"{name} is empty" if limit == 1 else f"{name} needs at least {limit} entries"
    if error.validator in ("maxLength", "maxItems"):
        return f"{name} can have at most {limit}"
    side = "less" if error.validator == "minimum" else "more"
    return f"{name} cannot be {side} than {limit}"


def _name(where: KeyPath) -> str:
    """Return how an author would name the place `where`."""
    if not where:
        return "the document"
    if isinstance(where[-1], str):
        return f"'{where[-1]}'"
    inside = next((key for key in reversed(where) if isinstance(key, str)), "the list")
    return f"entry {where[-1] + 1} of '{inside}'"


def _choice(said: object, allowed: list[Any]) -> str:
    """Return what to write instead of `said`: the nearest word, or all allowed words."""
    near = get_close_matches(str(said), [str(word) for word in allowed], n=1)
    every = f"allowed here: {', '.join(str(word) for word in allowed)}"
    return f"Did you mean '{near[0]}'? {every}" if near else every


def _say(value: object) -> str:
    """Return a short form of `value` for a message."""
    if isinstance(value, (dict, list)) or value is None:
        return _sort(value)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    short = written if len(written) <= _LONGEST_QUOTE else written[:_LONGEST_QUOTE] + "…"
    return f"'{short}'"


_LONGEST_QUOTE = 60


def _sort(value: object) -> str:
    """Return what sort of value `value` is, in an author's words."""
    sorts: list[tuple[type, str]] = [
        (bool, "true or false"),
        (str, "a text"),
        (dict, "a block of keys"),
        (list, "a list"),
        (int, "a number"),
        (float, "a number"),
    ]
    return next((words for sort, words in sorts if isinstance(value, sort)), "empty")
