"""What the guides show is true: table, client, clients file, settings and links."""

import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from cds_service.clients.refusal import Refusal
from cds_service.gather.templates import resource_type_of
from cds_service.settings import Settings, variable
from tests.conformance.requirements import ROOT
from tests.fhir_server import FhirServer
from tests.hook_request import BACK_PAIN, BREAST_CANCER, PACEMAKER, order, resources

INTEGRATE = ROOT / "docs" / "integrate.md"
SECURITY = ROOT / "docs" / "security.md"
GUIDES = [INTEGRATE, SECURITY, ROOT / "docs" / "conformance.md"]
MARKS = r"(<!-- {}:begin[^>]*-->\n)(.*?)(<!-- {}:end -->)"


def part(name: str) -> str:
    """Return what stands between the marks `name` in the guide, without its code fence."""
    found = re.search(MARKS.format(name, name), INTEGRATE.read_text("utf-8"), re.DOTALL)
    assert found, f"no part {name}"
    return re.sub(r"^```\w*\n|```\n$", "", found[2])


def table(templates: dict[str, str]) -> str:
    """Return the prefetch table for people who type it into an EHR."""
    rows = ["| Key | Resource | Scopes | Query |", "|---|---|---|---|"]
    for key, template in templates.items():
        kind = resource_type_of(key)
        scopes = f"`patient/{kind}.read` or `patient/{kind}.rs`"
        rows.append(f"| `{key}` | {kind} | {scopes} | `{template.replace('|', chr(92) + '|')}` |")
    return "\n".join(rows) + "\n"


@pytest.mark.conformance(29, 40)
def test_the_prefetch_table_is_that_of_discovery(templates: dict[str, str]) -> None:
    text = INTEGRATE.read_text("utf-8")
    wanted = re.sub(
        MARKS.format("prefetch", "prefetch"),
        lambda found: found[1] + table(templates) + found[3],
        text,
        flags=re.DOTALL,
    )
    if os.environ.get("UPDATE_DOCS"):
        INTEGRATE.write_text(wanted, encoding="utf-8")
        text = wanted
    assert text == wanted, "stale: UPDATE_DOCS=1 pytest tests/conformance/test_guides.py"


@pytest.fixture
def advisor(service: FlaskClient) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, service.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_client_in_the_guide_works(advisor: str) -> None:
    names: dict[str, Any] = {}
    exec(part("client"), names)  # this is the code we tell people to copy
    chart = resources(BREAST_CANCER, BACK_PAIN, PACEMAKER)
    with FhirServer(chart, without=["DeviceUseStatement"]) as server:
        names |= {"ADVISOR": advisor, "FHIR": server.base_url}
        (card,) = names["cards"](order(), "case-patient", "Practitioner/1")
    assert card["indicator"] == "critical"


def test_the_client_in_the_guide_is_short() -> None:
    code = [line for line in part("client").splitlines() if line and not line.startswith("import")]
    assert len(code) <= 32


def test_the_clients_file_in_the_guide_is_accepted() -> None:
    reading = pytest.importorskip("cds_service.clients.read")
    clients = reading.read_clients(yaml.safe_load(part("clients")))
    assert [client.id for client in clients.all] == ["st-elsewhere", "st-elsewhere-test"]


def first_column(name: str) -> set[str]:
    """Return the names in the first column of the table between the marks `name`."""
    rows = part(name).splitlines()[2:]
    return {said for row in rows for said in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_every_key_of_a_client_is_in_the_table() -> None:
    schema = json.loads((ROOT / "cds_service/clients/clients.schema.json").read_text("utf-8"))
    assert first_column("client-keys") == set(schema["$defs"]["client"]["properties"])


def test_every_reason_for_which_a_token_is_refused_is_in_the_table() -> None:
    assert first_column("outcomes") == {reason.value for reason in Refusal}


@pytest.mark.parametrize("guide", [INTEGRATE, SECURITY], ids=lambda path: path.name)
def test_every_setting_a_guide_names_is_one(guide: Path) -> None:
    named = set(re.findall(r"CDS_[A-Z_]+", guide.read_text("utf-8")))
    assert named <= {variable(item.name) for item in fields(Settings)}


@pytest.mark.parametrize("guide", [INTEGRATE], ids=lambda path: path.name)
def test_every_card_a_guide_names_is_one(guide: Path, content: Any) -> None:
    text = guide.read_text("utf-8").partition("## Go live quietly")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", text))
    assert named
    assert named <= set(content.texts)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(guide: Path) -> None:
    text = guide.read_text("utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (guide.parent / target).exists(), target
