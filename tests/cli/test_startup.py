from pathlib import Path

import pytest

from cds_service.cli.startup import ContentRefused, open_content
from cds_service.content.load import ContentNotFound
from cds_service.settings import Settings, SettingsError


def site(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings(site_parameters=path)


def refused(settings: Settings) -> list[tuple[str, int, str]]:
    with pytest.raises(ContentRefused) as problem:
        open_content(settings)
    return [(issue.code, issue.line, issue.message) for issue in problem.value.issues]


def test_the_shipped_content_opens():
    assert open_content(Settings()).topics


def test_a_site_changes_a_threshold_and_a_window(tmp_path):
    content = open_content(site(tmp_path, 'fever-temperature: 38.5\nfever-window: "P7D"\n'))
    assert content.parameters["fever-temperature"].value == "38.5"
    assert content.parameters["fever-window"].value == "P7D"
    assert content.parameters["fever-window"].note == "set by this site"


def test_a_site_may_leave_its_file_without_a_value_it_does_not_change(tmp_path):
    content = open_content(site(tmp_path, "elderly-age: 70\n"))
    assert content.parameters["elderly-age"].value == "70"
    assert content.parameters["fever-window"].value == "P14D"


def test_a_parameter_that_does_not_exist_is_an_error_at_its_line(tmp_path):
    found = refused(site(tmp_path, "fever-window: P7D\nfeever-window: P7D\n"))
    assert found == [("REF002", 2, "there is no parameter 'feever-window'")]


@pytest.mark.parametrize(
    "line",
    [
        "adult-age: P18Y",
        "adult-age: -1",
        "adult-age: NaN",
        "adult-age: 1E10",
        "adult-age: true",
        "adult-age: [18]",
        "adult-age:",
        "fever-window: 14",
        "fever-window: fortnight",
        "fever-window: P99999Y",
        "fever-window: P9999999D",
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error(tmp_path, line):
    assert [code for code, _, _ in refused(site(tmp_path, line + "\n"))] == ["PARAM006"]


def test_all_wrong_values_are_told_at_once(tmp_path):
    found = refused(site(tmp_path, "nothing: 1\nadult-age: old\nfever-window: 14\n"))
    assert [line for _, line, _ in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- adult-age\n", "SCHEMA005"),
        ("adult-age: 18\nadult-age: 21\n", "YAML005"),
        ("adult-age: {\n", "YAML003"),
        ("", "YAML002"),
    ],
)
def test_a_file_that_is_no_list_of_values_is_an_error(tmp_path, text, code):
    assert code in [code for code, _, _ in refused(site(tmp_path, text))]


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path):
    with pytest.raises(SettingsError, match="CDS_SITE_PARAMETERS"):
        open_content(Settings(site_parameters=tmp_path / "none.yaml"))


def test_a_language_without_texts_is_a_wrong_setting():
    with pytest.raises(SettingsError, match=r"CDS_LANGUAGE is 'tlh'.*texts in en"):
        open_content(Settings(language="tlh"))


def test_switching_off_a_card_that_does_not_exist_is_a_wrong_setting():
    with pytest.raises(SettingsError, match=r"'add-contrst'.*add-contrast"):
        open_content(Settings(disabled_cards=("add-contrast", "add-contrst")))


def test_content_with_an_error_is_refused_with_all_its_problems(small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    (small / "two.yaml").write_text("", encoding="utf-8")
    codes = {code for code, _, _ in refused(Settings(cards_dir=small))}
    assert {"SCHEMA001", "YAML002"} <= codes


def test_without_content_there_is_nothing_to_open(tmp_path):
    with pytest.raises(ContentNotFound):
        open_content(Settings(cards_dir=tmp_path / "none"))
