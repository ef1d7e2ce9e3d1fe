"""What a service loads: what is only there for something else makes it start later, and larger."""

import subprocess
import sys

import pytest

from tests.cli.test_serve import environment

COMMAND = "from cds_service.cli.main import parser; parser(['serve'])"
START = f"{COMMAND}; import cds_service.cli.start"
TABLES = """
from cds_service.cli.startup import environment
from cds_service.cli.surroundings import check_surroundings, prepare_journal
from cds_service.cli.beside import done_beside
from cds_service.clients.model import LOCAL_CLIENTS
from cds_service.journal.opening import open_journal
settings = environment()
check_surroundings(settings, LOCAL_CLIENTS)
with done_beside(lambda: prepare_journal(settings), 60):
    pass
journal = open_journal(settings)
assert journal.ready() == (True, ""), journal.ready()
journal.close()
"""


def loaded(program: str, **settings: str) -> set[str]:
    """Return the modules that are loaded after `program`."""
    return set(
        subprocess.run(
            [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
            env=environment(**settings),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    )


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    return loaded(START)


@pytest.mark.parametrize(
    "name",
    [
        "alembic",
        "cds_service.content.check",
        "cds_service.content.checks.catalogue",
        "cds_service.export",
        "cds_service.lint",
        "cds_service.survey",
        "cds_service.web.demo",
        "fhir",
        "jsonschema",
        "markdown_it",
        "rich",
        "sqlalchemy.dialects.postgresql",
    ],
)
def test_a_service_does_not_load_what_only_others_need(at_start, name):
    assert name not in at_start


def test_the_command_starts_to_read_before_the_libraries_of_the_service_are_loaded():
    assert not {"flask", "granian", "jwt", "requests", "sqlalchemy", "structlog"} & loaded(COMMAND)


@pytest.mark.parametrize("name", ["cds_service.web.calls", "flask", "granian", "jwt", "requests"])
def test_what_a_call_needs_is_there_before_the_first(at_start, name):
    assert name in at_start


def test_what_makes_the_tables_of_the_journal_does_not_stay(tmp_path):
    assert "alembic" not in loaded(TABLES, CDS_JOURNAL_DIR=str(tmp_path / "journal"))


def test_what_the_log_needs_of_a_process_that_has_rich_it_leaves_there():
    program = "import rich; import cds_service.log; from rich import pretty"
    assert {"rich", "structlog"} <= loaded(program)
