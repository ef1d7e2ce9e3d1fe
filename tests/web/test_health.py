"""Whoever operates the service can see that it lives, is ready, and with which content."""


def test_the_service_says_that_it_is_alive(client):
    answer = client.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_the_service_says_that_it_is_ready_and_with_which_content(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert answer.json["content_version"] == "content-1"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_front_page_leads_to_discovery_and_runs_nothing(client):
    answer = client.get("/")
    assert answer.mimetype == "text/html"
    assert "cds-services" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
