"""docs/openapi.yaml is valid, and describes what the service takes and answers."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from cds_service.hooks.errors import STATUSES
from cds_service.web.discovery import SERVICES
from cds_service.web.insights.tables import TABLES
from tests.conformance.exchange import CONTRAST, SITUATIONS
from tests.conformance.openapi import check, document, operation, resolved, validator
from tests.conformance.requirements import ROOT
from tests.hook_request import SELECT

RECORDED = sorted((ROOT / "tests" / "contract" / "sandbox").glob("*.json"))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, described in item.items():
            if method in METHODS:
                yield path, method, described


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "$ref":
                yield part
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_the_document_is_valid_openapi() -> None:
    whole = document()
    assert re.fullmatch(r"3\.1\.\d+", whole["openapi"])
    assert {"title", "version"} <= set(whole["info"])
    names = [described["operationId"] for _, _, described in operations()]
    assert len(set(names)) == len(names)
    for reference in references(whole):
        assert resolved({"$ref": reference}) is not None
    for schema in whole["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, _, described in operations():
        parameters = document()["paths"][path].get("parameters", [])
        named = {resolved(each)["name"] for each in parameters}
        assert set(re.findall(r"\{(\w+)\}", path)) == named
        for status, response in described["responses"].items():
            assert HTTPStatus(int(status))
            assert resolved(response)["description"]


def test_the_document_passes_the_schema_of_openapi_itself() -> None:
    schemathesis = pytest.importorskip("schemathesis")
    schemathesis.openapi.from_dict(document()).validate()


def test_every_status_the_service_may_answer_is_described() -> None:
    called = set(map(int, operation("POST", SELECT)["responses"]))  # type: ignore[index]
    assert called == {int(status) for status in STATUSES} | {200}
    everywhere = {int(status) for _, _, each in operations() for status in each["responses"]}
    assert everywhere == called | {304}


def test_the_services_are_the_services() -> None:
    named = document()["components"]["parameters"]["Service"]["schema"]["enum"]
    assert named == [service.id for service in SERVICES]


def test_the_tables_of_the_insights_are_those_there_are() -> None:
    named = document()["components"]["parameters"]["Table"]["schema"]["enum"]
    assert tuple(named) == TABLES


def test_every_route_is_described(service: FlaskClient) -> None:
    for rule in service.application.url_map.iter_rules():
        if rule.endpoint.startswith("pages."):  # addresses that change with each file
            continue
        path = re.sub(r"<any\(['\"]?([a-z-]+).*?>", r"\1", rule.rule)
        path = re.sub("/+", "/", path)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert operation(method, path), f"{method} {rule.rule}"


@pytest.mark.parametrize("body", SITUATIONS.values(), ids=SITUATIONS)
def test_the_requests_of_the_tests_are_such_as_it_describes(body: Any) -> None:
    validator("#/components/schemas/HookRequest").validate(body)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_requests_of_the_public_sandbox_are_such_as_it_describes(
    path: Path, service: FlaskClient
) -> None:
    kind = "FeedbackRequest" if path.stem.startswith("feedback") else "HookRequest"
    body = service.application.json.loads(path.read_text(encoding="utf-8"))
    validator(f"#/components/schemas/{kind}").validate(body)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"cards": None}, "cards"),
        ({"cards": [], "systemActions": []}, "systemActions"),
        ({"cards": [{"summary": "x" * 140}]}, "summary"),
        ({"cards": [{"summary": "x", "indicator": "hard-stop"}]}, "indicator"),
        ({"cards": [], "extension": {"unnamed": 1}}, "extension"),
    ],
)
def test_the_check_finds_what_is_wrong(changes: Any, complaint: str) -> None:
    errors = list(validator("#/components/schemas/HookResponse").iter_errors(changes))
    assert any(complaint in error.json_path for error in errors)


def test_an_answer_that_is_not_described_is_found(service: FlaskClient) -> None:
    answer: TestResponse = service.post(SELECT, json=CONTRAST)
    answer.status_code = 418
    with pytest.raises(AssertionError, match="418"):
        check("POST", SELECT, answer)
