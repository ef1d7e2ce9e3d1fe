"""Several processes behave as one service."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import requests

from tests.clients.tokens import BASE, ISSUER, ec_pair, token
from tests.fhir_server import wait_until
from tests.hook_request import SELECT
from tests.serving.running import WAIT, Running, command

FEEDBACK = f"{SELECT}/feedback"
CALLS = 40


def with_clients(directory, pair):
    """Return the settings with which one client authenticates."""
    client = {"id": "ehr", "title": "EHR", "issuer": ISSUER, "jwks": {"keys": [pair.jwk]}}
    path = directory / "clients.yaml"
    path.write_text(json.dumps({"clients": [client]}), encoding="utf-8")
    return {"CDS_CLIENTS_FILE": str(path), "CDS_BASE_URL": BASE}


def signed(pair, path=SELECT):
    now = int(time.time())
    return {"Authorization": f"Bearer {token(pair, audience=BASE + path, iat=now, exp=now + 300)}"}


def has_ended(pid):
    """Say whether the process is gone, or only its exit code is still there."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return text.rpartition(")")[2].split()[0] == "Z"


def test_a_worker_that_is_killed_is_replaced_and_calls_go_on(body):
    with Running() as service:
        victim, other = service.workers
        os.kill(victim, signal.SIGKILL)
        assert wait_until(lambda: len(service.workers) == 2 and victim not in service.workers)
        assert wait_until(service.all_ready)
        # each of these connections goes to one of the two
        assert [service.post(SELECT, body).status_code for _ in range(CALLS)] == [200] * CALLS
        assert other in service.workers
        assert service.complains("a worker ended and is replaced")


def test_connections_that_come_while_a_worker_is_replaced_are_answered(body):
    with Running(CDS_WORKERS="1") as service:
        (victim,) = service.workers
        os.kill(victim, signal.SIGKILL)
        assert wait_until(lambda: has_ended(victim))
        # its successor has only begun to start, and still the connection is taken and answered
        assert service.post(SELECT, body).status_code == 200


def test_a_worker_that_dies_again_and_again_is_not_replaced_in_a_rush():
    with Running(CDS_WORKERS="1") as service:
        killed = set()
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for worker in service.workers:
                with contextlib.suppress(ProcessLookupError):  # reaped since it was listed
                    os.kill(worker, signal.SIGKILL)
                killed.add(worker)
            time.sleep(0.005)
        # at 0.2, 0.4, 0.8 seconds and so on: without a pause it would be dozens
        assert len(killed) < 12
        assert wait_until(service.all_ready)


def test_the_figures_are_those_of_all_workers_and_never_fall(body):
    with Running() as service:
        for _ in range(CALLS):
            assert service.post(SELECT, body).status_code == 200
        key = ("cds_calls_total", "2xx", "imaging-order-select", "order-select")
        # whichever worker answers
        assert {service.figures()[key] for _ in range(8)} == {CALLS}
        for worker in service.workers:
            os.kill(worker, signal.SIGKILL)
        assert wait_until(service.all_ready)
        assert service.post(SELECT, body).status_code == 200
        found = service.figures()
        assert found[key] == CALLS + 1
        assert found["cds_call_seconds_count", "imaging-order-select"] == CALLS + 1
        assert found["cds_ready",] == 1
        version = service.ready()["content_version"]
        assert [name for name in found if name[0] == "cds_content_info"] == [
            ("cds_content_info", version)
        ]


def test_the_figures_stay_private_and_their_files_are_removed(tmp_path):
    with Running() as service:
        maps = Path(f"/proc/{service.workers[0]}/maps").read_text(encoding="ascii").split()
        file = Path(next(word for word in maps if "/imaging-advisor-" in word))
        assert file.parent.stat().st_mode & 0o077 == 0
        answer = service.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"})
        assert answer.status_code == 403
    assert not file.parent.exists()


def test_the_first_process_has_no_threads_so_that_it_may_fork_again():
    with Running() as service:
        pid = service.process.pid
        assert [each.name for each in Path(f"/proc/{pid}/task").iterdir()] == [str(pid)]


def test_two_services_do_not_share_an_address():
    with Running() as service:
        second = command("serve", CDS_PORT=str(service.port))
        assert second.returncode == 2
        assert "Something else already listens" in second.stderr
        assert service.all_ready()


def test_a_token_is_good_once_whichever_worker_it_goes_to(tmp_path, body):
    pair = ec_pair("ehr-1")
    settings = with_clients(tmp_path, pair)
    with Running(**settings, CDS_JOURNAL_DIR=str(tmp_path / "journal")) as service:
        assert len(service.workers) == 2
        for _ in range(10):
            headers = signed(pair)
            answers = [service.post(SELECT, body, headers=headers).status_code for _ in range(4)]
            assert answers == [200, 401, 401, 401]


def test_without_a_store_of_used_tokens_there_is_one_worker(tmp_path, body):
    pair = ec_pair("ehr-1")
    with Running(**with_clients(tmp_path, pair)) as service:
        assert len(service.workers) == 1
        assert service.complains("One worker only")
        headers = signed(pair)
        assert service.post(SELECT, body, headers=headers).status_code == 200
        assert service.post(SELECT, body, headers=headers).status_code == 401


def test_feedback_to_any_worker_is_in_the_one_journal(tmp_path, body):
    journal = str(tmp_path / "journal")
    with Running(CDS_JOURNAL_DIR=journal) as service:
        for _ in range(CALLS):
            (card,) = service.post(SELECT, body).json()["cards"]
            item = {
                "card": card["uuid"],
                "outcome": "overridden",
                "outcomeTimestamp": "2026-11-22T10:00:00Z",
            }
            assert service.post(FEEDBACK, {"feedback": [item]}).status_code == 200
        assert service.ready()["checks"]["journal"]["status"] == "ready"
    exported = command("journal", "export", "--format", "csv", CDS_JOURNAL_DIR=journal)
    assert exported.returncode == 0, exported.stderr
    assert exported.stdout.count("overridden") == CALLS


def test_too_few_threads_for_what_may_wait_are_refused_at_the_start():
    done = command("serve", CDS_THREADS="8")
    assert done.returncode == 2
    assert "CDS_THREADS must be 0 or at least" in done.stderr
    assert "CDS_QUEUE_LENGTH" in done.stderr


def test_a_journal_that_cannot_be_used_stops_the_start(tmp_path):
    done = command("serve", CDS_JOURNAL_DIR=str(tmp_path), CDS_JOURNAL_KEY="short")
    assert done.returncode == 2
    assert "at least 32 characters" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pid_file_that_cannot_be_written_stops_the_start(tmp_path):
    done = command("serve", CDS_PID_FILE=str(tmp_path / "missing" / "service.pid"))
    assert done.returncode == 2
    assert "CDS_PID_FILE" in done.stderr


def test_nothing_is_left_of_a_service_that_has_ended(tmp_path):
    with Running(CDS_JOURNAL_DIR=str(tmp_path)) as service:
        assert (tmp_path / "service-0.pid").read_text(encoding="ascii").strip() == str(
            service.process.pid
        )
        workers = service.workers
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(WAIT) == 0
        alive = subprocess.run(
            ["ps", "-p", ",".join(map(str, workers))], capture_output=True, check=False
        )
        assert alive.returncode == 1, "no worker is left"
        assert not list(tmp_path.glob("service-*"))
        try:
            service.get("/livez")
        except requests.ConnectionError:
            return
    raise AssertionError("it still answers")
