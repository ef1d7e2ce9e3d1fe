"""Servers under measurement: how each is started, when it is ready, what it has used.

Only this module knows how a server is started. Workers and threads are the same for all.
"""

import contextlib
import http.client
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import psutil

from tests.bench.baselines import ANSWERS
from tests.bench.cells import OURS, Cell

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_PATIENCE = 60.0
_TO_STOP = 5.0
_MIB = 1024 * 1024
_BODY_LIMIT = 64 * _MIB


@dataclass(frozen=True, slots=True)
class Model:
    """The process model: worker processes, and threads that answer in each."""

    workers: int
    threads: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in MiB of each worker: proportional set size, resident set size, its peak."""

    pss: tuple[float, ...]
    rss: tuple[float, ...]
    peak_rss: tuple[float, ...]


class NotReady(RuntimeError):  # noqa: N818 - it reads as what happened
    """Raised when a server ended or did not answer in time; the text has what it said last."""


@dataclass(slots=True)
class Server:
    """A running server; `startup` is seconds from its start to the first 200 of ``/readyz``."""

    name: str
    port: int
    process: psutil.Popen
    startup: float = 0.0

    def path(self, cell: Cell) -> str:
        """Return where `cell` is asked: a baseline is told which constant answer to send."""
        service = "imaging-order-select" if self.name == OURS else cell.chart
        return f"/cds-services/{service}"

    def url(self, cell: Cell) -> str:
        """Return the address at which `cell` is asked."""
        return f"http://{HOST}:{self.port}{self.path(cell)}"

    def cpu(self) -> float:
        """Return seconds of CPU time, user and system, of all processes of the server."""
        used = 0.0
        for each in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                used += sum(each.cpu_times()[:2])
        return used

    def memory(self) -> Memory:
        """Return the memory of the workers, in the order of their process ids."""
        full = [each.memory_full_info() for each in self.workers()]
        return Memory(
            tuple(info.pss / _MIB for info in full),
            tuple(info.rss / _MIB for info in full),
            tuple(_peak(each.pid) for each in self.workers()),
        )

    def forget_peak(self) -> None:
        """Begin the peak of memory anew (proc(5), clear_refs: 5)."""
        for each in self.workers():
            Path(f"/proc/{each.pid}/clear_refs").write_text("5", encoding="ascii")

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer: the children, or the server itself if it has none."""
        children = [each for each in self._tree()[1:] if "resource_tracker" not in _line(each)]
        return sorted(children, key=lambda each: each.pid) or [self.process]

    def rest(self, patience: float = _PATIENCE) -> None:
        """Wait until calls that nobody waits for any more are worked off."""
        end = time.monotonic() + patience
        before = self.cpu()
        while time.monotonic() < end:
            time.sleep(0.1)
            now = self.cpu()
            if now - before < 0.02:
                return
            before = now

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextlib.contextmanager
def serving(name: str, model: Model, directory: Path, **settings: str) -> Iterator[Server]:
    """Start the server `name`, wait until it is ready, and stop it at the end.

    `directory` keeps the answers of the baselines, logs and journals; `settings` are environment
    variables for this service.

    Raises:
        NotReady: it ended, or did not become ready.
    """
    port = _free_port()
    said = directory / f"{name}-{port}.log"
    environ = _environment(name, directory / f"journal-{port}", model, settings)
    environ[ANSWERS] = str(directory)
    with said.open("wb") as log:
        began = time.perf_counter()
        process = psutil.Popen(
            _command(name, port, model), cwd=ROOT, env=environ, stdout=log, stderr=log
        )
        server = Server(name, port, process)
        try:
            _wait_until_ready(server, said)
            server.startup = time.perf_counter() - began
            yield server
        finally:
            _stop(process)


def post(server: Server, path: str, body: bytes) -> tuple[int, bytes]:
    """Return status and body of the answer of `server` to `body`."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=_PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _command(name: str, port: int, model: Model) -> list[str]:
    python = [sys.executable, "-m"]
    if name == OURS:
        return [*python, "cds_service.cli", "serve", "--host", HOST, "--port", str(port)]
    return [
        *python,
        "granian",
        *("--interface", "wsgi", "--factory", "--no-ws", "--log-level", "warning"),
        *("--host", HOST, "--port", str(port), "--backlog", "1024"),
        *("--workers", str(model.workers), "--blocking-threads", str(model.threads)),
        f"tests.bench.baselines:{name}",
    ]


def _environment(
    name: str, journal: Path, model: Model, settings: Mapping[str, str]
) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CDS_")}
    if name != OURS:
        return kept
    journal.mkdir()
    return {
        **kept,
        "CDS_WORKERS": str(model.workers),
        "CDS_THREADS": str(model.threads),
        "CDS_MAX_BODY_BYTES": str(_BODY_LIMIT),
        "CDS_JOURNAL_DIR": str(journal),
        "CDS_LOG_FORMAT": "json",
        **settings,
    }


def _wait_until_ready(server: Server, said: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _status(server.port) == HTTPStatus.OK:
                return
        time.sleep(0.005)
    last = said.read_text(encoding="utf-8", errors="replace")[-1500:]
    raise NotReady(f"the server {server.name} did not become ready; it said:\n{last}")


def _status(port: int) -> int:
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=1)) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status


def _stop(process: psutil.Popen) -> None:
    """End the server in the orderly way, and whatever of it is left after that."""
    with contextlib.suppress(psutil.NoSuchProcess):
        tree = process.children(recursive=True)
        process.terminate()
        _, left = psutil.wait_procs([process, *tree], timeout=_TO_STOP)
        for each in left:
            each.kill()
    process.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _peak(pid: int) -> float:
    """Return the largest resident set size in MiB of a process (proc(5), VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
