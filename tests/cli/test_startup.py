from pathlib import Path

import pytest

from cds_service.cli.startup import ContentRefused, open_content, open_site
from cds_service.content.load import ContentNotFound
from cds_service.settings import Settings, SettingsError


def site(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings(site_file=path)


def refused(settings: Settings) -> list[tuple[str, int, str]]:
    with pytest.raises(ContentRefused) as problem:
        open_content(settings)
    return [(issue.code, issue.line, issue.message) for issue in problem.value.issues]


def test_the_shipped_content_opens_without_a_site_file():
    opened = open_site(Settings())
    assert opened.content.topics
    assert opened.content is opened.shipped
    assert opened.policy.max_cards_per_order == 2
    assert opened.remarks == ()


def test_a_site_changes_a_threshold_and_a_window(tmp_path):
    text = 'parameters:\n  fever-temperature: 38.5\n  fever-window: "P7D"\n'
    content = open_content(site(tmp_path, text))
    assert content.parameters["fever-temperature"].value == "38.5"
    assert content.parameters["fever-window"].value == "P7D"
    assert content.parameters["fever-window"].note == "set by this site"


def test_a_site_may_leave_out_a_value_it_does_not_change(tmp_path):
    content = open_content(site(tmp_path, "parameters: {elderly-age: 70}\n"))
    assert content.parameters["elderly-age"].value == "70"
    assert content.parameters["fever-window"].value == "P14D"


def test_the_version_of_the_content_tells_one_site_file_from_another(tmp_path):
    plain = open_content(Settings()).version
    versions = {
        open_content(site(tmp_path, f"parameters: {{elderly-age: {age}}}\n")).version
        for age in (70, 75)
    }
    assert len(versions) == 2
    assert all(version.startswith(f"{plain}+") for version in versions)


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path):
    with pytest.raises(SettingsError, match="CDS_SITE_FILE"):
        open_content(Settings(site_file=tmp_path / "none.yaml"))


def test_errors_of_the_content_and_of_the_site_file_are_told_together(small, tmp_path):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    settings = Settings(cards_dir=small, site_file=site(tmp_path, "colour: blue\n").site_file)
    assert {"SCHEMA001", "SCHEMA002"} <= {code for code, _, _ in refused(settings)}


def test_content_with_an_error_is_refused_with_all_its_problems(small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    (small / "two.yaml").write_text("", encoding="utf-8")
    codes = {code for code, _, _ in refused(Settings(cards_dir=small))}
    assert {"SCHEMA001", "YAML002"} <= codes


def test_without_content_there_is_nothing_to_open(tmp_path):
    with pytest.raises(ContentNotFound):
        open_content(Settings(cards_dir=tmp_path / "none"))
