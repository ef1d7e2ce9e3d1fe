"""A site's own expansions, from the terminology server to the advice."""

from pathlib import Path

import pytest

from cds_service.cli.main import main
from cds_service.content.library import Content
from cds_service.content.load import load
from cds_service.fhir.codes import Code
from tests.conftest import CARDS
from tests.terminology_server import TerminologyServer, sctid

BONE_METASTASIS = "94222008"  # listed in the value set bone-metastasis
NARROWER = Code("snomed-ct", sctid(51))


@pytest.fixture
def expansions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of a file of expansions, made by the command from the shipped content."""
    monkeypatch.delenv("CDS_CARDS_DIR", raising=False)
    path = tmp_path / "made.yaml"
    hierarchy = {BONE_METASTASIS: (), NARROWER.value: (BONE_METASTASIS,)}
    with TerminologyServer(hierarchy) as server:
        ask = ["value-sets", "expand", "--tx", server.base_url, "--out", str(path)]
        assert main([*ask, "bone-metastasis"]) == 0
    return path.read_text(encoding="utf-8")


def test_what_a_site_has_expanded_counts_as_the_listed_code(opened, expansions, content: Content):
    assert content.index.memberships(NARROWER) == ()
    site = opened("expansions: [made.yaml]\n", made_yaml=expansions).content
    assert ("bone-metastasis", "include") in site.index.memberships(NARROWER)
    assert site.index.memberships(Code("snomed-ct", BONE_METASTASIS)) == content.index.memberships(
        Code("snomed-ct", BONE_METASTASIS)
    )


def test_the_shipped_content_holds_no_expansions():
    kinds = {document.kind for document in load(CARDS).documents.values()}
    assert "value-set-expansions" not in kinds
