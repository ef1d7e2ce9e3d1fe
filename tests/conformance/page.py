"""Writes docs/conformance.md: every requirement, and the tests that hold it.

    python -m tests.conformance.page

does what ``UPDATE_DOCS=1 pytest tests/conformance/test_page.py`` does.
"""

import json
import os
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tests.conformance.plugin import INTO, Found
from tests.conformance.requirements import ROOT, Requirement, existing, read

PAGE = ROOT / "docs" / "conformance.md"
_SHOWN = 2

_HEAD = """# Conformance

What a CDS Hooks service for imaging orders has to do, and which test holds it. Written from
[`conformance/requirements.yaml`](conformance/requirements.yaml) and the tests by
`UPDATE_DOCS=1 pytest tests/conformance/test_page.py`; a test fails where this page is stale or a
requirement is open.

*Level*: MUST, SHOULD and MAY are the standard's; *project* is our own rule, mostly because some
client does it; *PAMA* holds with the order annotation on; *CRD* only where Da Vinci CRD is claimed.
*Version*: of CDS Hooks; a dash where the rule is no version's. Paths are below `tests/`.

{summary}

| No. | Level | Version | Requirement | Tested by |
|---:|---|---|---|---|
"""


class State(StrEnum):
    """What can be said of one requirement."""

    TESTED = "tested"
    DEPARTURE = "known departure"
    NOT_APPLICABLE = "not applicable"
    OPEN = "open"


class Row(NamedTuple):
    """One requirement with its tests; those that show a departure are expected to fail."""

    requirement: Requirement
    tests: tuple[str, ...]
    state: State


class Collected(NamedTuple):
    """All tests of the suite by name, and those marked with a number."""

    found: Found
    names: frozenset[str]


def collect() -> Collected:
    """Return what collecting the whole suite finds, in a process of its own.

    Raises:
        RuntimeError: The suite cannot be collected.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pytest", "tests", "--collect-only", "-qq"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", "-p", "tests.conformance.plugin"],
            cwd=ROOT,
            env={**os.environ, INTO: str(path), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not path.exists():
            raise RuntimeError(f"the tests cannot be collected:\n{done.stdout}{done.stderr}")
        whole = json.loads(path.read_text(encoding="utf-8"))
    found = {int(number): tests for number, tests in whole["found"].items()}
    return Collected(found, frozenset(whole["names"]))


def rows(found: Found) -> list[Row]:
    """Return every requirement with its tests, those marked with its number first."""
    elsewhere = existing()
    return [_row(each, found.get(each.number, {}), elsewhere) for each in read()]


def _row(requirement: Requirement, marked: dict[str, bool], elsewhere: dict[int, list[str]]) -> Row:
    named = [*sorted(marked), *sorted(elsewhere.get(requirement.number, []))]
    tests = tuple(dict.fromkeys(named))
    if not all(marked.values()):
        state = State.DEPARTURE
    elif tests:
        state = State.TESTED
    else:
        state = State.NOT_APPLICABLE if requirement.reason else State.OPEN
    return Row(requirement, tests, state)


def page(found: Found) -> str:
    """Return the whole page."""
    every = rows(found)
    return _HEAD.format(summary=summary(every)) + "".join(f"{_line(row)}\n" for row in every)


def summary(every: list[Row]) -> str:
    """Return the counts in one sentence."""
    counts = {state: sum(row.state is state for row in every) for state in State}
    parts = [f"**{counts[state]}** {state}" for state in State]
    return f"Of **{len(every)}** requirements: {', '.join(parts)}."


def _line(row: Row) -> str:
    number, level, versions, _, requirement, reason = row.requirement
    shown = [f"`{test.removeprefix('tests/')}`" for test in row.tests[:_SHOWN]]
    more = len(row.tests) - len(shown)
    cell = "<br>".join(shown) + (f" +{more}" if more else "")
    if row.state is State.OPEN:
        cell = "**open**"
    elif row.state is State.DEPARTURE:
        cell = f"**known departure**<br>{cell}"
    elif row.state is State.NOT_APPLICABLE:
        cell = f"not applicable: {reason}"
    elif reason:
        cell = f"{cell}<br>*{reason}*"
    version = "–" if versions == "-" else versions  # noqa: RUF001 - a dash for people
    return f"| {number} | {level} | {version} | {requirement} | {cell} |"


def main() -> None:
    """Write the page."""
    found = collect().found
    PAGE.write_text(page(found), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {summary(rows(found))}\n")


if __name__ == "__main__":
    main()
