"""docs/openapi.yaml, and the check of an answer against it."""

import json
import re
from functools import lru_cache
from typing import Any

import yaml
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.conformance.requirements import ROOT

DOCUMENT = ROOT / "docs" / "openapi.yaml"
OUTCOME = "#/components/schemas/OperationOutcome"
_PREFLIGHT = (200, 204)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    whole: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return whole


@lru_cache(maxsize=64)
def validator(reference: str) -> Draft202012Validator:
    """Return a validator for the schema at `reference` in the document."""
    return Draft202012Validator({"$ref": reference, "components": document()["components"]})


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return what `node` refers to, or `node` itself if it is no reference."""
    if "$ref" not in node:
        return node
    found: Any = document()
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name.replace("~1", "/").replace("~0", "~")]
    return resolved(found)


def operation(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation for a call, or None if the document has none."""
    # a doubled slash, and one after discovery, are other spellings of the same address
    plain = re.sub("/+", "/", path)
    plain = "/cds-services" if plain == "/cds-services/" else plain
    for template, item in document()["paths"].items():
        names = [resolved(each) for each in item.get("parameters", [])]
        pattern = re.escape(template)
        for name in names:
            values = "|".join(map(re.escape, name["schema"]["enum"]))
            pattern = pattern.replace(re.escape(f"{{{name['name']}}}"), f"({values})")
        if re.fullmatch(pattern, plain):
            found: dict[str, Any] | None = item.get("get" if method == "HEAD" else method.lower())
            return found
    return None


def check(method: str, path: str, answer: TestResponse) -> None:
    """Assert that `answer` is one the document describes."""
    where = f"{method} {path} -> {answer.status_code}"
    if method == "OPTIONS":
        assert answer.status_code in _PREFLIGHT, where
        assert not answer.data, where
        return
    described = operation(method, path)
    if described is None:
        # no such address, or no such method; authentication may be asked for before either is told
        assert answer.status_code in (401, 403, 404, 405), where
        reference: str | None = OUTCOME
    else:
        found = described["responses"].get(str(answer.status_code))
        assert found is not None, f"{where} is not in {DOCUMENT.name}"
        content = resolved(found).get("content", {})
        if not content:
            assert not answer.data, f"{where} has a body"
            return
        assert answer.mimetype in content, f"{where} is {answer.mimetype}"
        reference = content[answer.mimetype]["schema"].get("$ref")
    if method == "HEAD":
        assert not answer.data, where
    elif reference:
        errors = list(validator(reference).iter_errors(json.loads(answer.data)))
        assert not errors, f"{where}: {errors[0].message} at {errors[0].json_path}"


class CheckedClient(FlaskClient):
    """A client that holds every answer against docs/openapi.yaml."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        check(answer.request.method, answer.request.path, answer)
        return answer


def checked(client: FlaskClient) -> CheckedClient:
    """Return a client of the same application that checks what it is answered."""
    return CheckedClient(client.application, client.application.response_class)
