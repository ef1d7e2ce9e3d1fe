"""The guide to running replicas names files, settings and figures that exist."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cds_service.settings import Settings, variable
from tests.deploy.settings import BESIDE_WORKERS, FOR_A_WORKER, MIB

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_every_setting_it_names_is_one():
    named = set(re.findall(r"CDS_[A-Z_]+", GUIDE))
    assert len(named) > 10
    assert named <= {variable(each.name) for each in fields(Settings)}


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#\s]+)\)", GUIDE)
    assert len(links) > 4
    for link in links:
        assert (ROOT / "docs" / link).exists(), link


def test_every_part_is_in_its_list():
    parts = re.findall(r"^## (.+)$", GUIDE, re.MULTILINE)
    listed = re.findall(r"^\d+\. \[(.+)\]\(#(.+)\)$", GUIDE, re.MULTILINE)
    assert [title for title, _ in listed] == parts
    for title, anchor in listed:
        assert anchor == re.sub("[^a-z -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "path", ["example/env", "example/config", "example/secrets/advisor.env", "compose.yaml"]
)
def test_what_is_copied_is_there(path: str):
    assert path.partition("/secrets/")[0] in GUIDE
    assert (ROOT / "deploy" / path).exists()


def test_every_figure_it_tells_to_watch_is_shown(serve):
    shown = serve().get("/metrics").text
    named = set(re.findall(r"`(cds_\w+)`", GUIDE))
    assert len(named) > 4
    for figure in named - {"cds_journal_reachable", "cds_journal_lag_seconds"}:
        assert f"# TYPE {figure} " in shown, figure


def test_the_memory_it_reckons_with_is_what_the_manifests_are_held_to():
    words = " ".join(GUIDE.split())
    assert f"Allow {FOR_A_WORKER // MIB} MiB for each worker process" in words
    assert f"and {BESIDE_WORKERS // MIB} MiB beside them" in words
