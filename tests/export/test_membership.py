"""A reader of the exported value sets finds the same codes in them as the service does."""

from itertools import islice

import pytest
import simple_icd_10_cm

from cds_service.content.codeindex import CodeIndex
from cds_service.content.library import Content
from cds_service.content.load import Loaded, load
from cds_service.content.model import ValueSet, ValueSetExpansions
from cds_service.fhir.codes import SYSTEM_URIS, normal_code
from tests.export.reader import Exported, holds

SUFFIX_OF_ROLE = {"include": "", "weak": ".suggestive", "exclude": ".excluded"}


def told_by_service(index: CodeIndex, system: str, code: str) -> set[str]:
    """Return the exported value sets that should hold a code, by what the service counts it as."""
    found = index.memberships(normal_code(system, code))
    return {member.value_set + SUFFIX_OF_ROLE[member.role] for member in found}


def told_by_export(exported: Exported, system: str, code: str) -> set[str]:
    uri = SYSTEM_URIS[system]
    return {
        name
        for name, made in exported.of_type("ValueSet").items()
        if exported.said(made, "role") and holds(made, uri, code)
    }


def index_of_all(loaded: Loaded) -> CodeIndex:
    """Return what the service would count if drafts were in use: drafts are exported too."""
    documents = list(loaded.documents.values())
    return CodeIndex(
        [doc for doc in documents if isinstance(doc, ValueSet)],
        [
            doc
            for doc in documents
            if isinstance(doc, ValueSetExpansions) and doc.status == "active"
        ],
    )


def listed(loaded: Loaded) -> set[tuple[str, str]]:
    return {
        (group.system, code.code)
        for doc in loaded.documents.values()
        if isinstance(doc, ValueSet)
        for group in doc.concepts
        for code in group.codes
    }


def test_every_listed_code_is_in_the_same_sets(exported: Exported, loaded: Loaded) -> None:
    index = index_of_all(loaded)
    codes = {
        (system, code) for system, code in listed(loaded) if "-" not in code or system == "loinc"
    }
    assert len(codes) > 1000
    different = {
        code: (told_by_export(exported, *code), told_by_service(index, *code))
        for code in codes
        if told_by_export(exported, *code) != told_by_service(index, *code)
    }
    assert different == {}


def test_descendants_are_in_the_same_sets(exported: Exported, loaded: Loaded) -> None:
    """Every seventh code of the whole of ICD-10-CM, listed ancestors or not."""
    index = index_of_all(loaded)
    every = (
        code for code in simple_icd_10_cm.get_all_codes(True) if "-" not in code and len(code) > 2
    )
    counted = 0
    for code in islice(every, 0, None, 7):
        expected = told_by_service(index, "icd-10-cm", code)
        assert told_by_export(exported, "icd-10-cm", code) == expected, code
        counted += bool(expected)
    assert counted > 100


@pytest.mark.parametrize(
    ("code", "value_sets"),
    [
        ("B24", {"hiv"}),
        ("B23.0", {"hiv"}),
        ("E14.7", {"diabetes-with-complications", "diabetes-any"}),
        ("E14.0", {"diabetes-with-complications.suggestive", "diabetes-any"}),
        ("E14.9", {"diabetes-any"}),
        ("Z35.9", {"pregnancy-condition"}),
        ("B25.9", set()),
    ],
)
def test_codes_that_only_the_who_has_are_exported_under_its_address(
    exported: Exported, loaded: Loaded, code: str, value_sets: set[str]
) -> None:
    assert told_by_export(exported, "icd-10", code) == value_sets
    assert told_by_service(index_of_all(loaded), "icd-10", code) == value_sets
    assert told_by_export(exported, "icd-10-cm", code) == set()


@pytest.mark.parametrize(
    "code", ["H02AB06", "H02CA01", "L04AX03", "L04", "A10BA02", "V08AB02", "J01CA04"]
)
def test_medicines_below_a_class_are_in_the_same_sets(
    exported: Exported, loaded: Loaded, code: str
) -> None:
    assert told_by_export(exported, "atc", code) == told_by_service(
        index_of_all(loaded), "atc", code
    )


def test_only_listed_codes_are_exported(exported: Exported, loaded: Loaded) -> None:
    systems = {uri: name for name, uri in SYSTEM_URIS.items()}
    written = {
        (systems[part["system"]], concept["code"])
        for made in exported.of_type("ValueSet").values()
        if exported.said(made, "role")
        for part in [
            *made.get("compose", {}).get("include", ()),
            *made.get("compose", {}).get("exclude", ()),
        ]
        for concept in part.get("concept", ())
    }
    branches = {
        (systems[part["system"]], each["value"])
        for made in exported.of_type("ValueSet").values()
        for part in made.get("compose", {}).get("include", ())
        for each in part.get("filter", ())
        if each["op"] == "is-a"
    }
    assert written | branches == {
        (system, code) for system, code in listed(loaded) if "-" not in code or system == "loinc"
    }


def test_a_code_that_only_suggests_is_not_in_the_set_that_counts(exported: Exported) -> None:
    assert told_by_export(exported, "icd-10-cm", "C44.91") >= {"active-malignancy.suggestive"}
    assert "active-malignancy" not in told_by_export(exported, "icd-10-cm", "C44.91")


def test_a_late_effect_is_in_no_set(exported: Exported, content: Content) -> None:
    assert "spine-trauma" in told_by_export(exported, "icd-10-cm", "S32.010A")
    assert told_by_export(exported, "icd-10-cm", "S32.010S") == set()


NESTED = """
      - {code: "C00-C14", label: mouth, descendants: true}
      - {code: "C02-C04", label: tongue to floor, descendants: true, role: weak}
      - {code: "C03-C03", label: gum, descendants: true}
      - {code: "C50", label: breast, descendants: true}
      - {code: "C50.1", label: central, descendants: true, role: weak}
      - {code: "C50.11", label: central of female breast, descendants: true}
      - {code: "C50.112", label: left, role: weak}
      - {code: "C50.9", label: unspecified, role: exclude}
      - {code: "C50.4", label: upper outer, descendants: true, role: exclude}
      - {code: "C50.41", label: of female breast, descendants: true}
      - {code: "C79.51", label: spread to bone}
"""


def test_the_most_special_entry_decides_however_deep(small, export_small) -> None:
    path = small / "value-sets" / "cancer.yaml"
    text = path.read_text(encoding="utf-8")
    old = text[text.index('\n      - {code: "C00-C14"') : text.index("  - system: snomed-ct")]
    path.write_text(text.replace(old, NESTED), encoding="utf-8")
    loaded = load(small)
    assert loaded.issues == []
    exported, index = export_small(), index_of_all(loaded)
    for code in (
        "C00.1", "C02", "C02.1", "C03", "C03.0", "C04.9", "C05", "C14.8", "C15", "C50", "C50.0",
        "C50.019", "C50.1", "C50.12", "C50.121", "C50.11", "C50.111", "C50.112", "C50.9",
        "C50.911", "C50.4", "C50.411", "C50.421", "C79.51", "C79.52",
    ):  # fmt: skip
        assert told_by_export(exported, "icd-10-cm", code) == told_by_service(
            index, "icd-10-cm", code
        ), code
    assert told_by_export(exported, "icd-10-cm", "C50.111") == {"cancer"}
    assert told_by_export(exported, "icd-10-cm", "C50.121") == {"cancer.suggestive"}
    assert told_by_export(exported, "icd-10-cm", "C50.411") == {"cancer.excluded"}
    assert told_by_export(exported, "icd-10-cm", "C03.0") == {"cancer"}
    assert told_by_export(exported, "icd-10-cm", "C04.9") == {"cancer.suggestive"}


EXPANSIONS = """kind: value-set-expansions
id: sites-own
title: Descendants of listed codes
status: active
version: "1.0.0"
effective: "2026-01-01"
sources:
  - id: server
    title: A terminology server
    url: https://terminology.hospital.example/fhir
    locator: ValueSet/$expand
limits: As one server named them on one day.
server: https://terminology.hospital.example/fhir
code-systems: [{system: snomed-ct, version: "http://snomed.info/sct/900000000000207008"}]
expansions:
  - value-set: cancer
    value-set-version: "1.0.0"
    groups:
      - system: snomed-ct
        parent: "266987004"
        role: include
        descendants:
          - {code: "429740004", label: history of breast cancer}
"""


def test_descendants_that_a_server_named_are_exported_as_their_parent_counts(
    small, export_small
) -> None:
    assert "cancer" not in told_by_export(export_small(), "snomed-ct", "429740004")
    (small / "expansions.yaml").write_text(EXPANSIONS, encoding="utf-8")
    loaded = load(small)
    assert loaded.issues == []
    exported = export_small()
    for code in ("266987004", "429740004"):
        assert told_by_service(index_of_all(loaded), "snomed-ct", code) == {"cancer"}
        assert told_by_export(exported, "snomed-ct", code) == {"cancer"}
