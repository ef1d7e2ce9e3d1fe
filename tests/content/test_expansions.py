"""A site's file of expansions: read strictly, and counted as its value sets count."""

from pathlib import Path

import pytest

from cds_service.content.codeindex import CodeIndex
from cds_service.content.compile import compile_content
from cds_service.content.expansions import read_expansions
from cds_service.content.load import Loaded, load
from cds_service.content.model import ValueSetExpansions
from cds_service.fhir.codes import Code
from tests.terminology_server import sctid

LISTED = "266987004"  # the code of the valid content's value set
BELOW, OTHER = sctid(31), sctid(32)
MISTYPED = f'"{BELOW[:-1]}{(int(BELOW[-1]) + 1) % 10}"'
OLDER = ('version: "1.0.0"\n    excluded', 'version: "0.9.0"\n    excluded')
FILE = f"""\
kind: value-set-expansions
id: site
title: Descendants of listed codes
status: active
version: "1.0.0"
effective: "2026-11-20"
sources:
  - {{id: server, title: The server, url: "https://tx.example/fhir", locator: one release}}
limits: Made by a program from one release of the code system.
server: "https://tx.example/fhir"
code-systems:
  - {{system: snomed-ct, version: "http://snomed.info/sct/731000124108/version/20260301"}}
expansions:
  - value-set: cancer
    value-set-version: "1.0.0"
    excluded: []
    groups:
      - system: snomed-ct
        parent: "{LISTED}"
        role: include
        descendants:
          - {{code: "{BELOW}", label: "Something narrower"}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "site" / "expansions.yaml"
    path.parent.mkdir()
    path.write_text(FILE, encoding="utf-8")
    return path


def edited(file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def said(file: Path, loaded: Loaded) -> list[str]:
    return [str(each) for each in read_expansions(file, loaded, shown_as="site.yaml")[1]]


def document(file: Path, loaded: Loaded) -> ValueSetExpansions:
    found, issues = read_expansions(file, loaded)
    assert found is not None
    assert issues == []
    return found


def counted(loaded: Loaded, found: ValueSetExpansions, code: str) -> dict[str, str]:
    content = compile_content(loaded.documents.values(), "test", expansions=[found])
    return dict(content.index.memberships(Code("snomed-ct", code)))


def test_a_descendant_counts_as_its_parent_and_has_the_servers_name(file, content) -> None:
    loaded = content.load()
    found = document(file, loaded)
    assert counted(loaded, found, BELOW) == {"cancer": "include"}
    assert counted(loaded, found, OTHER) == {}
    index = compile_content(loaded.documents.values(), "test", expansions=[found]).index
    assert index.label(Code("snomed-ct", BELOW)) == "Something narrower"


def test_without_the_file_nothing_below_a_listed_code_counts(content) -> None:
    index = compile_content(content.load().documents.values(), "test").index
    assert index.memberships(Code("snomed-ct", BELOW)) == ()


def test_the_file_counts_too_where_it_lies_in_the_content(file, content) -> None:
    content.write("expansions.yaml", file.read_text(encoding="utf-8"))
    assert content.reports() == []
    index = compile_content(content.load().documents.values(), "test").index
    assert index.memberships(Code("snomed-ct", BELOW)) != ()


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_a_file_that_is_not_active_does_not_count(status, file, content) -> None:
    loaded = content.load()
    found = document(edited(file, "status: active", f"status: {status}"), loaded)
    assert counted(loaded, found, BELOW) == {}


def test_the_role_of_today_counts_not_the_frozen_one(file, content) -> None:
    content.edit(
        "value-sets/cancer.yaml", "label: history of cancer", "label: history of cancer, role: weak"
    )
    loaded = content.load()
    found, issues = read_expansions(file, loaded)
    assert [each.code for each in issues] == ["EXPAND003"]
    assert counted(loaded, found, BELOW) == {"cancer": "weak"}


def test_a_code_that_is_listed_counts_as_it_is_listed(file, content) -> None:
    more = f'label: history of cancer}}\n      - {{code: "{BELOW}", label: x, role: weak}}'
    content.edit("value-sets/cancer.yaml", "label: history of cancer}", more)
    loaded = content.load()
    assert counted(loaded, document(file, loaded), BELOW) == {"cancer": "weak"}


def test_a_code_that_was_excluded_since_never_counts_and_the_file_is_refused(file, content) -> None:
    more = f'label: history of cancer}}\n      - {{code: "{BELOW}", label: x, role: exclude}}'
    content.edit("value-sets/cancer.yaml", "label: history of cancer}", more)
    loaded = content.load()
    found, issues = read_expansions(file, loaded)
    assert [(each.code, each.severity) for each in issues] == [("EXPAND004", "error")]
    assert counted(loaded, found, BELOW) == {"cancer": "exclude"}


def test_nothing_below_a_code_that_is_no_longer_listed_counts(file, content) -> None:
    loaded = content.load()
    found, issues = read_expansions(edited(file, f'"{LISTED}"', f'"{OTHER}"'), loaded)
    assert [each.code for each in issues] == ["EXPAND002"]
    assert counted(loaded, found, BELOW) == {}


@pytest.mark.parametrize(
    ("old", "new", "reports"),
    [
        ("value-set: cancer", "value-set: tumour", ["site.yaml:14:16: EXPAND001 warning"]),
        (*OLDER, ["site.yaml:15:24: EXPAND003 warning"]),
        (f'"{BELOW}"', MISTYPED, ["site.yaml:22:20: CODE003 error"]),
        (f'"{BELOW}"', BELOW, ["site.yaml:22:20: SCHEMA007 error"]),
        ("role: include", "role: exclude", ["site.yaml:20:15: SCHEMA004 error"]),
        ("groups:", "grups:", ["site.yaml:17:5: SCHEMA002 error"]),
        ("kind: value-set-expansions", "kind: value-sets", ["site.yaml:1:7: SCHEMA001 error"]),
        ("status: active", "status: active\nstatus: active", ["site.yaml:5:1: YAML005 error"]),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_at_its_place(old, new, reports, file, content) -> None:
    found = said(edited(file, old, new), content.load())
    assert [": ".join(each.split(": ")[:2]) for each in found] == reports


def test_other_content_is_no_file_of_expansions(file, content) -> None:
    other = (content.directory / "value-sets/cancer.yaml").read_text(encoding="utf-8")
    file.write_text(other, encoding="utf-8")
    found, issues = read_expansions(file, content.load(), shown_as="site.yaml")
    assert found is None
    assert str(issues[0]).startswith("site.yaml:1:1: SCHEMA001 error: this is no value-set-exp")


def test_problems_of_other_files_are_not_reported_with_it(file, content) -> None:
    content.edit("code-map.yaml", "procedure: mri-lumbar", "procedure: mri-lumber")
    assert said(file, content.load()) == []


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path, content) -> None:
    with pytest.raises(OSError, match=r"nothing\.yaml"):
        read_expansions(tmp_path / "nothing.yaml", content.load())


def test_two_files_may_name_one_code_and_the_full_role_counts(file, content) -> None:
    loaded = content.load()
    found = document(file, loaded)
    value_sets = [doc for doc in loaded.documents.values() if doc.kind == "value-set"]
    index = CodeIndex(value_sets, [found, found])
    assert dict(index.memberships(Code("snomed-ct", BELOW))) == {"cancer": "include"}


def test_the_directory_of_the_file_is_not_read(file, content) -> None:
    (file.parent / "broken.yaml").write_text("- nothing\n", encoding="utf-8")
    assert said(file, load(content.directory)) == []
