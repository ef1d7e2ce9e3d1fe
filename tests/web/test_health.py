"""Whoever operates the service can see that it lives, is ready, and with which content."""

import re

import pytest
from flask import Flask

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web import health
from cds_service.web.drain import Drain
from cds_service.web.health import Finding, Health, Readiness, journal_check

DEGRADED = Finding(Readiness.DEGRADED, "half of it works")


def readyz(checked):
    app = Flask(__name__)
    app.register_blueprint(health.blueprint(checked))
    return app.test_client().get("/readyz")


def test_the_service_says_that_it_is_alive(client):
    answer = client.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_the_service_says_that_it_is_ready_and_with_which_content(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert answer.json["content_version"] == "content-1"
    assert answer.json["checks"]["content"] == {"status": "ready"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_service_without_content_is_not_ready():
    answer = readyz(Health(""))
    assert (answer.status_code, answer.json["status"]) == (503, "unready")


def test_the_worst_check_decides_and_each_is_named():
    checked = Health("content-1")
    checked.add("half", lambda: DEGRADED)
    answer = readyz(checked)
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert answer.json["checks"] == {
        "content": {"status": "ready"},
        "half": {"status": "degraded", "detail": "half of it works"},
    }
    assert checked.figure() == 0.5


def test_a_service_that_drains_is_not_ready_but_alive():
    drain = Drain()
    checked = Health("content-1", drain)
    assert readyz(checked).status_code == 200
    drain.begin()
    answer = readyz(checked)
    assert (answer.status_code, answer.json["status"]) == (503, "unready")
    assert answer.json["checks"]["drain"]["status"] == "unready"
    assert checked.figure() == 0.0


@pytest.mark.parametrize(
    ("reachable", "spooling", "status", "words"),
    [
        (True, False, "ready", ""),
        (False, True, "degraded", "spooled"),
        (False, False, "degraded", "lost"),
    ],
)
def test_an_outage_of_the_journal_degrades_and_never_stops_the_advice(
    reachable, spooling, status, words
):
    checked = Health("content-1")
    checked.add("journal", journal_check(lambda: reachable, lambda: spooling))
    answer = readyz(checked)
    assert answer.status_code == 200
    assert answer.json["status"] == status
    assert words in answer.json["checks"]["journal"].get("detail", "")


def test_a_check_that_fails_says_nothing_of_why():
    def check():
        raise RuntimeError("Canary")

    checked = Health("content-1")
    checked.add("odd", check)
    answer = readyz(checked)
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert "Canary" not in answer.text


def test_the_front_page_leads_to_discovery_and_runs_nothing(client):
    answer = client.get("/")
    assert answer.mimetype == "text/html"
    assert "cds-services" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    ("settings", "pages"),
    [
        ({"demo": True}, ["/demo", "/insights"]),
        ({}, ["/insights"]),
        ({"insights": "off"}, []),
    ],
)
def test_the_front_page_leads_to_the_pages_that_are_on(advisor, settings, pages):
    answer = create_app(Settings(**settings), advisor).test_client().get("/")
    assert re.findall('href="(/[^"]*)"', answer.text) == pages
