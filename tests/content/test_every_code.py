"""Every code of the shipped content is a code of its system, and ICD-10-CM matches by hierarchy.

The walk over the content is this file's own, over the YAML as written, so that a document the
checker forgets is noticed too. ICD-10-CM is compared with the code set of simple-icd-10-cm
(April 2026 release).
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import simple_icd_10_cm as icd

from cds_service.cli.content import count
from cds_service.content import strict_yaml
from cds_service.content.checks.catalogue import catalogue
from cds_service.content.checks.code_shapes import (
    icd_10_cm_is_shaped,
    loinc_is_valid,
    other_shape,
    snomed_ct_is_valid,
)
from cds_service.content.checks.codes import written_codes
from cds_service.content.codeindex import CodeIndex
from cds_service.content.load import Loaded
from cds_service.content.model import CodeMap, ValueSet
from cds_service.fhir.codes import SYSTEM_URIS, normal_code

HAS_NARROWER_CODES_LISTED_BESIDE_IT = {"R15", "Z18.1"}
"""Categories that older records carry alone; what is below them is listed code by code."""

SPELLINGS = (
    str,
    lambda code: code.replace(".", ""),
    str.lower,
    lambda code: f" {code[:3]} {code[3:]} ",
    lambda code: f"{code}.",
    lambda code: f"{code[0]}\u00a0{code[1:]}\u200b",
)
"""How charts spell a code; a different one is tried for each code in turn."""


class Found(NamedTuple):
    path: str
    system: str
    code: str
    descendants: bool
    role: str


def walk(value: Any, system: str, path: str) -> Iterator[Found]:
    """Yield every code anywhere in `value` with the system that is stated nearest to it."""
    if isinstance(value, list):
        for each in value:
            yield from walk(each, system, path)
    elif isinstance(value, dict):
        system = value.get("system", system)
        if system and "code" in value:
            below, role = value.get("descendants", False), value.get("role", "include")
            yield Found(path, system, value["code"], below, role)
        for each in value.values():
            yield from walk(each, system, path)


@pytest.fixture(scope="module")
def found(loaded: Loaded) -> list[Found]:
    files = ((path, strict_yaml.read(loaded.root / path)[0]) for path in loaded.documents)
    return [each for path, data in files for each in walk(data, "", path)]


def of(found: list[Found], system: str) -> list[str]:
    codes = [each.code for each in found if each.system == system]
    assert codes, f"there is no code of {system}"
    return codes


def test_the_checker_looks_at_every_code_that_is_not_retired(
    found: list[Found], loaded: Loaded
) -> None:
    checked = [(each.path, each.system, each.code) for each in written_codes(catalogue(loaded))]
    kept = {path for path, doc in loaded.documents.items() if doc.status != "retired"}
    written = [(each.path, each.system, each.code) for each in found if each.path in kept]
    assert sorted(checked) == sorted(written)


def test_the_counts_that_are_reported_are_those_of_the_files(
    found: list[Found], loaded: Loaded
) -> None:
    active = {path for path, doc in loaded.documents.items() if doc.status == "active"}
    counted = Counter(each.system for each in found if each.path in active)
    assert count(loaded)["codes by system"] == dict(sorted(counted.items()))
    assert sum(counted.values()) > 1000


def test_every_system_is_one_we_know(found: list[Found]) -> None:
    assert {each.system for each in found} - set(SYSTEM_URIS) == set()


def test_every_check_digit_is_right(found: list[Found]) -> None:
    assert [code for code in of(found, "snomed-ct") if not snomed_ct_is_valid(code)] == []
    assert [code for code in of(found, "loinc") if not loinc_is_valid(code)] == []


@pytest.mark.parametrize("system", ["rxnorm", "atc", "ncit", "radlex", "cpt", "icd-10"])
def test_every_code_without_a_check_digit_has_its_shape(system: str, found: list[Found]) -> None:
    assert [code for code in of(found, system) if other_shape(system, code)] == []


def test_every_icd_10_cm_code_is_in_the_release(found: list[Found]) -> None:
    codes = of(found, "icd-10-cm")
    assert [code for code in codes if not icd_10_cm_is_shaped(code)] == []
    assert [code for code in codes if not icd.is_valid_item(code)] == []


def test_every_icd_10_cm_prefix_has_something_below_it_or_is_a_leaf(found: list[Found]) -> None:
    """A block such as C00-C96 is valid, yet the release lists nothing below it."""
    asked = [each.code for each in found if each.system == "icd-10-cm" and each.descendants]
    assert [code for code in asked if not icd.is_leaf(code) and not icd.get_descendants(code)] == []
    assert [code for code in asked if "-" in code and not icd.get_descendants(code)] == []


def test_every_icd_10_code_of_the_who_is_one_that_icd_10_cm_does_not_have(
    found: list[Found],
) -> None:
    """A number in both would be read as ICD-10-CM and belongs there; nothing below it either."""
    listed = [code.replace(".", "") for code in of(found, "icd-10")]
    every = [code.replace(".", "") for code in icd.get_all_codes()]
    assert [one for one in every if one.startswith(tuple(listed))] == []
    assert [code for code in listed if "-" in code] == []


def test_a_code_that_has_narrower_ones_says_whether_they_count(found: list[Found]) -> None:
    """Codes that were once whole and got children since are found this way (M54.5, FY2022)."""
    listed = {(each.path, each.code) for each in found if each.system == "icd-10-cm"}
    alone = {
        each.code
        for each in found
        if each.system == "icd-10-cm" and not each.descendants
        for children in [icd.get_children(each.code)]
        if children and not all((each.path, child) in listed for child in children)
    }
    beside = {
        each.code
        for each in found
        if each.system == "icd-10-cm" and not each.descendants and icd.get_children(each.code)
    }
    assert alone == set()
    assert beside == HAS_NARROWER_CODES_LISTED_BESIDE_IT


def test_codes_that_are_no_longer_ordered_say_so(loaded: Loaded) -> None:
    """The current code of a procedure is written into orders, never a retired one."""
    maps = [doc for doc in loaded.documents.values() if isinstance(doc, CodeMap)]
    retired = [each for doc in maps for each in doc.codes if each.status != "active"]
    current = {each.procedure for doc in maps for each in doc.codes if each.status == "active"}
    assert retired
    assert {
        each.code for each in retired if each.procedure not in current and not each.note
    } == set()


def expected(value_sets: list[ValueSet]) -> dict[str, dict[str, str]]:
    """Return, by code of the release, in which value sets it counts and how, by its hierarchy."""
    roles: dict[str, dict[str, str]] = {}
    for value_set in value_sets:
        listed = [
            concept
            for group in value_set.concepts
            if group.system == "icd-10-cm"
            for concept in group.codes
        ]
        for concept in sorted(listed, key=lambda each: len(icd.get_ancestors(each.code))):
            below = icd.get_descendants(concept.code) if concept.descendants else []
            for code in (concept.code, *below):
                own = roles.setdefault(code, {})
                if own.get(value_set.id) != "exclude":
                    own[value_set.id] = concept.role
    return roles


def late_effect(code: str) -> bool:
    return code[0] in "SVWXY" and len(code) == 8 and code.endswith("S")


def test_icd_10_cm_counts_by_its_hierarchy_however_it_is_spelt(loaded: Loaded) -> None:
    value_sets = [doc for doc in loaded.documents.values() if isinstance(doc, ValueSet)]
    index, wanted = CodeIndex(value_sets), expected(value_sets)
    codes = [c for c in icd.get_all_codes() if not icd.is_block(c) and not icd.is_chapter(c)]
    assert len(set(wanted) & set(codes)) > 10_000
    assert len(set(codes) - set(wanted)) > 10_000
    wrong = []
    for number, code in enumerate(codes):
        spelt = SPELLINGS[number % len(SPELLINGS)](code)
        roles = {} if late_effect(code) else wanted.get(code, {})
        counted = dict(index.memberships(normal_code("icd-10-cm", spelt)))
        if counted != roles:
            wrong.append((spelt, counted, roles))
    assert wrong == []
