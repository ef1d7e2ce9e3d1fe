"""A site file as a site writes it, and the advice it leads to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from cds_service.cli.startup import InForce, compiled
from cds_service.content.issue import Issue
from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.content.model import Document, Recommendations, SafetyRule
from cds_service.settings import Settings
from cds_service.site.check import check_site
from cds_service.site.read import read_site


@dataclass(frozen=True)
class Place:
    """An issue as a test names it: where, which, and in which words."""

    line: int
    code: str
    said: str


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of a site file and of the files beside it."""

    def make(text: str, **beside: str | bytes) -> Path:
        for name, content in beside.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name.replace("_", ".")).write_bytes(raw)
        path = tmp_path / "site.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture
def issues(
    write: Callable[..., Path], loaded: Loaded, content: Content
) -> Callable[..., list[Issue]]:
    """Return what gives every problem of a site file."""

    def check(text: str, **beside: str | bytes) -> list[Issue]:
        return check_site(read_site(write(text, **beside)), loaded, content)

    return check


@pytest.fixture
def places(issues: Callable[..., list[Issue]]) -> Callable[..., list[Place]]:
    """Return what gives line, code and words of every problem of a site file."""

    def check(text: str, **beside: str | bytes) -> list[Place]:
        return [Place(each.line, each.code, str(each)) for each in issues(text, **beside)]

    return check


@pytest.fixture
def opened(write: Callable[..., Path], loaded: Loaded) -> Callable[..., InForce]:
    """Return what opens the shipped content as a site uses it, `off` by default if so wanted."""

    def make(text: str = "", off: Iterable[str] = (), **beside: str | bytes) -> InForce:
        documents = {path: _with_off(doc, set(off)) for path, doc in loaded.documents.items()}
        changed = Loaded(loaded.root, loaded.content_version, documents)
        settings = Settings(site_file=write(text, **beside)) if text else Settings()
        return compiled(changed, settings, ())

    return make


def _with_off(document: Document, off: set[str]) -> Document:
    """Return `document` with the rules named in `off` being off by default."""
    change = msgspec.structs.replace
    if isinstance(document, Recommendations):
        rules = tuple(
            change(rule, off_by_default=rule.id in off) for rule in document.recommendations
        )
        return change(document, recommendations=rules)
    if isinstance(document, SafetyRule):
        states = tuple(
            change(state, off_by_default=f"{document.id}.{state.id}" in off)
            for state in document.states
        )
        return change(document, states=states, off_by_default=document.id in off)
    return document
