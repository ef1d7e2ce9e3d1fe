"""The command "serve" as its own processes, and what it says."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.fhir_server import wait_until

ROOT = Path(__file__).parents[2]
WAIT = 120


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "CDS_JOURNAL_DIR": "none",
        "CDS_PORT": "0",
        "CDS_LOG_LEVEL": "WARNING",
        "CDS_WORKERS": "2",
        "CDS_QUEUE_WAIT": "30",  # a call that waits on a slow machine is no overload
    }
    return {**kept, **own, **settings}


def command(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run another command with the settings of a service."""
    return subprocess.run(
        [sys.executable, "-m", "cds_service.cli", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


class Running:
    """A service from its start until the end of the ``with`` statement."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cds_service.cli", "serve"],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self.complained: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.said)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.complained)),
        ]
        for reader in self._readers:
            reader.start()
        assert wait_until(lambda: len(self.said) >= 4 or self.process.poll() is not None, WAIT)
        assert len(self.said) >= 4, "\n".join(self.complained)
        self.port = port_of(self.process.pid)
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in iter(stream.readline, ""):
            lines.append(line.rstrip("\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for reader in self._readers:
            reader.join(WAIT)
        self.process.stdout.close()
        self.process.stderr.close()

    def complains(self, text: str) -> bool:
        """Say whether a line with `text` comes on standard error, which is read a moment later."""
        return wait_until(lambda: any(text in line for line in self.complained), WAIT)

    @property
    def workers(self) -> list[int]:
        """The process numbers of the workers that run now."""
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(word) for word in text.split()]

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=WAIT, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=WAIT, **more)

    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/readyz").json()
        return found

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)

    def figures(self) -> dict[tuple[str, ...], float]:
        """The metrics by name and label values."""
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
        }

    def all_ready(self) -> bool:
        """Say whether every worker answers; false too while none does."""
        try:
            workers = self.ready()["workers"]
        except (requests.RequestException, ValueError):
            return False
        return {worker["state"] for worker in workers} == {"ready"}


def port_of(pid: int) -> int:
    """Return the port on which the process listens, from the kernel's own table."""
    sockets = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(each.readlink()))
    for line in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        columns = line.split()
        if columns[3] == "0A" and f"socket:[{columns[9]}]" in sockets:
            return int(columns[1].rpartition(":")[2], 16)
    raise AssertionError("the service does not listen")


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Read one HTTP answer; return its status and body."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def status_of(connection: socket.socket) -> int:
    return answer_of(connection)[0]


def open_files(pid: int) -> set[str]:
    """Return the files on disk that the process has open, deleted ones too."""
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:
            continue
        if target.startswith("/") and not re.match("/(dev|proc)/", target):
            found.add(target)
    return found
