"""Content is found, read as a whole, and has a version that changes with its words."""

import pytest

from cds_service.content import schema
from cds_service.content.load import ContentNotFound, content_directory, load
from cds_service.content.model import Findings, ValueSet


def test_documents_have_the_classes_of_their_kinds(content):
    loaded = content.load()
    assert isinstance(loaded.documents["value-sets/cancer.yaml"], ValueSet)
    findings = loaded.documents["topic/findings.yaml"]
    assert isinstance(findings, Findings)
    assert findings.findings[1].evidence[0].look_back == "fever-window"


def test_cases_are_kept_as_they_are_written(content):
    loaded = content.load()
    assert set(loaded.cases) == {"topic/back-pain.cases.yaml"}
    assert loaded.cases["topic/back-pain.cases.yaml"]["cases"][1]["expect"]["variant"] is None


def test_places_are_kept_for_documents_and_cases(content):
    positions = content.load().positions
    assert positions["topic/findings.yaml"].at(("findings", 1, "phrase")) == (26, 13)
    assert positions["topic/back-pain.cases.yaml"].at(("cases", 1, "name")) == (11, 11)


def test_a_bad_file_costs_only_itself(content):
    before = set(content.load().documents)
    content.edit("parameters.yaml", "kind: parameters", "kind: [parameters")
    loaded = content.load()
    assert before - set(loaded.documents) == {"parameters.yaml"}
    assert {"adult-age", "fever-window"} <= loaded.unread["parameters.yaml"]


def test_the_same_content_has_the_same_version_elsewhere(content, tmp_path):
    version = content.load().content_version
    moved = content.directory.rename(tmp_path / "moved")
    assert load(moved).content_version == version
    assert len(version) == 12


@pytest.mark.parametrize("change", ["a word", "a name", "a new file"])
def test_any_change_of_content_changes_its_version(change, content):
    before = content.load().content_version
    if change == "a word":
        content.edit("parameters.yaml", "value: P14D", "value: P15D")
    elif change == "a name":
        path = content.directory / "parameters.yaml"
        path.rename(path.with_name("numbers.yaml"))
    else:
        content.write("broken.yaml", "kind: nothing\n")
    assert content.load().content_version != before


def test_the_readme_and_the_schemas_are_not_content(content):
    before = content.load()
    content.write("README.md", "# For authors\n")
    content.write("schemas/example.yaml", "not: content\n")
    content.write(".hidden/notes.yaml", "not: content\n")
    after = content.load()
    assert after.content_version == before.content_version
    assert after.issues == []


def test_a_configured_directory_is_used(content):
    assert content_directory(content.directory) == content.directory


def test_without_configuration_the_shipped_content_is_used():
    assert (content_directory() / "value-sets").is_dir()


def test_a_configured_directory_that_is_missing_is_an_error_and_never_replaced(tmp_path):
    with pytest.raises(ContentNotFound, match="no-such"):
        content_directory(tmp_path / "no-such")


def test_an_installation_without_content_says_so(monkeypatch):
    monkeypatch.setattr(schema, "shipped_content", lambda: None)
    with pytest.raises(ContentNotFound, match="no clinical content"):
        content_directory()


def test_a_directory_that_is_missing_cannot_be_loaded(tmp_path):
    with pytest.raises(ContentNotFound):
        load(tmp_path / "no-such")
