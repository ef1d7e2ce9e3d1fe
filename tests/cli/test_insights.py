"""A synthetic journal from the command line, and the lines of people who may see the insights."""

import io
import re
from pathlib import Path

import pytest

from cds_service.cli.main import main
from cds_service.journal.store import JournalStore
from cds_service.web.insights.users import is_password

SEED = ("insights", "seed", "--calls", "50", "--until", "2026-11-25")


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_JOURNAL_DIR", str(tmp_path / "journal"))


def held(url: str) -> dict[str, int]:
    store = JournalStore(url)
    counts = store.counts()
    store.close()
    return counts


def test_a_new_file_is_filled_and_its_use_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "synthetic.sqlite3"
    assert main([*SEED, "--into", str(file)]) == 0
    told = capsys.readouterr().out
    assert "Wrote 50 synthetic consultations" in told
    assert f"CDS_JOURNAL_URL=sqlite:///{file}" in told
    assert held(f"sqlite:///{file}")["consultations"] == 50


def test_the_journal_in_the_settings_is_filled_while_it_is_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(list(SEED)) == 0
    url = f"sqlite:///{tmp_path}/journal/journal.sqlite3"
    before = held(url)
    assert before["consultations"] == 50
    assert main(list(SEED)) == 2
    assert "never mixed" in capsys.readouterr().err
    assert held(url) == before


def test_a_file_that_holds_something_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "letter.txt"
    file.write_text("Dear colleague, " * 100)
    assert main([*SEED, "--into", str(file)]) == 2
    assert "is no database, or is damaged" in capsys.readouterr().err
    assert file.read_text().startswith("Dear colleague")


@pytest.mark.parametrize("wrong", [("--calls", "0"), ("--days", "x"), ("--until", "soon")])
def test_arguments_without_meaning_are_refused(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(["insights", "seed", *wrong])
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_password_becomes_a_line_that_knows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    typed(monkeypatch, "correct horse battery\ncorrect horse battery\n")
    assert main(["insights", "password", "ann"]) == 0
    line = capsys.readouterr().out.strip()
    assert re.match(r"ann:scrypt:", line)
    assert is_password(dict([line.split(":", 1)]), "ann", "correct horse battery")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("ann", "correct horse battery\ncorrect horse bakery\n", "differ"),
        ("ann", "short\nshort\n", "12 characters"),
        ("a n", "correct horse battery\ncorrect horse battery\n", "letters"),
    ],
)
def test_a_password_that_will_not_do_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    why: str,
):
    typed(monkeypatch, text)
    assert main(["insights", "password", name]) == 2
    told = capsys.readouterr()
    assert why in told.err
    assert told.out == ""
