"""Replicas of the service as processes, and the proxy that is shipped, before them."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.clients.tokens import BASE, ISSUER, Pair, token
from tests.journal.servers import free_port, missing

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "deploy" / "nginx.conf"
WAIT = 120
SLOWER = 10
"""By how much longer the proxy waits here: a machine that is busy is no replica that is gone."""


def write_clients(directory: Path, pair: Pair, **agreed: Any) -> None:
    """Write the clients file of a site with one EHR."""
    ehr = {"id": "ehr", "title": "EHR", "issuer": ISSUER, "jwks": {"keys": [pair.jwk]}, **agreed}
    (directory / "clients.yaml").write_text(json.dumps({"clients": [ehr]}), encoding="utf-8")


def headers(pair: Pair, path: str) -> dict[str, str]:
    """Return a new token of the EHR for `path`, as its header."""
    now = int(time.time())
    signed = token(pair, audience=BASE + path, iat=now, exp=now + 300)
    return {"Authorization": f"Bearer {signed}"}


@dataclass
class Replica:
    """One replica on a port of its own, in a directory of its own."""

    number: int
    site: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    settled: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return self.site / f"replica-{self.number}"

    def start(self) -> None:
        """Start the service; `wait_until_ready` says when it answers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        self.home.mkdir(exist_ok=True)
        self.settled = False
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cds_service.cli", "serve", "--port", str(self.port)],
                env={
                    **kept,
                    "PYTHONPATH": str(ROOT),
                    "CDS_CLIENTS_FILE": str(self.site / "clients.yaml"),
                    "CDS_BASE_URL": BASE,
                    "CDS_JOURNAL_DIR": str(self.home / "journal"),
                    "CDS_JOURNAL_KEY": "k" * 40,
                    "CDS_LOG_LEVEL": "WARNING",
                    **self.settings,
                },
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that what it starts can be killed with it
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + WAIT
        while True:
            assert self.process is not None
            assert self.process.poll() is None, (self.home / "log").read_text(encoding="utf-8")
            try:
                if requests.get(f"{self.url}/readyz", timeout=WAIT).status_code == 200:
                    return
            except requests.ConnectionError:
                pass
            assert time.monotonic() < deadline, (self.home / "log").read_text(encoding="utf-8")
            time.sleep(0.05)

    def settle(self) -> None:
        """Wait, after a start, until every worker answers and has its journal."""
        if not self.settled:
            self.wait_until_nothing_is_degraded()
            self.settled = True

    def wait_until_nothing_is_degraded(self) -> None:
        """Wait until each worker has its journal: a worker speaks for itself alone.

        A new connection is given to any of them, so many in a row are asked.
        """
        deadline, in_a_row = time.monotonic() + WAIT, 0
        while in_a_row < 20:
            assert time.monotonic() < deadline, (self.home / "log").read_text(encoding="utf-8")
            answer = requests.get(f"{self.url}/readyz", timeout=WAIT)
            in_a_row = in_a_row + 1 if answer.json()["status"] == "ready" else 0
            time.sleep(0.02)

    def stop(self) -> int:
        """Tell the service to end, as an orchestrator does, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)

    def kill(self) -> None:
        """Kill the service without warning."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WAIT)

    def holds(self, port: int, to: int) -> bool:
        """Say whether a worker of this replica has the connection from port `port` to port `to`."""
        assert self.process is not None
        first = self.process.pid
        wanted = {
            f"socket:[{columns[9]}]"
            for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
            if (columns := line.split())[1].endswith(f":{port:04X}")
            and columns[2].endswith(f":{to:04X}")  # the port may be used towards others too
        }
        workers = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        return any(wanted & set(_open_in(worker)) for worker in workers)


def _open_in(process: str) -> Iterator[str]:
    """Yield what the process has open; nothing more once it has ended."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


@dataclass
class Proxy:
    """A running nginx with the configuration that is shipped."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> str:
        """Return the file of the certificate that its clients trust."""
        return str(self.home / "tls" / "tls.crt")

    def session(self) -> requests.Session:
        """Return a client that trusts it and keeps its connection."""
        made = requests.Session()
        made.trust_env = False  # else a certificate bundle in the environment goes before ours
        made.verify = self.authority
        return made

    def log(self) -> list[dict[str, str]]:
        """Return the lines of the access log, where that of a call follows its answer."""
        whole = (self.home / "access.log").read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def logs(self, expected: Callable[[list[dict[str, str]]], bool], since: int = 0) -> bool:
        """Say whether the lines of the access log from `since` on come to be as `expected`."""
        deadline = time.monotonic() + WAIT
        while not expected(self.log()[since:]):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def nginx_program() -> str:
    """Return the path of nginx, which Debian keeps out of an ordinary user's way."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or missing("nginx (nginx-light)")


def configuration(home: Path, port: int, replicas: list[str]) -> str:
    """Return the shipped configuration with the addresses and paths of a test."""
    text = SHIPPED.read_text(encoding="utf-8")
    changes = {
        "listen 8443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/tls": str(home / "tls"),
        "/dev/stdout": str(home / "access.log"),
        "/tmp/nginx": str(home),
    }
    changes |= {f"advisor-{n}:8000": address for n, address in enumerate(replicas, start=1)}
    assert all(shipped in text for shipped in changes), "the shipped file has changed"
    pattern = "|".join(map(re.escape, changes))
    return re.sub(pattern, lambda found: changes[found[0]], text)


def unhurried(text: str) -> str:
    """Return a configuration of the proxy with longer limits of time in the same proportions."""
    limits = r"(proxy_(?:connect|send|read|next_upstream)_timeout) (\d+)(m?s;)"
    changed, number = re.subn(limits, lambda it: f"{it[1]} {int(it[2]) * SLOWER}{it[3]}", text)
    assert number == 4, "the shipped file has changed"
    return changed


def check(home: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Return what nginx says of the configuration `text`, with files in `home`."""
    (home / "nginx.conf").write_text(text, encoding="utf-8")
    (home / "tls").mkdir(exist_ok=True)
    _make_certificate(home / "tls")
    arguments = [nginx_program(), "-t", "-e", "stderr", "-p", str(home), "-c", "nginx.conf"]
    _hand_over(home)
    return subprocess.run(
        arguments, check=False, capture_output=True, text=True, timeout=WAIT, user=_account()
    )


@contextmanager
def proxy(home: Path, replicas: list[Replica]) -> Iterator[Proxy]:
    """Run nginx before `replicas`, as a user without rights."""
    port = free_port()
    addresses = [f"127.0.0.1:{each.port}" for each in replicas]
    checked = check(home, unhurried(configuration(home, port, addresses)))
    assert checked.returncode == 0, checked.stderr
    arguments = [nginx_program(), "-e", "stderr", "-p", str(home), "-c", "nginx.conf"]
    with (home / "error.log").open("wb") as log:
        process = subprocess.Popen(
            [*arguments, "-g", "daemon off;"], stdout=log, stderr=log, user=_account()
        )
    running = Proxy(port, home, process)
    try:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                requests.get(f"{running.url}/livez", timeout=WAIT, verify=running.authority)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (home / "error.log").read_text(encoding="utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        process.wait(WAIT)


def _account() -> str | None:
    """Return whom nginx runs as: never root."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("www-data").pw_name


def _hand_over(home: Path) -> None:
    if account := _account():
        for path in (home, *home.rglob("*")):
            shutil.chown(path, account)


def _make_certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "tls.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "tls.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
