"""The conformance page is current, and every requirement is either tested or reasoned away."""

import os
from pathlib import Path

import pytest

from tests.conformance import page
from tests.conformance.page import Collected, State
from tests.conformance.plugin import FOUND, NAMES
from tests.conformance.requirements import APPLIES, LEVELS, ROOT, existing, read


@pytest.fixture(scope="module")
def collected(pytestconfig: pytest.Config) -> Collected:
    """Return what is known of the whole suite, even where only a part of it runs."""
    places = {Path(pytestconfig.invocation_params.dir, arg) for arg in pytestconfig.args}
    if FOUND in pytestconfig.stash and places & {ROOT, ROOT / "tests"}:
        return Collected(pytestconfig.stash[FOUND], pytestconfig.stash[NAMES])
    return page.collect()


def test_every_requirement_is_complete_and_numbered_in_order() -> None:
    requirements = read()
    assert [each.number for each in requirements] == list(range(1, len(requirements) + 1))
    for each in requirements:
        assert each.level in LEVELS, each
        assert each.applies in APPLIES, each
        assert each.requirement, each
        assert bool(each.reason) == (each.applies != "service"), each


def test_every_test_named_as_existing_is_there(collected: Collected) -> None:
    named = {test for tests in existing().values() for test in tests}
    assert sorted(named - collected.names) == []
    assert set(existing()) <= {each.number for each in read()}


def test_no_requirement_is_open(collected: Collected) -> None:
    still_open = [
        f"{row.requirement.number} {row.requirement.requirement}"
        for row in page.rows(collected.found)
        if row.state is State.OPEN
    ]
    assert not still_open, f"{len(still_open)} requirements are neither tested nor reasoned away:"


def test_what_is_said_not_to_apply_is_not_tested_as_if_it_did(collected: Collected) -> None:
    """A requirement that got tests after all should no longer be called not applicable."""
    contradictory = [
        row.requirement.number
        for row in page.rows(collected.found)
        if row.requirement.applies == "not-applicable" and row.tests
    ]
    assert contradictory == []


def test_the_conformance_page_is_current(collected: Collected) -> None:
    wanted = page.page(collected.found)
    if os.environ.get("UPDATE_DOCS"):
        page.PAGE.write_text(wanted, encoding="utf-8")
    assert page.PAGE.read_text(encoding="utf-8") == wanted, (
        "docs/conformance.md is stale: UPDATE_DOCS=1 pytest tests/conformance/test_page.py"
    )
