"""``imaging-advisor journal``, and how settings become a journal."""

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cds_service.cli import journal as command
from cds_service.journal.errors import JournalMisconfigured
from cds_service.journal.opening import open_journal, open_store
from tests.journal.events import NOW, Report, card_of, consultation


@dataclass
class JournalPart:
    """The settings that the journal needs."""

    journal_dir: Path | None
    threads: int = 2
    journal_url: str = ""
    journal_key: str = ""
    journal_comment_key: str = ""
    journal_spool_bytes: int = 1_000_000


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JournalPart:
    part = JournalPart(tmp_path / "made" / "journal #1?")
    monkeypatch.setattr(command, "environment", lambda: part)
    return part


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers(required=True))
    chosen = parser.parse_args(["journal", *arguments])
    code: int = chosen.run(chosen)
    return code


def fill(settings: Any) -> None:
    store = open_store(settings)
    store.write([consultation(), consultation(minutes=60 * 24)])
    store.close()


def test_prune_by_day_and_by_age(settings: JournalPart, capsys: pytest.CaptureFixture[str]):
    fill(settings)
    day = (NOW + timedelta(days=1)).date().isoformat()
    assert run("prune", "--before", day) == 0
    assert capsys.readouterr().out == "Deleted 1 consultations and 0 feedback events.\n"
    assert run("prune", "--older-than", "P20Y") == 0
    assert run("prune", "--older-than", "P1M") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Deleted 1 consultations")


def test_age_is_counted_in_calendar_months_from_today(settings: JournalPart):
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    chosen = parser.parse_args(["journal", "prune", "--older-than", "P13M"])
    today = datetime.now(UTC)
    assert 394 <= (today - chosen.before).days <= 398
    assert chosen.before.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["prune"],
        ["prune", "--before", "yesterday"],
        ["prune", "--older-than", "13 months"],
        ["prune", "--older-than", "P1D", "--before", "2026-01-01"],
        ["export", "--format", "xml"],
        [],
    ],
)
def test_wrong_arguments_are_refused(settings: JournalPart, arguments: list[str], capsys):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_export_in_both_forms(settings: JournalPart, capsys: pytest.CaptureFixture[str]):
    fill(settings)
    assert run("export", "--since", NOW.date().isoformat()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["consultation"] * 2
    assert run("export", "--until", (NOW + timedelta(days=1)).date().isoformat()) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert run("export", "--format", "csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_migrate_and_counts(settings: JournalPart, capsys: pytest.CaptureFixture[str]):
    assert run("migrate") == 0
    assert run("counts") == 0
    out = capsys.readouterr().out
    assert "consultation orders           0\n" in out


def test_a_journal_that_cannot_be_used_is_told_in_one_line(
    settings: JournalPart, capsys: pytest.CaptureFixture[str]
):
    settings.journal_dir = None
    assert run("counts") == 2
    assert "no directory" in capsys.readouterr().err
    settings.journal_dir = Path("/proc/nowhere")
    assert run("migrate") == 2
    assert "cannot be used" in capsys.readouterr().err
    settings.journal_url = "postgresql://user:secret@127.0.0.1:1/x"
    settings.journal_dir = None
    assert run("counts") == 2
    err = capsys.readouterr().err
    assert "cannot be reached or opened" in err
    assert "secret" not in err


def test_settings_become_a_journal_in_its_own_directory(settings: JournalPart):
    journal = open_journal(settings)
    advised = consultation()
    journal.record(advised)
    assert journal.feedback([Report(card_of(advised))], advised.client).new == 1
    journal.close()
    directory = settings.journal_dir
    assert directory
    assert directory.stat().st_mode & 0o777 == 0o700
    names = {path.name for path in directory.iterdir()}
    assert names == {"journal.sqlite3", "site.key", "spool"}
    store = open_store(settings)
    assert (store.counts()["cards"], store.counts()["unmatched"]) == (1, 0)
    store.close()


def test_a_tilde_is_the_home_of_the_user(settings: JournalPart, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.journal_dir = Path("~/state")
    assert run("migrate") == 0
    assert (tmp_path / "state" / "journal.sqlite3").exists()


@pytest.mark.parametrize(
    "wrong", [{"journal_key": "short"}, {"journal_comment_key": "short"}, {"journal_url": "x"}]
)
def test_a_wrong_setting_is_refused_at_the_start(settings: JournalPart, wrong: dict[str, str]):
    for name, value in wrong.items():
        setattr(settings, name, value)
    with pytest.raises(JournalMisconfigured):
        open_journal(settings)


@pytest.mark.parametrize(("key", "told"), [("", 1), ("k" * 40, 0)])
def test_a_shared_database_with_a_key_of_one_directory_alone_is_told(
    settings: JournalPart, postgres_url: str, key: str, told: int
):
    settings.journal_url, settings.journal_key = postgres_url, key
    with capture_logs() as lines:
        open_journal(settings).close()
    assert sum("CDS_JOURNAL_KEY" in line["event"] for line in lines) == told
