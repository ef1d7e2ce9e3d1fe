"""The order-entry page with a real FHIR server behind it (make demo-fhir)."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, OpenPage, environment
from tests.browser.order_page import OrderPage
from tests.journal.servers import missing

SERVER = ROOT / "deploy" / "demo-fhir"
MRI = "MRI lumbar spine without IV contrast"
Entry = Callable[..., OrderPage]


class Demo:
    """What make demo-fhir runs: a FHIR server, the charts on it, and the service."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        said = iter(process.stdout or ())
        self.fhir = next(line for line in said if line.startswith("FHIR server")).split()[2][:-1]
        self.url = next(line for line in said if " on http" in line).rpartition(" on ")[2].strip()
        self.token = requests.get(f"{self.url}/demo/token", timeout=120).json()["access_token"]

    def read(self, path: str) -> requests.Response:
        return requests.get(
            f"{self.fhir}/{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    if shutil.which("node") is None or not (SERVER / "node_modules" / ".stamp").exists():
        missing("the FHIR server of the demo (Debian packages nodejs and npm, make demo-fhir)")
    process = subprocess.Popen(
        [sys.executable, str(SERVER / "run.py"), "--port", "0"],
        env=environment(CDS_JOURNAL_DIR=str(tmp_path_factory.mktemp("journal"))),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield Demo(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 0


@pytest.fixture
def entry(demo: Demo, open_page: OpenPage) -> Entry:
    return lambda patient: OrderPage(open_page(f"{demo.url}/demo?patient={patient}"))


def test_the_charts_are_on_the_server_for_the_holder_of_the_token_only(demo: Demo) -> None:
    found = demo.read("Device?patient=pacemaker&_count=200").json()
    assert [each["resource"]["id"] for each in found["entry"]] == ["pacemaker-device-4"]
    assert requests.get(f"{demo.fhir}/Patient/pacemaker", timeout=120).status_code == 401


def test_the_advisor_reads_the_server_with_the_token_and_gets_no_prefetch(entry: Entry) -> None:
    page = entry("pacemaker")
    page.try_order(MRI)
    assert page.cards() == ["hold-mri-device"]
    page.tab("Request")
    body = json.loads(page.page.locator("#request-body").inner_text())
    assert "prefetch" not in body
    assert body["fhirServer"].endswith("/fhir/R4")
    assert body["fhirAuthorization"]["token_type"] == "Bearer"
    page.tab("Why")
    page.page.locator("#why summary", has_text="What of the chart was read").click()
    rows = page.page.get_by_role("region", name="Sources").locator("tbody tr")
    assert rows.count() == 11
    for row in rows.all():
        expect(row).to_contain_text("complete")


def test_a_record_added_on_the_page_is_on_the_server_and_counts(entry: Entry, demo: Demo) -> None:
    page = entry("uncomplicated")
    page.try_order(MRI)
    assert page.cards() == ["imaging-not-needed"]
    page.add("Temperature", value="39.1")
    assert page.cards() == ["add-contrast"]
    found = demo.read("Observation?patient=uncomplicated&code=8310-5&_count=200").json()
    values = [each["resource"]["valueQuantity"]["value"] for each in found["entry"]]
    assert 39.1 in values
    page.page.get_by_role("button", name="Reset the chart").click()
    expect(page.page.locator("#chart-note")).to_have_text("As it was written.")
    page.try_order(MRI)
    assert page.cards() == ["imaging-not-needed"]


def test_a_change_that_the_server_refuses_is_told_and_not_shown(entry: Entry) -> None:
    page = entry("fever")
    page.page.route("**/fhir/R4/Observation/*", lambda route: route.fulfill(status=503))
    page.add("Temperature", value="40.2")
    expect(page.page.locator("#record-problem")).to_contain_text("The chart was not changed")
    expect(page.page.locator("#chart")).not_to_contain_text("40.2")


def test_without_its_server_the_page_says_that_the_chart_could_not_be_opened(entry: Entry) -> None:
    page = entry("fever")
    page.page.route("**/fhir/R4/**", lambda route: route.abort())
    page.page.get_by_label("Patient", exact=True).select_option("pacemaker")
    expect(page.page.locator("#advice-state")).to_contain_text("could not be opened")


def test_the_server_does_not_start_without_a_token() -> None:
    if shutil.which("node") is None or not (SERVER / "node_modules" / ".stamp").exists():
        missing("the FHIR server of the demo (Debian packages nodejs and npm, make demo-fhir)")
    kept = {name: value for name, value in os.environ.items() if name != "DEMO_FHIR_TOKEN"}
    told = subprocess.run(
        ["node", str(Path(SERVER) / "server.mjs")],
        env=kept,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 2
    assert "DEMO_FHIR_TOKEN" in told.stderr
