"""The pytest plugin that learns which test is for which numbered requirement.

A test says ``@pytest.mark.conformance(104, 105)``; the numbers are those of
``docs/conformance/requirements.yaml``.
"""

import json
import os
from pathlib import Path

import pytest

from tests.conformance.requirements import NUMBERS

Found = dict[int, dict[str, bool]]
"""By requirement number: the ids of its tests without parameters, and whether each should pass."""

FOUND = pytest.StashKey[Found]()
NAMES = pytest.StashKey[frozenset[str]]()
INTO = "CONFORMANCE_INTO"
"""Environment variable with the file to write what was found into, for other processes."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "conformance(*numbers): the requirements of docs/conformance/requirements.yaml"
        " that the test is for",
    )


@pytest.hookimpl(tryfirst=True)  # before others deselect
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    found: Found = {}
    for item in items:
        if item.get_closest_marker("skip"):
            continue
        passes = item.get_closest_marker("xfail") is None
        for mark in item.iter_markers("conformance"):
            if not mark.args or not set(mark.args) <= NUMBERS:
                raise pytest.UsageError(f"{item.nodeid}: no such requirements: {mark.args}")
            for number in mark.args:
                tests = found.setdefault(number, {})
                name = plain(item.nodeid)
                tests[name] = tests.get(name, True) and passes
    config.stash[FOUND] = found
    config.stash[NAMES] = frozenset(plain(item.nodeid) for item in items)
    if path := os.environ.get(INTO):
        whole = {"found": found, "names": sorted(config.stash[NAMES])}
        Path(path).write_text(json.dumps(whole), encoding="utf-8")


def plain(nodeid: str) -> str:
    """Return the id of a test without its parameters."""
    return nodeid.partition("[")[0]
