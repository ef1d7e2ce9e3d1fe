"""The nginx configuration of docs/insights.md, on a real nginx before a real service."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from tests.journal.servers import free_port, missing
from tests.web.insights.conftest import Open

DOCS = Path(__file__).parents[3] / "docs" / "insights.md"
HOST = "cds.example"
SIGNED_IN = {"Cookie": "session=ann"}


class SignOn(BaseHTTPRequestHandler):
    """Stands for oauth2-proxy: knows one session, and has a page to sign in."""

    def do_GET(self) -> None:
        known = self.headers.get("Cookie") == SIGNED_IN["Cookie"]
        if self.path == "/oauth2/auth":
            self.send_response(202 if known else 401)
            if known:
                self.send_header("X-Auth-Request-User", "ann")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Sign in with your account")

    def log_message(self, *_arguments: Any) -> None:
        pass


def written(port: int, sign_on: int, service: int, directory: Path) -> Path:
    """Write the documented configuration with the addresses of this test, and return its path."""
    block = re.search("```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    text = block[1]
    for documented, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("127.0.0.1:4180", f"127.0.0.1:{sign_on}"),
        ("10.0.0.20:8000", f"127.0.0.1:{service}"),
    ):
        assert documented in text
        text = text.replace(documented, here)
    paths = "".join(
        f"{kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = directory / "nginx.conf"
    file.write_text(
        f"daemon off; pid {directory}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off; {paths}\n{text} }}\n"
    )
    return file


@pytest.fixture
def proxy(site: Open, tmp_path: Path) -> Iterator[str]:
    """Return the address of nginx before a service that believes it."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or missing("nginx")
    app = site(
        local=False,
        insights="proxy",
        insights_proxy=("127.0.0.1/32",),
        base_url=f"https://{HOST}",
    ).application
    service = make_server("127.0.0.1", 0, app, threaded=True)
    sign_on = ThreadingHTTPServer(("127.0.0.1", 0), SignOn)
    for server in (service, sign_on):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    file = written(port, sign_on.server_address[1], service.server_port, tmp_path)
    process = subprocess.Popen([nginx, "-c", file, "-p", tmp_path], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while True:
            try:
                requests.get(address, timeout=60)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "nginx did not start"
                assert time.monotonic() < end
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(60)
        for server in (service, sign_on):
            server.shutdown()
            server.server_close()


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers={"Host": HOST, **headers}, timeout=60)


def test_the_documented_proxy_lets_in_whom_it_has_signed_in_and_nobody_else(proxy: str):
    for path in ("/insights", "/insights/summary.csv"):
        seen = get(proxy + path, **SIGNED_IN)
        assert seen.status_code == 200
        assert "Calls with an imaging order" in seen.text or "journal is empty" in seen.text
        for forged in ({}, {"X-Forwarded-User": "ann"}, {"Cookie": "session=eve"}):
            refused = get(proxy + path, **forged)
            assert "Sign in with your account" in refused.text
            assert "imaging order" not in refused.text
    style = re.search(r'href="(/pages/[^"]+\.css)"', get(f"{proxy}/insights", **SIGNED_IN).text)
    assert style
    assert get(proxy + style[1]).headers["Content-Type"].startswith("text/css")
    assert get(f"{proxy}/cds-services").status_code == 200
    for around in ("//insights", "/INSIGHTS", "/x/../insights", "/%69nsights"):
        told = get(proxy + around, **{"X-Forwarded-User": "ann"})
        assert "Calls with an imaging order" not in told.text
        assert "journal is empty" not in told.text
