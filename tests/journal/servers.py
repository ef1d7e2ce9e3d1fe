"""Real PostgreSQL and Redis servers for tests, on loopback and with all data in a new directory."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

_USER = "advisor"
_LONGEST_START = 120
_LONGEST_STOP = 120
_LOWEST_PORT = 10_000
_given: set[int] = set()


def missing(what: str) -> str:
    """Skip the test because `what` is not installed; in CI it fails."""
    text = f"{what} is not installed on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def free_port() -> int:
    """Return a port on loopback that nothing listens on, and that nobody is given by chance.

    It is used later, and perhaps again after a stop: so it lies below those from which the kernel
    gives a port to whoever connects or asks for any, and is returned once.
    """
    text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    lowest = int(text.split()[0])
    while True:
        port = 0
        if lowest - _LOWEST_PORT > 1000:
            port = _LOWEST_PORT + secrets.randbelow(lowest - _LOWEST_PORT)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            port = int(probe.getsockname()[1])
            if port not in _given:
                _given.add(port)
                return port


class Postgres:
    """A PostgreSQL server that can be stopped and started again on the same data."""

    def __init__(self, binaries: Path, home: Path) -> None:
        self._binaries = binaries
        self._home = home
        # the server refuses to run as root
        self._account = _unprivileged() if os.geteuid() == 0 else None
        if self._account:
            shutil.chown(home, self._account)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        account = ("-U", _USER, "-A", "trust")
        self._run("initdb", "-D", str(home / "data"), *account, "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    *("-D", self._home / "data", "-k", self._home, "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"),
                    # what is committed survives any signal all the same; no loss of power is
                    # tested, and a busy disk can hold up a commit for longer than calls may wait
                    *("-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                user=self._account,
                cwd=self._home,
            )
        deadline = time.monotonic() + _LONGEST_START
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, *, abruptly: bool = False) -> None:
        """Stop the server; `abruptly` as a crash does, without finishing anything."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT if abruptly else signal.SIGINT)
            self._process.wait(timeout=_LONGEST_STOP)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let every process of the server hang: connections stay open, nothing answers."""
        assert self._process
        first = self._process.pid
        os.kill(first, signal.SIGSTOP)  # before it is asked for its children: it makes no more
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        for process in map(int, children):
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (*map(int, children), first):
                os.kill(process, signal.SIGCONT)

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """Make a database and return its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
        return self.url(name)

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            capture_output=True,
            user=self._account,
            cwd=self._home,
        )


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Give a running PostgreSQL server."""
    binaries = postgres_binaries()
    if not binaries:
        missing("PostgreSQL (initdb and postgres)")
    home = Path(tempfile.mkdtemp(prefix="pg-"))  # short: it holds a socket
    try:
        server = Postgres(binaries, home)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[str]:
    """Give the URL of a running Redis server."""
    program = shutil.which("redis-server")
    if not program:
        missing("Redis (redis-server)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as home:
        process = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", home],
            stdout=subprocess.DEVNULL,
        )
        client = redis.Redis(port=port)
        try:
            deadline = time.monotonic() + _LONGEST_START
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            client.close()
            process.terminate()
            process.wait(timeout=_LONGEST_STOP)


def postgres_binaries() -> Path | None:
    """Return the directory of the newest PostgreSQL on this machine, or None."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    for directory in (*installed, *on_path):
        if all((directory / name).exists() for name in ("initdb", "postgres")):
            return directory
    return None


def _version(directory: Path) -> float:
    try:
        return float(directory.parent.name)
    except ValueError:
        return 0.0


def _unprivileged() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return missing("An account that is not root, which PostgreSQL needs,")
