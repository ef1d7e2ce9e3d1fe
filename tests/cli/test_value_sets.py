"""The value-sets command: what there is, and descendants frozen into a file of the site."""

import stat
from pathlib import Path

import pytest

from cds_service.cli.expand import EXIT_CODES
from cds_service.content import strict_yaml
from cds_service.content.expansions import read_expansions
from cds_service.content.load import load
from cds_service.fhir.refusals import Problem
from tests.terminology_server import (
    BENIGN,
    HEADING,
    HIERARCHY,
    MALIGNANT,
    OLD,
    RARE,
    RARER,
    RELEASE,
    SKIN,
    TUMOUR,
    TerminologyServer,
    sctid,
)

LISTED = f"""\
kind: value-set
id: tumour
title: Tumour
status: active
version: "1.2.0"
effective: "2026-01-01"
sources:
  - {{id: s, title: The source, url: "https://www.example.org/", locator: codes}}
limits: Invented codes that mean nothing.
concepts:
  - system: snomed-ct
    source: s
    codes:
      - {{code: "{TUMOUR}", label: tumour}}
      - {{code: "{SKIN}", label: skin tumour, role: weak}}
      - {{code: "{BENIGN}", label: benign tumour, role: exclude}}
  - system: rxnorm
    source: s
    codes:
      - {{code: "6809", label: an ingredient}}
"""
BELOW_BENIGN = sctid(41)
WIDER = {**HIERARCHY, BELOW_BENIGN: (BENIGN,)}


@pytest.fixture(autouse=True)
def site(small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The content of a site that lists invented codes."""
    (small / "value-sets" / "tumour.yaml").write_text(LISTED, encoding="utf-8")
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    return small


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "site-expansions.yaml"


def expand(call, server, *arguments):
    return call("value-sets", "expand", "--tx", server.base_url, *arguments)


def groups(path: Path) -> dict[str, tuple[str, list[str]]]:
    data, _, issues = strict_yaml.read(path)
    assert issues == []
    return {
        group["parent"]: (group["role"], [each["code"] for each in group["descendants"]])
        for group in data["expansions"][0]["groups"]
    }


def test_what_lies_below_listed_codes_is_written_under_the_nearest(call, site, out):
    with TerminologyServer(WIDER) as server:
        ran = expand(call, server, "tumour", "--out", out)
    assert ran.code == 0, ran.err
    assert groups(out) == {
        TUMOUR: ("include", sorted([MALIGNANT, OLD])),
        SKIN: ("weak", sorted([RARE, RARER])),
    }
    document, issues = read_expansions(out, load(site))
    assert issues == []
    assert document.id == "site-expansions"
    assert document.server == server.base_url
    assert document.code_systems[0].version == RELEASE
    assert RELEASE in document.sources[0].locator
    assert document.expansions[0].excluded == (BENIGN,)
    assert document.expansions[0].groups[0].descendants[0].label == f"Disorder {MALIGNANT[:2]}"
    assert "Wrote 4 codes of 1 value sets" in ran.out
    assert "As listed, not asked for: rxnorm" in ran.err


def test_a_server_is_asked_for_each_listed_code_without_the_excluded(call, out):
    with TerminologyServer() as server:
        expand(call, server, "tumour", "--out", out)
    asked = [call["parameter"][0]["resource"]["compose"] for call in server.calls]
    concept = {"property": "concept", "op": "is-a"}
    without = [{"system": "http://snomed.info/sct", "filter": [{**concept, "value": BENIGN}]}]
    assert [each["include"][0]["filter"][0]["value"] for each in asked] == [BENIGN, TUMOUR, SKIN]
    assert [each.get("exclude") for each in asked] == [None, without, without]


@pytest.mark.parametrize("misbehave", ["", "ignores-exclude"])
def test_nothing_below_an_excluded_code_comes_in(misbehave, call, out):
    with TerminologyServer(WIDER, misbehave=misbehave) as server:
        assert expand(call, server, "tumour", "--out", out).code == 0
    text = out.read_text("utf-8")
    assert BELOW_BENIGN not in text
    assert HEADING not in text


def test_without_names_every_active_value_set_with_such_codes_is_expanded(call, out):
    with TerminologyServer({**HIERARCHY, "266987004": ()}) as server:
        ran = expand(call, server, "--out", out)
    assert ran.code == 0
    data, _, _ = strict_yaml.read(out)
    assert [each["value-set"] for each in data["expansions"]] == ["cancer", "tumour"]


def test_without_a_file_it_is_printed(call):
    with TerminologyServer() as server:
        ran = expand(call, server, "tumour")
    data, _, issues = strict_yaml.read_text(ran.out, "printed")
    assert issues == []
    assert data["kind"] == "value-set-expansions"


def test_codes_the_server_does_not_have_are_named_and_the_rest_is_written(call, out):
    some = {code: parents for code, parents in HIERARCHY.items() if code != SKIN}
    with TerminologyServer(some) as server:
        ran = expand(call, server, "tumour", "--out", out)
    assert ran.code == 0
    assert f"1 listed codes are not in the server's release:\n  tumour {SKIN}" in ran.err


def test_an_excluded_code_the_server_does_not_have_stops_nothing(call, out):
    some = {code: parents for code, parents in HIERARCHY.items() if code != BENIGN}
    with TerminologyServer(some) as server:
        ran = expand(call, server, "tumour", "--out", out)
    assert ran.code == 0
    assert f"1 listed codes are not in the server's release:\n  tumour {BENIGN}" in ran.err
    assert set(groups(out)) == {TUMOUR, SKIN}


def test_a_file_that_would_lose_codes_is_kept_and_the_codes_are_named(call, out):
    with TerminologyServer(WIDER) as server:
        expand(call, server, "tumour", "--out", out)
    before = out.read_text("utf-8")
    fewer = {code: parents for code, parents in HIERARCHY.items() if code != OLD}
    with TerminologyServer({**fewer, sctid(42): (TUMOUR,)}) as server:
        ran = expand(call, server, "tumour", "--out", out)
        assert ran.code == 1
        assert f"lost from tumour: snomed-ct {OLD}" in ran.err
        assert "tumour: +1 -1" in ran.err
        assert out.read_text("utf-8") == before
        assert list(out.parent.glob(".*.yaml")) == []
        ran = expand(call, server, "tumour", "--out", out, "--allow-shrink")
    assert ran.code == 0
    assert "tumour: +1 -1" in ran.out
    assert OLD not in out.read_text("utf-8")


def test_a_file_of_something_else_is_never_overwritten(call, out, site):
    kept = (site / "value-sets" / "tumour.yaml").read_text("utf-8")
    out.write_text(kept, encoding="utf-8")
    with TerminologyServer() as server:
        ran = expand(call, server, "tumour", "--out", out, "--allow-shrink")
    assert ran.code == 1
    assert "is there and is no file of expansions" in ran.err
    assert out.read_text("utf-8") == kept


def test_what_the_service_would_not_accept_is_not_written(call, out):
    """A server whose ids are mistyped must not leave a file that stops the service."""
    wrong = f"{TUMOUR[:-1]}{(int(TUMOUR[-1]) + 1) % 10}"
    with TerminologyServer({**HIERARCHY, wrong: (TUMOUR,)}) as server:
        ran = expand(call, server, "tumour", "--out", out)
    assert ran.code == 1
    assert "CODE003" in ran.err
    assert not out.exists()
    assert list(out.parent.glob(".*.yaml")) == []


def test_a_file_can_be_read_by_the_service_of_another_user(call, out):
    with TerminologyServer() as server:
        expand(call, server, "tumour", "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o644


def test_a_directory_that_is_not_there_is_said(call, tmp_path):
    with TerminologyServer() as server:
        ran = expand(call, server, "tumour", "--out", tmp_path / "none" / "file.yaml")
    assert ran.code == 1
    assert "Not written" in ran.err


@pytest.mark.parametrize(
    ("misbehave", "code", "said"),
    [
        ("html", 4, "did not answer as a FHIR R4 terminology server"),
        ("redirect", 4, "redirected elsewhere"),
        ("500", 5, "the server failed: tumour"),
        ("unclosed", 6, "too large for the server"),
        ("changes-release", 6, "the release changed"),
        ("unknown-system", 7, "does not have the code system"),
    ],
)
def test_each_failure_has_its_exit_code_and_leaves_the_file(misbehave, code, said, call, out):
    with TerminologyServer(misbehave=misbehave) as server:
        ran = expand(call, server, "tumour", "--out", out, "--page", "3")
    assert ran.code == code
    assert said in ran.err
    assert not out.exists()


def test_a_server_that_is_not_there_is_exit_code_3(call, out):
    with TerminologyServer() as server:
        pass
    ran = expand(call, server, "tumour", "--out", out)
    assert (ran.code, "could not be reached" in ran.err) == (3, True)


def test_every_failure_has_an_exit_code():
    assert set(EXIT_CODES) == set(Problem)
    assert not {0, 1} & set(EXIT_CODES.values())


def test_the_token_comes_from_the_environment_and_is_never_printed(call, out, monkeypatch):
    monkeypatch.setenv("TX_TOKEN", "sesame-0001")
    with TerminologyServer(token="sesame-0001") as server:
        ran = expand(call, server, "tumour", "--out", out, "--token-env", "TX_TOKEN")
        assert ran.code == 0
        monkeypatch.setenv("TX_TOKEN", "sesame-0002")
        refused = expand(call, server, "tumour", "--out", out, "--token-env", "TX_TOKEN")
    assert refused.code == 5
    assert "sesame" not in ran.out + ran.err + refused.out + refused.err + out.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tx", "http://terminology.example/fhir"], "must be https"),
        (["--tx", "https://tx.example", "--token-env", "NO_SUCH"], "NO_SUCH is empty"),
        (["--tx", "https://tx.example", "--ca-file", "/no/such.pem"], "no file /no/such.pem"),
        (["--tx", "https://tx.example", "--timeout", "0"], "timeout must be"),
        (["--tx", "https://tx.example", "--page", "0"], "a page must have"),
        (["--tx", "https://tx.example", "no-such-set"], "no value set 'no-such-set' is in use"),
    ],
)
def test_a_wrong_call_asks_nobody(arguments, said, call):
    ran = call("value-sets", "expand", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_value_sets_are_listed_with_who_uses_them(call):
    lines = call("value-sets", "list").out.splitlines()
    assert any(
        line.split()[:3] == ["cancer", "3", "codes"] and "used by cancer" in line for line in lines
    )
    assert any(line.startswith("tumour") and line.endswith("used by nothing") for line in lines)


def test_a_value_set_is_shown_code_by_code(call):
    ran = call("value-sets", "show", "tumour")
    assert ran.code == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert f"{BENIGN} exclude benign tumour [s]" in lines
    assert "snomed-ct: 3 codes" in lines
    assert call("value-sets", "show", "no-such-set").code == 1
