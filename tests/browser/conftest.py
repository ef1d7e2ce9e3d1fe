"""The pages in a real Chromium, on a real service with a real journal."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.order_page import OrderPage
from tests.journal.servers import missing

ROOT = Path(__file__).parents[2]
WAIT = 120
expect.set_options(timeout=WAIT * 500)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}


class Running:
    """A service as a process of its own, and its journal."""

    def __init__(self, journal: Path, *arguments: str, **settings: str) -> None:
        self._environment = environment(CDS_JOURNAL_DIR=str(journal), **settings)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cds_service.cli", "serve", "--port", "0", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().rstrip("\n").rpartition(" on ")[2]
        assert self.url, "the service did not start"

    def journal(self) -> list[dict[str, Any]]:
        """Return what the journal holds, as it is exported."""
        told = subprocess.run(
            [sys.executable, "-m", "cds_service.cli", "journal", "export", "--format", "jsonl"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=WAIT,
        )
        return [json.loads(line) for line in told.stdout.splitlines()]

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=WAIT)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("journal"), "--demo")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or missing("Chromium (Debian package chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS), timeout=WAIT * 1000
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages in a window of their own; a fault in one, or a breach of its policy, is ours."""
    complaints: list[str] = []
    contexts = []

    def opened(
        url: str, width: int = 1440, scheme: str = "light", height: int = 900, **more: Any
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT * 500)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text or "Trusted" in message.text
                else None
            ),
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def entry(service: Running, open_page: OpenPage) -> Callable[..., OrderPage]:
    """Open the order-entry page on a patient, ready for an order."""

    def opened(patient: str = "fever", query: str = "", **window: Any) -> OrderPage:
        page = open_page(f"{service.url}/demo?patient={patient}{query}", **window)
        return OrderPage(page)

    return opened
