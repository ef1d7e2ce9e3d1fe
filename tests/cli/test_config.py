import re

import pytest

from cds_service.cli.config import example


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "site.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def part(out: str, heading: str) -> str:
    """Return the lines under a heading, drawn together."""
    _, found, rest = out.partition(f"\n{heading}")
    assert found, f"no heading {heading!r}"
    return " ".join(rest.partition("\n\n")[0].split())


def row(rows: list[dict], name: str) -> dict:
    (found,) = (each for each in rows if each["id"] == name)
    return found


def test_without_a_site_file_everything_is_as_shipped(call):
    ran = call("config")
    assert ran.code == 0
    assert "Site file none: everything is as shipped" in ran.out
    assert "by this site" not in ran.out
    assert "ATTENTION" not in ran.out


def test_the_example_has_a_comment_on_every_key_and_passes(call, file):
    printed = call("config", "example")
    assert printed.code == 0
    assert printed.out == example()
    ran = call("config", file(printed.out))
    assert (ran.code, ran.err) == (0, "")
    assert "Remarks" not in ran.out
    assert "ATTENTION" not in ran.out
    keys = re.findall(r"^(?:# )?([a-z-]+):", printed.out, re.MULTILINE)
    before = re.findall(r"^#.*\n(?:# )?([a-z-]+):", printed.out, re.MULTILINE)
    assert set(keys) - set(before) == {"cards", "rules"}


def test_a_value_is_shown_with_the_shipped_one_and_its_source(call, file):
    out = call("config", file("parameters: {fever-temperature: '38.3'}\n")).out
    said = part(out, "Parameters")
    assert "fever-temperature: 38.3 Cel (by this site) instead of 38.0 Cel, published:" in said
    assert "elderly-age: 65 a (as shipped) published:" in said


def test_what_is_switched_off_is_shown_with_what_it_leads_to(call, file):
    text = (
        "cards: {switched-off: [mri-preferred]}\n"
        "rules: {switched-off: [gadolinium-pregnancy, add-contrast]}\n"
    )
    rules = part(call("config", file(text)).out, "Rules")
    assert "add-contrast: OFF; no card (by this site)" in rules
    assert (
        "gadolinium-pregnancy.on-record: OFF, effect exclude; no card; what it excludes is still"
        " never proposed (by this site)"
    ) in rules
    assert "mri-preferred: CARD OFF; no card, because the card 'mri-preferred' is switched" in rules
    assert "better-rated: ON, warning; shows the card 'better-rated' (as shipped)" in rules


def test_a_lowered_card_about_serious_harm_cannot_be_overlooked(call, file):
    ran = call("config", file('cards: {indicator-caps: {"*": warning}}\n'))
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[3] == "ATTENTION"
    said = part(ran.out, "ATTENTION")
    for name in ("hold-mri-device", "hold-mri-lead", "make-it-stat"):
        assert f"its card '{name}' is shown as 'warning' instead of 'critical'" in said
    assert "add-contrast" not in said


def test_every_rule_and_parameter_is_in_the_json(call, file, content):
    path = file("cards: {indicator-caps: {add-contrast: info}, most-per-order: 3}\n")
    whole = call("config", "--json", path).json
    assert whole["siteFile"] == str(path)
    assert whole["mostCardsPerOrder"] == {"value": 3, "from": "site"}
    assert whole["language"] == {"value": "en", "from": "content"}
    rule = row(whole["rules"], "add-contrast")
    assert (rule["state"], rule["indicator"], rule["shownAs"], rule["from"]) == (
        "on",
        "warning",
        "info",
        "site",
    )
    assert rule["source"]["locator"]
    assert {each["id"] for each in whole["parameters"]} == set(content.parameters)
    safety, topics = content.safety_rules_as_written, content.topics_as_written
    states = {f"{each.id}.{state.id}" for each in safety for state in each.states}
    rules = {each.id for topic in topics for each in topic.recommendations}
    dormant = {each["id"] for each in whole["rules"] if each["state"] == "off by default"}
    assert dormant == {
        f"{each.id}.{state.id}"
        for each in safety
        for state in each.states
        if each.off_by_default or state.off_by_default
    }
    assert dormant
    assert {each["id"] for each in whole["rules"]} == states | rules


def test_codes_are_shown_by_procedure(call, file):
    rows = "".join(
        f'  - {{code: "X{number}", procedure: radiography-chest}}\n' for number in range(7)
    )
    path = file(f"orders:\n{rows}")
    assert "radiography-chest: X0, X1, X2, X3, X4 and 2 more" in part(
        call("config", path).out, "Codes of orders (7)"
    )
    assert [each["line"] for each in call("config", "--json", path).json["orders"]] == [
        *range(2, 9)
    ]


def test_the_file_of_the_setting_is_taken_where_none_is_named(call, file, monkeypatch):
    monkeypatch.setenv("CDS_SITE_FILE", str(file("cards: {most-per-order: 4}\n")))
    assert call("config", "--json").json["mostCardsPerOrder"]["value"] == 4


def test_mistakes_are_printed_with_their_place_and_nothing_is_in_force(call, file):
    path = file("cards:\n  switched-off: [add-contrst]\n")
    ran = call("config", path)
    assert ran.code == 2
    assert ran.out == ""
    assert f"{path}:2:18: REF006 error: there is no card 'add-contrst'" in ran.err
    assert "Did you mean 'add-contrast'" in ran.err
    assert ran.err.splitlines()[-1].endswith("have 1 error: nothing is used.")


def test_a_file_that_is_not_there_is_said(call, tmp_path):
    ran = call("config", tmp_path / "none.yaml")
    assert ran.code == 2
    assert "none.yaml, which cannot be read" in ran.err


def test_what_one_client_gets_otherwise_is_shown(call, file, tmp_path, monkeypatch):
    clients = tmp_path / "clients.yaml"
    clients.write_text(
        "clients:\n  - id: ehr\n    title: The EHR\n    issuer: https://ehr.example\n"
        "    jwks_url: https://ehr.example/jwks.json\n    max_cards_per_order: 1\n"
        "    disabled_cards: [add-contrast]\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("CDS_CLIENTS_FILE", str(clients))
    said = part(call("config", file("language: en\n")).out, "Otherwise for single clients")
    assert "ehr: most for one order 1; cards switched off: add-contrast" in said


def test_a_setting_that_moved_stops_every_command_that_reads_settings(call, monkeypatch):
    monkeypatch.setenv("CDS_MAX_CARDS_PER_ORDER", "1")
    for command in ("config", "content", "clients"):
        ran = call(command)
        assert ran.code == 2
        assert "CDS_MAX_CARDS_PER_ORDER is no longer a setting" in ran.err


def test_a_problem_of_site_files_can_be_explained(call):
    ran = call("check", "--explain", "site004")
    assert ran.code == 0
    assert ran.out.startswith("SITE004 (error): ")
