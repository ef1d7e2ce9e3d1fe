"""The command "journal" where there is none."""

import pytest


@pytest.mark.parametrize("asked", [["counts"], ["export"], ["prune", "--older-than", "P13M"]])
def test_a_directory_without_a_journal_is_said_and_none_is_made(call, monkeypatch, tmp_path, asked):
    monkeypatch.setenv("CDS_JOURNAL_DIR", str(tmp_path / "elsewhere"))
    ran = call("journal", *asked)
    assert (ran.code, ran.out) == (2, "")
    assert f"There is no journal in {tmp_path / 'elsewhere'}" in ran.err
    assert "CDS_JOURNAL_DIR" in ran.err
    assert not (tmp_path / "elsewhere").exists()


def test_the_tables_are_made_where_that_is_asked_for(call, monkeypatch, tmp_path):
    monkeypatch.setenv("CDS_JOURNAL_DIR", str(tmp_path / "new"))
    assert call("journal", "migrate").code == 0
    ran = call("journal", "counts")
    assert ran.code == 0
    assert "consultations                 0" in ran.out


def test_a_directory_that_cannot_be_looked_into_is_not_called_empty(call, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CDS_JOURNAL_DIR", str(tmp_path / "file"))
    ran = call("journal", "counts")
    assert (ran.code, ran.out) == (2, "")
    assert f"The journal's directory {tmp_path / 'file'} cannot be used" in ran.err


def test_without_any_journal_that_is_said(call, monkeypatch):
    monkeypatch.setenv("CDS_JOURNAL_DIR", "none")
    ran = call("journal", "counts")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no journal: no directory is set for it." in ran.err
