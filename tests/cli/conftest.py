"""The command line as a person calls it, and the requests and content it is called on."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import example
from cds_service.cli.main import main
from cds_service.content.load import content_directory

Json = dict[str, Any]
DAY = date(2026, 11, 23)
SMALL_CONTENT = Path(__file__).parents[1] / "content" / "valid"


@dataclass
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Ran]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CDS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    def run(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def patient() -> Json:
    """The request about the demo patient with a pacemaker."""
    return example.request("pacemaker", DAY)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Json], Path]:
    def save(body: Json) -> Path:
        path = tmp_path / "request.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        return path

    return save


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of a small valid content, to be broken."""
    return shutil.copytree(SMALL_CONTENT, tmp_path / "cards")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of the shipped content, to be broken."""
    return shutil.copytree(content_directory(), tmp_path / "cards")


def records(body: Json, key: str) -> list[Json]:
    """Return the resources under one prefetch key of a request."""
    return [entry["resource"] for entry in body["prefetch"][key]["entry"]]


def add_record(body: Json, key: str, resource: object) -> None:
    body["prefetch"][key]["entry"].append({"resource": resource})
