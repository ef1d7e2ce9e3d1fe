"""What all pages share: their headers, and files that browsers may keep for ever."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.web.pages.assets import Assets
from cds_service.web.pages.page import Link, Pages
from cds_service.web.pages.policy import content_security_policy


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("pages under test", static_folder=None)
    pages = Pages([Link("Here", "/here"), Link("<There>", "/there")])
    app.register_blueprint(pages.blueprint())
    app.add_url_rule("/here", view_func=lambda: pages.answer("base.html", title="A & <b>"))
    return app.test_client()


def test_a_page_runs_and_loads_nothing_that_is_not_served_here(client: FlaskClient) -> None:
    policy = client.get("/here").headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy


def test_a_page_may_name_one_more_origin_that_its_scripts_call() -> None:
    assert "connect-src 'self' http://127.0.0.1:9;" in content_security_policy(
        ["http://127.0.0.1:9"]
    )


def test_a_page_is_kept_by_no_cache_and_tells_no_one_where_it_was(client: FlaskClient) -> None:
    headers = client.get("/here").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_what_a_page_shows_is_escaped(client: FlaskClient) -> None:
    text = client.get("/here").text
    assert "<h1>A &amp; &lt;b&gt;</h1>" in text
    assert "&lt;There&gt;" in text


def test_the_navigation_says_which_page_this_is(client: FlaskClient) -> None:
    text = client.get("/here").text
    assert '<a href="/here" aria-current="page">' in text
    assert '<a href="/there">' in text


def test_a_file_at_its_own_address_may_be_kept_for_ever(client: FlaskClient) -> None:
    address = re.search(r'href="(/pages/[^"]+\.css)"', client.get("/here").text)
    assert address is not None
    response = client.get(address[1])
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding"


def test_a_file_is_sent_compressed_to_a_browser_that_asks_for_it(client: FlaskClient) -> None:
    plain = client.get("/pages/x/pages.css")
    small = client.get("/pages/x/pages.css", headers={"Accept-Encoding": "br, gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(small.data) == plain.data


def test_a_file_at_an_address_of_another_version_has_to_be_asked_for_again(
    client: FlaskClient,
) -> None:
    response = client.get("/pages/0123456789abcdef/pages.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.css", "../page.py", "..%2fpage.py", "%2e%2e/page.py"])
def test_only_the_files_of_the_pages_are_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/pages/x/{name}").status_code == 404


def test_the_address_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("1")
    (tmp_path / "two.js").write_text("2")
    before = Assets(tmp_path).url("one.js")
    (tmp_path / "two.js").write_text("3")
    assert Assets(tmp_path).url("one.js") != before


def test_a_template_that_names_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        Assets(tmp_path).url("none.js")
