"""A reader of the Bundle that knows FHIR and nothing of the program that wrote it."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


class Exported:
    """A Bundle, its resources by type and id, and their extensions by name."""

    def __init__(self, made: Json, base: str) -> None:
        self.bundle = made
        self.base = base
        self.resources = {
            (entry["resource"]["resourceType"], entry["resource"]["id"]): entry["resource"]
            for entry in made["entry"]
        }

    def of_type(self, kind: str) -> dict[str, Json]:
        return {name: made for (sort, name), made in self.resources.items() if sort == kind}

    def get(self, kind: str, name: str) -> Json:
        return self.resources[kind, name]

    def said(self, element: Json, name: str) -> list[Any]:
        """Return the values of the extension `name` on `element`."""
        url = f"{self.base}/StructureDefinition/{name}"
        return [
            value
            for extension in element.get("extension", ())
            if extension["url"] == url
            for key, value in extension.items()
            if key != "url"
        ]

    def logic(self) -> Json:
        """Return the findings and parameters as another engine reads them."""
        (attachment,) = self.get("Library", "clinical-logic")["content"]
        return json.loads(base64.b64decode(attachment["data"]))

    def root(self, plan: str) -> Json:
        """Return the one root action of a plan."""
        (root,) = self.get("PlanDefinition", plan)["action"]
        return root


def elements(value: Any) -> Iterator[Json]:
    """Yield every JSON object inside `value`, itself included."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from elements(each)
    elif isinstance(value, list):
        for each in value:
            yield from elements(each)


def actions(holder: Json) -> Iterator[Json]:
    """Yield every action of a plan or of an action, at any depth."""
    for action in holder.get("action", ()):
        yield action
        yield from actions(action)


def holds(value_set: Json, system: str, code: str) -> bool:
    """Say whether the definition of `value_set` holds a code, by the rules of ValueSet.compose."""
    compose = value_set.get("compose", {})

    def chosen(part: Json) -> bool:
        if part["system"] != system:
            return False
        if "concept" in part:
            return any(concept["code"] == code for concept in part["concept"])
        return all(_FILTERS[each["op"]](each, code) for each in part["filter"])

    return any(map(chosen, compose.get("include", ()))) and not any(
        map(chosen, compose.get("exclude", ()))
    )


def _below(filter_: Json, code: str) -> bool:
    """Say whether `code` is at or below the filter's value, in systems ordered by prefix."""
    assert filter_["property"] == "concept"
    return code.replace(".", "").startswith(filter_["value"].replace(".", ""))


def _matches(filter_: Json, code: str) -> bool:
    assert filter_["property"] == "code"
    return re.fullmatch(filter_["value"], code) is not None


_FILTERS: dict[str, Callable[[Json, str], bool]] = {
    "is-a": _below,
    "is-not-a": lambda filter_, code: not _below(filter_, code),
    "regex": _matches,
}
