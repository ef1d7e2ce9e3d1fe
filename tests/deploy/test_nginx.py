"""The shipped proxy configuration is one that nginx takes, and says no more than it should."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.hooks.errors import ISSUE_CODES, STATUSES
from tests.replicas.processes import SHIPPED, check, configuration


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a directory that nginx may use."""
    made = Path(tempfile.mkdtemp(prefix="nginx-"))
    yield made
    shutil.rmtree(made)


def shipped(home: Path) -> str:
    return configuration(home, 8443, [f"127.0.0.1:{port}" for port in (8001, 8002, 8003)])


def test_nginx_takes_the_shipped_configuration_without_a_warning(home: Path):
    done = check(home, shipped(home))
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_mistake_in_it_would_be_seen(home: Path):
    done = check(home, shipped(home).replace("least_conn;", "least_con;"))
    assert done.returncode != 0
    assert "least_con" in done.stderr


def test_what_is_logged_cannot_hold_what_a_client_wrote():
    text = SHIPPED.read_text(encoding="utf-8")
    (form,) = re.findall(r"log_format calls(.*?);\n", text, re.DOTALL)
    assert set(re.findall(r"\$(\w+)", form)) == {
        "time_iso8601", "request_id", "request_method", "route", "status", "request_length",
        "body_bytes_sent", "request_time", "upstream_addr", "upstream_status",
        "upstream_response_time", "ssl_protocol",
    }  # fmt: skip
    assert "error_log stderr crit;" in text
    assert text.count("access_log ") == 1


def test_its_own_refusals_have_the_shape_of_the_service():
    text = SHIPPED.read_text(encoding="utf-8")
    bodies = re.findall(r"return (\d+) '(.*)';", text)
    assert len(bodies) == 5
    for status, body in bodies:
        outcome = json.loads(body)
        assert int(status) in STATUSES
        assert outcome["resourceType"] == "OperationOutcome"
        (issue,) = outcome["issue"]
        assert issue["severity"] == "error"
        assert issue["code"] in ISSUE_CODES
    named = set(re.findall(r"error_page .* (@\S+);", text))
    assert named == set(re.findall(r"location (@\S+) \{", text))
