"""The Bundle as a whole: everything refers to what is there, and it is the same each time."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cds_service.content.load import Loaded, load
from cds_service.content.model import ValueSet
from cds_service.export.bundle import bundle, written
from cds_service.export.extensions import EXTENSIONS
from cds_service.export.namespace import DEFAULT_BASE, base_url, computable, resource_id
from cds_service.export.rights import NOTICES
from tests.export.reader import Exported, elements

NOTICE = Path(__file__).parents[2] / "NOTICE"
BASE = "https://fhir.hospital.example/imaging"


def referred(exported: Exported) -> set[str]:
    """Return every text in the Bundle that is an address under its base."""
    return {
        value
        for element in elements(exported.bundle)
        for held in element.values()
        for value in (held if isinstance(held, list) else [held])
        if isinstance(value, str) and value.startswith(exported.base)
    }


def test_every_reference_is_to_something_in_the_bundle(exported: Exported) -> None:
    known = {made["url"]: made["version"] for made in exported.resources.values()}
    for address in referred(exported):
        url, pinned, version = address.partition("|")
        assert url in known
        assert not pinned or version == known[url]


def test_every_resource_has_an_address_of_its_own_that_ends_in_its_id(exported: Exported) -> None:
    addresses = [entry["fullUrl"] for entry in exported.bundle["entry"]]
    assert len(set(addresses)) == len(addresses)
    for (kind, name), made in exported.resources.items():
        assert made["url"] == f"{DEFAULT_BASE}/{kind}/{name}"


def test_the_manifest_lists_everything_else(exported: Exported) -> None:
    listed = {each["resource"] for each in exported.get("Library", "manifest")["relatedArtifact"]}
    others = [made for key, made in exported.resources.items() if key != ("Library", "manifest")]
    assert listed == {f"{made['url']}|{made['version']}" for made in others}


def test_every_extension_of_ours_is_defined_and_every_definition_is_used(
    exported: Exported,
) -> None:
    ours = f"{DEFAULT_BASE}/StructureDefinition/"
    used = {
        extension["url"].removeprefix(ours)
        for element in elements(exported.bundle)
        for extension in element.get("extension", ())
        if isinstance(extension, dict) and extension.get("url", "").startswith(ours)
    }
    rare = {"off-by-default"}  # no rule that ships need be so
    assert set(EXTENSIONS) - rare <= used <= set(EXTENSIONS)
    assert set(exported.of_type("StructureDefinition")) == set(EXTENSIONS)


def test_an_extension_has_the_type_of_value_it_is_defined_with(exported: Exported) -> None:
    ours = f"{DEFAULT_BASE}/StructureDefinition/"
    for element in elements(exported.bundle):
        for extension in element.get("extension", ()):
            if isinstance(extension, dict) and extension.get("url", "").startswith(ours):
                wanted = EXTENSIONS[extension["url"].removeprefix(ours)].type
                assert f"value{wanted.capitalize()}" in extension


def test_status_and_version_are_those_of_the_content(exported: Exported, loaded: Loaded) -> None:
    assert {made["version"] for made in exported.resources.values()} == {loaded.content_version}
    documents = [doc for doc in loaded.documents.values() if isinstance(doc, ValueSet)]
    for document in documents:
        made = exported.get("ValueSet", document.id)
        assert (made["status"], made["date"]) == (document.status, document.effective)
    assert {document.status for document in documents} > {"active"}


def test_the_same_content_is_exported_the_same_twice(small: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(small, tmp_path / "elsewhere")
    assert written(bundle(load(small), BASE)) == written(bundle(load(elsewhere), BASE))


def test_changed_content_has_another_version(small: Path) -> None:
    before = bundle(load(small), BASE)
    path = small / "value-sets" / "cancer.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# reviewed\n", encoding="utf-8")
    assert bundle(load(small), BASE)["id"] != before["id"]


def test_a_site_publishes_under_its_own_address(small: Path) -> None:
    made = Exported(bundle(load(small), BASE), BASE)
    assert made.get("ValueSet", "cancer")["url"] == f"{BASE}/ValueSet/cancer"
    assert DEFAULT_BASE not in json.dumps(made.bundle)


@pytest.mark.parametrize("written_so", [f"{BASE}/", f" {BASE} "])
def test_a_base_is_read_with_or_without_a_slash(written_so: str) -> None:
    assert base_url(written_so) == BASE


@pytest.mark.parametrize(
    "wrong", ["", "fhir", "urn:oid:1.2", "ftp://a.example", "https://", "http://a.example/x?y=1",
              "http://a.example/a|b", "http://a.example/a#b", "http://a.example/a b"],
)  # fmt: skip
def test_what_cannot_be_a_base_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="canonical addresses"):
        base_url(wrong)


def test_cpt_numbers_are_only_in_the_map_and_gone_with_it(exported: Exported, small: Path) -> None:
    cpt = "http://www.ama-assn.org/go/cpt"
    holders = {key for key, made in exported.resources.items() if cpt in json.dumps(made)}
    assert holders == {("ConceptMap", "cpt")}
    assert "American Medical Association" in exported.get("ConceptMap", "cpt")["copyright"]
    with_map = Exported(bundle(load(small), BASE), BASE)
    (group,) = with_map.get("ConceptMap", "local")["group"]
    assert group["element"][0]["target"][0]["code"] == "mri-lumbar"
    (small / "code-map.yaml").unlink()
    assert "72148" not in json.dumps(bundle(load(small), BASE))


def test_resources_carry_the_notices_of_their_code_systems(exported: Exported) -> None:
    fever = exported.get("ValueSet", "fever")["copyright"]
    assert "SNOMED International" in fever
    assert "National Center for Health Statistics" in fever
    assert "Regenstrief" in exported.get("ValueSet", "body-temperature")["copyright"]


def test_the_notices_are_those_of_the_notice_file() -> None:
    notice = " ".join(NOTICE.read_text(encoding="utf-8").split())
    for system, said in NOTICES.items():
        assert said in notice, system


def test_a_value_set_of_phrases_only_has_phrases_and_no_codes(exported: Exported) -> None:
    made = exported.get("ValueSet", "night-or-rest-pain")
    assert "compose" not in made
    assert any("night" in phrase for phrase in exported.said(made, "phrase"))


def test_every_set_that_is_cited_from_elsewhere_keeps_its_sources(exported: Exported) -> None:
    for made in exported.of_type("ValueSet").values():
        cited = [
            each["valueRelatedArtifact"]
            for each in made["extension"]
            if each["url"].endswith("extension-ValueSet.relatedArtifact")
        ]
        labels = {each.get("label") for each in cited}
        sources = {
            source
            for part in made.get("compose", {}).get("include", ())
            for source in exported.said(part, "source")
        }
        assert sources <= labels


def test_a_long_name_becomes_an_id_that_fhir_allows() -> None:
    long = "mri-" + "very-" * 20 + "long"
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource_id(long))
    assert resource_id(long) != resource_id(long + "er")
    assert resource_id("fever.suggestive") == "fever.suggestive"


def test_a_computable_name_starts_with_a_letter() -> None:
    assert computable("low-back-pain.suggestive") == "LowBackPainSuggestive"
    assert computable("3-tesla") == "N3Tesla"
