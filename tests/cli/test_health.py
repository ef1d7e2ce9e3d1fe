"""The health check, against a real service and without one."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.test_serve import Service, command, environment

WAIT = 120
ALONE = [sys.executable, "-m", "cds_service.cli.health"]
BOTH = pytest.mark.parametrize("program", [command("health"), ALONE], ids=["command", "module"])


def asked(program: list[str], *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    """Return the port of a real service."""
    with Service() as service:
        yield service.url.rpartition(":")[2]
        service.stop(signal.SIGTERM)


@pytest.mark.parametrize("host", ["", "127.0.0.1", "0.0.0.0", "localhost"])
def test_a_service_that_answers_is_healthy_however_it_is_told_to_listen(port, host):
    answer = asked(ALONE, "--ready", CDS_HOST=host, CDS_PORT=port)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_command_asks_the_same(port):
    answer = asked(command("health"), "--ready", CDS_PORT=port)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@BOTH
def test_where_nothing_listens_it_is_not_healthy_and_says_so(program):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        answer = asked(program, CDS_PORT=str(port))
    assert answer.returncode == 1
    assert answer.stderr == f"No answer from 127.0.0.1 port {port} (ConnectionRefusedError).\n"


class Draining(BaseHTTPRequestHandler):
    """Answers as a service does that is about to end: alive, but not for new calls."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_service_that_ends_is_alive_but_not_ready():
    with ThreadingHTTPServer(("127.0.0.1", 0), Draining) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_port)
        alive, ready = asked(ALONE, CDS_PORT=port), asked(ALONE, "--ready", CDS_PORT=port)
        server.shutdown()
    assert (alive.returncode, alive.stderr) == (0, "")
    assert (ready.returncode, ready.stderr) == (1, "/readyz was answered with 503.\n")


@BOTH
def test_settings_that_cannot_be_read_are_named(program):
    answer = asked(program, CDS_PORT="many")
    assert answer.returncode != 0
    assert "CDS_PORT" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_check_alone_loads_neither_the_web_framework_nor_the_content():
    program = "import sys, cds_service.cli.health; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"flask", "jsonschema", "sqlalchemy", "yaml", "cds_service.content"} & set(loaded)
