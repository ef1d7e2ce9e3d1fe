"""Content, site file and clients file change while calls go on."""

import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from cds_service.content.load import content_directory
from tests.clients.tokens import ec_pair
from tests.fhir_server import wait_until
from tests.hook_request import SELECT
from tests.serving.running import WAIT, Running, command
from tests.serving.test_workers import signed, with_clients

ROUNDS = 3


class Callers:
    """Callers that never rest: what they were answered, and what failed."""

    def __init__(self, service, body, number=4):
        self.statuses: list[int] = []
        self.failures: list[Exception] = []
        self._service, self._body = service, body
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(number)]

    def _call(self):
        while not self._stop.is_set():
            try:
                self.statuses.append(self._service.post(SELECT, self._body).status_code)
            except Exception as failure:
                self.failures.append(failure)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        assert wait_until(lambda: len(self.statuses) > 20)
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(WAIT)


@pytest.fixture
def cards(tmp_path):
    """A copy of the shipped content, to be changed."""
    return shutil.copytree(content_directory(), tmp_path / "cards")


@pytest.fixture
def settings(tmp_path, cards):
    return {"CDS_CARDS_DIR": str(cards), "CDS_PID_FILE": str(tmp_path / "service.pid")}


def change(cards: Path, number: int) -> None:
    path = cards / "topics" / "low-back-pain" / "topic.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n# change {number}\n", encoding="utf-8")


def versions(service: Running) -> set[str]:
    return {worker["content_version"] for worker in service.ready()["workers"]}


def test_new_content_is_used_by_all_workers_and_no_call_fails(settings, cards, body):
    with Running(**settings) as service:
        seen = [versions(service)]
        tags = [service.get("/cds-services").headers["ETag"]]
        workers = service.workers
        with Callers(service, body) as callers:
            for number in range(ROUNDS):
                change(cards, number)
                done = command("reload", **settings)
                assert (done.returncode, done.stderr) == (0, "")
                (version,) = versions(service)
                assert done.stdout == f"2 workers use content {version}.\n"
                seen.append({version})
                tags.append(service.get("/cds-services").headers["ETag"])
        assert callers.failures == []
        assert set(callers.statuses) == {200}
        assert len({version for each in seen for version in each}) == ROUNDS + 1
        assert len(set(tags)) == ROUNDS + 1, "discovery follows"
        assert service.workers == workers, "no worker was restarted"
        in_use = {name[1] for name in service.figures() if name[0] == "cds_content_info"}
        assert in_use == seen[-1]


def test_content_with_an_error_is_refused_and_calls_go_on(settings, cards, body):
    with Running(**settings) as service:
        before = versions(service)
        with Callers(service, body) as callers:
            (cards / "wrong.yaml").write_text("kind: value-sett\n", encoding="utf-8")
            done = command("reload", **settings)
            assert done.returncode == 1
            assert "wrong.yaml:1:" in done.stderr
            assert "goes on with what it had" in done.stderr
            # whoever sends the signal without looking does no harm either
            service.process.send_signal(signal.SIGHUP)
            assert service.complains("wrong.yaml:1:")
            assert service.complains("Nothing was changed")
        assert callers.failures == []
        assert set(callers.statuses) == {200}
        assert versions(service) == before
        (cards / "wrong.yaml").unlink()
        change(cards, 1)
        assert command("reload", **settings).returncode == 0
        assert versions(service) != before


def test_a_worker_that_is_replaced_after_a_reload_has_the_new_content(settings, cards, body):
    with Running(**settings) as service:
        change(cards, 1)
        assert command("reload", **settings).returncode == 0
        (version,) = versions(service)
        for worker in service.workers:
            os.kill(worker, signal.SIGKILL)
        assert wait_until(service.all_ready)
        assert versions(service) == {version}


def test_the_site_file_is_read_anew(settings, tmp_path, body):
    path = tmp_path / "site.yaml"
    path.write_text("cards: {most-per-order: 1}\n", encoding="utf-8")
    settings["CDS_SITE_FILE"] = str(path)
    with Running(**settings) as service:
        (card,) = service.post(SELECT, body).json()["cards"]
        code = card["source"]["topic"]["code"]
        path.write_text(f"cards: {{switched-off: [{code}]}}\n", encoding="utf-8")
        assert command("reload", **settings).returncode == 0
        codes = [
            each["source"]["topic"]["code"]
            for _ in range(10)
            for each in service.post(SELECT, body).json()["cards"]
        ]
        assert code not in codes


def test_a_client_that_is_taken_off_the_list_is_refused_by_all_workers(settings, tmp_path, body):
    pair, other = ec_pair("ehr-1"), ec_pair("ehr-2")
    settings = {**settings, **with_clients(tmp_path, pair), "CDS_JOURNAL_DIR": str(tmp_path / "j")}
    with Running(**settings) as service:
        assert service.post(SELECT, body, headers=signed(pair)).status_code == 200
        with_clients(tmp_path, other)
        done = command("reload", **settings)
        assert done.returncode == 0, done.stderr
        answers = [service.post(SELECT, body, headers=signed(pair)).status_code for _ in range(8)]
        assert answers == [401] * 8
        assert service.post(SELECT, body, headers=signed(other)).status_code == 200


def test_a_clients_file_with_a_mistake_changes_nothing(settings, tmp_path, body):
    pair = ec_pair("ehr-1")
    settings = {**settings, **with_clients(tmp_path, pair), "CDS_JOURNAL_DIR": str(tmp_path / "j")}
    with Running(**settings) as service:
        Path(settings["CDS_CLIENTS_FILE"]).write_text("clients: [{id: x}]\n", encoding="utf-8")
        done = command("reload", **settings)
        assert done.returncode == 1
        assert "cannot be used" in done.stderr
        service.process.send_signal(signal.SIGHUP)
        assert service.complains("cannot be used")
        assert service.post(SELECT, body, headers=signed(pair)).status_code == 200


def test_without_a_service_that_runs_the_command_says_so(settings):
    done = command("reload", **settings)
    assert done.returncode == 1
    assert "No service runs" in done.stderr


def test_a_number_left_over_from_a_killed_service_is_not_signalled(settings):
    Path(settings["CDS_PID_FILE"]).write_text(f"{os.getpid()}\n", encoding="ascii")
    done = command("reload", **settings)
    assert done.returncode == 1
    assert "No service runs" in done.stderr


def test_without_a_place_for_the_pid_file_the_command_says_what_to_do():
    done = command("reload")
    assert done.returncode == 1
    assert "CDS_PID_FILE" in done.stderr


def test_a_service_that_does_not_answer_is_not_waited_for_for_ever(settings):
    with Running(**settings) as service:
        service.process.send_signal(signal.SIGSTOP)
        done = command("reload", "--wait", "1", **settings)
        service.process.send_signal(signal.SIGCONT)
        assert done.returncode == 1
        assert "did not answer within 1 seconds" in done.stderr


def test_a_service_with_other_settings_is_told_apart(settings, cards, tmp_path):
    with Running(**settings):
        elsewhere = shutil.copytree(cards, tmp_path / "elsewhere")
        change(elsewhere, 1)
        done = command("reload", **{**settings, "CDS_CARDS_DIR": str(elsewhere)})
        assert done.returncode == 1
        assert "uses other files than this command" in done.stderr
        assert re.search(r"Its content is [0-9a-f]{12}, here it is [0-9a-f]{12}\.", done.stderr)


def test_a_service_with_another_clients_file_is_told_apart(settings, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    own = {**settings, **with_clients(tmp_path, ec_pair("ehr-1"))}
    other = {**settings, **with_clients(tmp_path / "elsewhere", ec_pair("ehr-2"))}
    with Running(**own):
        done = command("reload", **other)
    assert done.returncode == 1
    assert "as here, its clients file is another" in done.stderr


def test_the_service_is_found_in_the_directory_of_its_journal(tmp_path, body):
    settings = {"CDS_JOURNAL_DIR": str(tmp_path / "journal")}
    with Running(**settings) as service:
        done = command("reload", **settings)
        assert done.returncode == 0, done.stderr
        assert service.post(SELECT, body).status_code == 200
        other = command("reload", "--port", "8001", **settings)
        assert "No service runs" in other.stderr
        for wrong in (("--port", "http"), ("--wait", "0")):
            assert command("reload", *wrong, **settings).returncode == 2


def test_a_second_service_on_the_same_journal_is_told_that_it_is_not_the_one(tmp_path):
    settings = {"CDS_JOURNAL_DIR": str(tmp_path / "journal")}
    with Running(**settings) as first, Running(**settings) as second:
        assert second.complains("Another service holds")
        time.sleep(0.1)
        assert first.all_ready()
        assert second.all_ready()
