"""The service as its own process, and what it says when it cannot start."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
WAIT = 120
CLIENTS = """\
clients:
  - id: ehr
    title: The EHR of the tests
    issuer: https://ehr.example
    jwks_url: https://ehr.example/jwks.json
    fhir_servers: [https://ehr.example/fhir]
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cds_service.cli", *arguments]


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    own = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "CDS_JOURNAL_DIR": "none"}
    return {**kept, **own, **settings}


class Service:
    def __init__(self, *arguments: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            command("serve", "--port", "0", *arguments),
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = [self.process.stdout.readline().rstrip("\n") for _ in range(4)]
        self.url = self.said[0].rpartition(" on ")[2]

    def stop(self, how: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, out, err

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=WAIT)


def refused(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("serve", *arguments),
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_service_answers_until_it_is_told_to_stop(how):
    with Service() as service:
        assert requests.get(f"{service.url}/livez", timeout=WAIT).json() == {"status": "alive"}
        code, out, err = service.stop(how)
    assert (code, out) == (0, "Stopped.\n")
    assert "Traceback" not in err
    assert "WARNING" not in err


def test_the_service_says_where_it_is_and_what_it_knows():
    with Service() as service:
        address, content, *_ = service.said
    assert re.fullmatch(r"Imaging-order advisor \S+ on http://127\.0\.0\.1:\d+", address)
    assert re.fullmatch(
        r"Content [0-9a-f]{12}: topics \d+, findings \d+, procedures \d+, codes \d+\.", content
    )


def test_the_line_to_try_works_as_printed():
    with Service() as service:
        assert service.said[2] == "Try it:"
        line = service.said[3].strip()
        example, curl = line.split(" | ")
        body = subprocess.run(
            shlex.split(example), env=environment(), capture_output=True, check=True, timeout=WAIT
        ).stdout
        words = shlex.split(curl)
        assert words[:2] == ["curl", "-s"]
        assert words[3:] == ["-H", "Content-Type: application/json", "--data", "@-"]
        headers = {"Content-Type": "application/json"}
        answer = requests.post(words[2], data=body, headers=headers, timeout=WAIT)
    (card,) = answer.json()["cards"]
    assert card["indicator"] == "critical"


def test_with_demo_the_order_entry_page_is_served_and_named():
    with Service("--demo") as service:
        line = service.process.stdout.readline().strip()
        assert line == f"Order-entry page: {service.url}/demo"
        page = requests.get(f"{service.url}/demo", timeout=WAIT)
    assert page.status_code == 200
    assert "Test Patient" in page.text


def test_without_demo_there_is_no_order_entry_page():
    with Service() as service:
        assert requests.get(f"{service.url}/demo", timeout=WAIT).status_code == 404


def test_with_a_clients_file_demo_says_that_the_page_is_off(tmp_path):
    clients = tmp_path / "clients.yaml"
    clients.write_text(CLIENTS)
    own = {"CDS_CLIENTS_FILE": str(clients), "CDS_BASE_URL": "https://cds.example"}
    with Service("--demo", CDS_DEMO="true", **own) as service:
        _, _, err = service.stop(signal.SIGTERM)
    assert "the order-entry page /demo is off" in err


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("http://cds.example", True),
        ("http://10.0.0.7:8000/cds", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("https://cds.example", False),
    ],
)
def test_tokens_in_the_clear_over_the_network_are_told(tmp_path, base, told):
    clients = tmp_path / "clients.yaml"
    clients.write_text(CLIENTS)
    with Service(CDS_CLIENTS_FILE=str(clients), CDS_BASE_URL=base) as service:
        _, _, err = service.stop(signal.SIGTERM)
    assert ("CDS_BASE_URL does not begin with https://" in err) is told


def test_where_clients_authenticate_no_line_to_try_without_a_token_is_given(tmp_path):
    clients = tmp_path / "clients.yaml"
    clients.write_text(CLIENTS)
    own = {"CDS_CLIENTS_FILE": str(clients), "CDS_BASE_URL": "https://cds.example"}
    with Service(**own) as service:
        assert not any("curl" in line for line in service.said)
        assert service.said[2] == "Who may call, each with its tokens: ehr."


def test_all_that_is_said_is_json_where_the_log_is(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("cards: {indicator-caps: {hold-mri-lead: info}}\n", encoding="utf-8")
    with Service(CDS_LOG_FORMAT="json", CDS_SITE_FILE=str(site)) as service:
        _, out, err = service.stop(signal.SIGTERM)
    told = [json.loads(line) for line in [*service.said, *out.splitlines(), *err.splitlines()]]
    assert {"event", "level", "module", "timestamp"} <= set.intersection(*map(set, told))
    events = [each["event"] for each in told]
    assert any("SITE015 warning" in event for event in events)
    assert any("LOCAL MODE" in event for event in events)
    assert events[0].startswith("Imaging-order advisor")


def test_problems_that_stop_the_start_are_json_too_each_on_a_line(tmp_path):
    clients = tmp_path / "clients.yaml"
    clients.write_text("clients: []\n")
    done = refused(CDS_LOG_FORMAT="json", CDS_CLIENTS_FILE=str(clients))
    assert done.returncode == 2
    first, second = (json.loads(line)["event"] for line in done.stderr.splitlines())
    assert "cannot be used" in first
    assert "this list is empty" in second


def test_a_variable_written_almost_like_a_setting_is_told(tmp_path):
    with Service(CDS_SITEFILE="x", CDS_SERVICE_HOST="10.0.0.1") as service:
        _, _, err = service.stop(signal.SIGTERM)
    assert "CDS_SITEFILE is no setting and has no effect. Is CDS_SITE_FILE meant?" in err
    assert "CDS_SERVICE_HOST" not in err


def test_names_keep_their_capitals_in_the_help(call):
    assert "serve CDS Hooks over HTTP" in " ".join(call("serve", "--help").out.split())
    assert "CDS_INSIGHTS_USERS_FILE" in call("insights", "password", "--help").out


def test_a_body_above_the_limit_is_refused_with_an_operation_outcome():
    with Service(CDS_MAX_BODY_BYTES="600000") as service:
        answer = requests.post(
            f"{service.url}/cds-services/imaging-order-select",
            json={"hook": "x" * 700_000},
            timeout=WAIT,
        )
    assert answer.status_code == 413
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_without_clients_only_this_machine_may_call():
    done = refused("--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "CDS_CLIENTS_FILE" in done.stderr
    assert done.stdout == ""


def test_the_local_mode_is_said_loudly():
    with Service() as service:
        _, _, err = service.stop(signal.SIGTERM)
    assert "LOCAL MODE" in err


def test_broken_content_is_told_in_full_and_not_served(small):
    (small / "one.yaml").write_text("kind: value-sett\n", encoding="utf-8")
    (small / "two.yml").write_text("kind: findings\n", encoding="utf-8")
    done = refused(CDS_CARDS_DIR=str(small))
    assert done.returncode == 2
    assert done.stdout == ""
    *lines, last = done.stderr.splitlines()
    shape = re.compile(r"(one\.yaml|two\.yml):\d+:\d+: [A-Z]+\d{3} error: .+ \(.+\)")
    assert [shape.fullmatch(line)[1] for line in lines] == ["one.yaml", "two.yml"]
    assert last == "The clinical content and the site file have 2 errors: nothing is used."


def test_a_site_file_is_named_and_its_warnings_are_said_at_the_start(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("cards: {indicator-caps: {hold-mri-lead: info}}\n", encoding="utf-8")
    with Service(CDS_SITE_FILE=str(path)) as service:
        _, _, err = service.stop(signal.SIGTERM)
    assert f"Site file {path}." in service.said
    assert f"{path}:1:41: SITE015 warning: " in err
    assert re.search(r"^Content [0-9a-f]{12}\+[0-9a-f]{8}:", service.said[1])


def test_a_setting_that_became_part_of_the_site_file_stops_the_start():
    done = refused(CDS_DISABLED_CARDS="add-contrast")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "CDS_DISABLED_CARDS is no longer a setting" in done.stderr
    assert "CDS_SITE_FILE" in done.stderr


def test_wrong_settings_are_told_in_full_and_nothing_is_served():
    done = refused(CDS_LOG_LEVEL="loud", CDS_THREADS="many")
    assert done.returncode == 2
    assert "CDS_LOG_LEVEL" in done.stderr
    assert "CDS_THREADS" in done.stderr


@pytest.mark.parametrize("way", ["users", "proxy"])
def test_a_way_in_to_the_insights_that_cannot_be_used_is_told_once(way):
    done = refused(CDS_INSIGHTS=way, CDS_WORKERS="2", CDS_PORT="0")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("CDS_BASE_URL must be set when people sign in to the insights")


def test_a_port_that_is_taken_is_said_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = refused("--port", port)
    assert done.returncode == 2
    assert f"Something else already listens on 127.0.0.1 port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_does_not_exist_is_said_in_words(tmp_path):
    clients = tmp_path / "clients.yaml"
    clients.write_text(CLIENTS, encoding="utf-8")
    done = refused(
        "--host",
        "host.invalid",
        "--port",
        "0",
        CDS_CLIENTS_FILE=str(clients),
        CDS_BASE_URL="https://cds.example",
    )
    assert done.returncode == 2
    assert "Listening on host.invalid port 0 is not possible" in done.stderr


@pytest.mark.parametrize(
    "option", [("--port", "70000"), ("--port", "http"), ("--threads", "many"), ("--workers", "65")]
)
def test_an_option_with_a_wrong_value_is_wrong_usage(call, option):
    ran = call("serve", *option)
    assert ran.code == 2
    assert "must be a whole number" in ran.err
    assert json.dumps(option[1]).strip('"') in ran.err
