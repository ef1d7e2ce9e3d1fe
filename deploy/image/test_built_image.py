"""The built image does what its documentation says: ``make image-check``.

IMAGE names the image in the store that CONTAINERS_STORAGE_CONF names. Needs root and runc.
"""

import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from cds_service.journal.opening import DATABASE_FILE
from deploy.image import sbom
from deploy.image.container import Container, Image, mounted
from deploy.image.lock import read_lock
from tests.clients.tokens import BASE, ISSUER, SELECT, Pair, ec_pair, token
from tests.docs.test_readme import README, REQUEST, without_ids

ROOT = Path(__file__).parents[2]
JOURNAL = "/var/lib/imaging-order-advisor"
CLIENTS = "/etc/imaging-order-advisor/clients.yaml"
UID = 10001
WAIT = 60
STICKY = {"run/lock", "tmp", "var/tmp"}
"""Directories that Debian lets everybody write to; on a read-only root nobody can."""


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with mounted(os.environ["IMAGE"]) as found:
        yield found


@dataclass
class Running:
    container: Container
    process: subprocess.Popen[str]
    url: str
    pair: Pair
    journal: Path

    def post(self, path: str, body: Any) -> requests.Response:
        now = int(time.time())
        signed = token(self.pair, audience=BASE + path, iat=now, exp=now + 300)
        headers = {"Authorization": f"Bearer {signed}", "Content-Type": "application/json"}
        return requests.post(self.url + path, data=body, headers=headers, timeout=WAIT)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def started(image: Image, directory: Path) -> Running:
    """Start the image as a site does: its clients, its address, a volume for the journal."""
    journal = directory / "journal"
    journal.mkdir(mode=0o700)
    os.chown(journal, UID, UID)
    pair = ec_pair("ehr-1")
    clients = directory / "clients.yaml"
    listed = {"id": "ehr", "title": "EHR", "issuer": ISSUER, "jwks": {"keys": [pair.jwk]}}
    clients.write_text(json.dumps({"clients": [listed]}), encoding="utf-8")
    clients.chmod(0o444)
    port = free_port()
    container = Container(
        image,
        environment={"CDS_BASE_URL": BASE, "CDS_PORT": str(port), "CDS_LOG_FORMAT": "json"},
        writable={JOURNAL: journal},
        readonly={CLIENTS: clients},
    )
    running = Running(container, container.start(), f"http://127.0.0.1:{port}", pair, journal)
    until = time.monotonic() + WAIT
    while time.monotonic() < until and running.process.poll() is None:
        try:
            if requests.get(f"{running.url}/readyz", timeout=WAIT).ok:
                return running
        except requests.ConnectionError:
            time.sleep(0.05)
    container.remove()
    pytest.fail(f"the service did not become ready: {running.process.communicate()}")


@pytest.fixture(scope="module")
def service(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = started(image, tmp_path_factory.mktemp("site"))
    yield running
    running.container.remove()
    running.process.communicate(timeout=WAIT)


def answer_in_the_readme() -> Any:
    shown = re.search(
        r"<!-- answer:begin[^>]*-->\n```json\n(.*?)\n```", README.read_text("utf-8"), re.DOTALL
    )
    assert shown
    return json.loads(shown[1])


# --- what it does ------------------------------------------------------------------------------


def test_it_answers_the_request_of_the_readme_as_the_readme_says(service):
    answer = service.post(SELECT, REQUEST.read_bytes())
    assert answer.status_code == 200, answer.text
    assert without_ids(answer.json()) == answer_in_the_readme()


def test_what_was_advised_is_in_the_journal(service):
    request = json.loads(REQUEST.read_bytes())
    request["hookInstance"] = str(uuid4())
    (card, *_) = service.post(SELECT, json.dumps(request)).json()["cards"]
    database = service.journal / DATABASE_FILE
    until = time.monotonic() + WAIT
    found: list[tuple[int]] = []
    while not found and time.monotonic() < until:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM cards WHERE uuid = ?", (card["uuid"],)
            ).fetchall()
        time.sleep(0.1)
    assert found
    assert {each.stat().st_uid for each in service.journal.iterdir()} == {UID}


def test_a_call_without_a_token_is_refused(service):
    headers = {"Content-Type": "application/json"}
    answer = requests.post(
        service.url + SELECT, data=REQUEST.read_bytes(), headers=headers, timeout=WAIT
    )
    assert answer.status_code == 401


def test_its_health_check_finds_it_healthy(image, service):
    how, *command = image.config["Healthcheck"]["Test"]
    assert how == "CMD"
    found = service.container.execute(*command)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_its_health_check_fails_where_no_service_runs(image):
    command = image.config["Healthcheck"]["Test"][1:]
    alone = Container(
        image, entrypoint=command, command=(), environment={"CDS_PORT": str(free_port())}
    )
    found = alone.run()
    alone.remove()
    assert found.returncode == 1
    assert found.stderr.startswith("No answer from 127.0.0.1")


def test_sigterm_ends_it_in_order(image, tmp_path):
    running = started(image, tmp_path)
    running.container.signal("TERM")
    out, err = running.process.communicate(timeout=WAIT)
    running.container.remove()
    assert running.process.returncode == 0, err
    assert out.endswith("Stopped.\n")
    assert "Traceback" not in err


def test_without_a_clients_file_it_says_what_is_missing_and_ends(image):
    alone = Container(image)
    found = alone.run()
    alone.remove()
    assert found.returncode == 2
    assert CLIENTS in found.stderr
    assert "Traceback" not in found.stderr


# --- what it may -------------------------------------------------------------------------------


def test_it_runs_as_its_user_without_any_privilege(service):
    status = dict(
        line.split(":\t", 1)
        for line in service.container.execute("cat", "/proc/1/status").stdout.splitlines()
        if ":\t" in line
    )
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(UID)}
    assert {status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


WRITABLE = """
import os
for directory, inner, files in os.walk("/"):
    if directory == "/":
        inner[:] = sorted(set(inner) - {"proc", "dev"})
    for path in (directory, *(os.path.join(directory, name) for name in files)):
        if os.access(path, os.W_OK, follow_symlinks=False) and not os.path.islink(path):
            print(path)
"""


def test_it_can_write_to_the_journal_and_to_tmp_and_nowhere_else(service):
    found = service.container.execute("python", "-c", WRITABLE)
    written = ("/tmp/imaging-advisor-", f"{JOURNAL}/")  # the figures of the workers, the journal
    places = {each for each in found.stdout.split() if not each.startswith(written)}
    assert places == {"/tmp", JOURNAL}, found.stderr
    refused = service.container.execute("touch", "/opt/advisor/x")
    assert "Read-only file system" in refused.stderr


def everything(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for directory, inner, files in os.walk(root):
        for name in (*inner, *files):
            path = Path(directory, name)
            yield str(path.relative_to(root)), path.lstat()


def test_even_on_a_writable_root_its_user_owns_the_journal_directory_alone(image):
    found = list(everything(image.root))
    assert {path for path, state in found if UID in (state.st_uid, state.st_gid)} == {JOURNAL[1:]}
    for_all = {
        path
        for path, state in found
        if state.st_mode & stat.S_IWOTH and not stat.S_ISLNK(state.st_mode)
    }
    assert for_all - {path for path in for_all if path.startswith("dev/")} <= STICKY
    assert {stat.S_IMODE((image.root / path).stat().st_mode) for path in for_all & STICKY} <= {
        0o1777
    }


def test_no_program_gives_another_users_rights(image):
    assert not [
        path
        for path, state in everything(image.root)
        if stat.S_ISREG(state.st_mode) and state.st_mode & (stat.S_ISUID | stat.S_ISGID)
    ]


# --- what is in it -----------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["pip", "ensurepip", "setuptools", "hatchling", "pytest"])
def test_nothing_can_be_installed_with_it(image, module):
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is not None)"
    for python in ("/opt/advisor/bin/python", "/usr/local/bin/python3"):
        alone = Container(image, entrypoint=[python, "-c", code], command=())
        found = alone.run()
        alone.remove()
        assert (found.returncode, found.stderr) == (0, "")


def test_there_is_no_compiler_no_build_tool_and_no_history(image):
    names = {
        Path(path).name for path, state in everything(image.root) if not stat.S_ISDIR(state.st_mode)
    }
    assert not names & {"gcc", "cc", "g++", "make", "git", "curl", "wget", "pip", "pip3", "uv"}
    assert not names & {".bash_history", ".python_history", ".netrc", ".env", "Dockerfile"}
    assert not list(image.root.glob("root/.cache")), "what pip kept"
    assert not (image.root / "src").exists()


def test_the_content_and_the_code_are_installed_without_their_tests(image):
    (site,) = image.root.glob("opt/advisor/lib/python3.*/site-packages")
    assert (site / "cds_service" / "_cards" / "topics").is_dir()
    assert not [name for name in ("tests", "cards", "docs", "deploy") if (site / name).exists()]


@pytest.mark.parametrize("place", ["opt/advisor/lib", "usr/local/lib"])
def test_every_module_has_its_bytecode_which_nobody_could_write_later(image, place):
    without = [
        path
        for path in (image.root / place).rglob("*.py")
        if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))
    ]
    assert without == []


def test_its_labels_are_those_of_the_dockerfile(image):
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.title"] == "imaging-order-advisor"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_its_version_is_the_one_it_is_labelled_with(image):
    alone = Container(image, command=["--version"])
    found = alone.run()
    alone.remove()
    labelled = image.config["Labels"]["org.opencontainers.image.version"]
    assert found.stdout == f"imaging-advisor {labelled}\n"


# --- its bill of materials ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill(image: Image) -> str:
    return sbom.bill(image.root, ROOT / "requirements.lock", datetime.fromisoformat(image.created))


def test_the_bill_lists_exactly_the_locked_packages(image, bill):
    listed = {
        each["name"]: each["version"]
        for each in json.loads(bill)["components"]
        if each["purl"].startswith("pkg:pypi/")
    }
    assert listed.pop(sbom.PROJECT)
    locked = read_lock(ROOT / "requirements.lock", sbom.marker_environment(image.root))
    assert listed == {name: each.version for name, each in locked.items()}


def test_the_bill_lists_every_debian_package(image, bill):
    status = (image.root / "var/lib/dpkg/status").read_text("utf-8")
    listed = [
        each for each in json.loads(bill)["components"] if each["purl"].startswith("pkg:deb/")
    ]
    assert len(listed) == status.count("\nStatus: install ok installed\n")
    assert len(listed) > 50


def test_the_bill_is_the_same_each_time(image, bill):
    again = sbom.bill(image.root, ROOT / "requirements.lock", datetime.fromisoformat(image.created))
    assert again == bill
