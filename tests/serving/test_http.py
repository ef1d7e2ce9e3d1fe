"""HTTP as clients and proxies speak it, with the real server."""

import json
import time

import pytest

from tests.hook_request import SELECT
from tests.serving.running import Running, answer_of, open_files, status_of

LIMIT = 300_000


@pytest.fixture(scope="module")
def running():
    with Running(CDS_MAX_BODY_BYTES=str(LIMIT), CDS_WORKERS="1") as service:
        yield service


def head(path: str, *fields: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    return "\r\n".join([*lines, *fields, "", ""]).encode()


def test_a_body_in_chunks_is_read_like_any_other(running, body):
    data = json.dumps(body).encode()
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    with running.connect() as connection:
        connection.sendall(head(SELECT, "Transfer-Encoding: chunked"))
        for piece in pieces:
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        status, answer = answer_of(connection)
    assert status == 200
    assert len(json.loads(answer)["cards"]) == 1


def test_a_client_that_waits_for_the_go_ahead_gets_it(running, body):
    data = json.dumps(body).encode()
    with running.connect() as connection:
        connection.sendall(head(SELECT, "Expect: 100-continue", f"Content-Length: {len(data)}"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(data)
        assert status_of(connection) == 200


def test_a_client_that_waits_is_refused_before_it_sends(running):
    with running.connect() as connection:
        connection.sendall(head("/nothing", "Expect: 100-continue", "Content-Length: 1000"))
        assert status_of(connection) == 404


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/cds-services"])
def test_head_answers_like_get_without_the_body(running, path):
    with running.connect() as connection:
        connection.sendall(head(path, method="HEAD") + head("/livez", method="GET"))
        said = b""
        while b'"alive"' not in said:
            said += connection.recv(4096)
    first, _, rest = said.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert rest.startswith(b"HTTP/1.1 200 "), "no body comes between the two answers"


def test_a_browsers_preflight_is_answered(running):
    fields = ("Origin: https://sandbox.cds-hooks.org", "Access-Control-Request-Method: POST")
    with running.connect() as connection:
        connection.sendall(head(SELECT, *fields, method="OPTIONS"))
        assert status_of(connection) == 204


@pytest.mark.parametrize("path", [SELECT, SELECT.replace("imaging", "%69maging")])
def test_an_address_may_be_written_in_percent_code(running, body, path):
    assert running.post(path, body).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused_in_words(running, chunked):
    data = b'{"hook": "' + b"x" * (LIMIT + 100_000) + b'"}'
    with running.connect() as connection:
        if chunked:
            connection.sendall(head(SELECT, "Transfer-Encoding: chunked"))
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
        else:
            connection.sendall(head(SELECT, f"Content-Length: {len(data)}") + data)
        status, answer = answer_of(connection)
        assert status == 413
        assert json.loads(answer)["issue"][0]["code"] == "too-long"
        connection.sendall(head("/livez", method="GET"))
        assert status_of(connection) == 200, "the connection goes on"


def test_a_client_that_goes_away_in_the_middle_costs_nothing(running, body):
    for _ in range(30):
        with running.connect() as connection:
            connection.sendall(head(SELECT, "Content-Length: 100000") + b'{"hook": ')
    for _ in range(30):
        data = json.dumps(body).encode()
        with running.connect() as connection:
            connection.sendall(head(SELECT, f"Content-Length: {len(data)}") + data)
    assert running.post(SELECT, body).status_code == 200
    assert not any("Traceback" in line for line in running.complained)


def test_many_requests_on_one_connection_are_answered_in_order(running, body):
    data = json.dumps(body).encode()
    with running.connect() as connection:
        for _ in range(20):
            connection.sendall(head(SELECT, f"Content-Length: {len(data)}") + data)
            assert status_of(connection) == 200


def test_no_body_is_ever_written_to_disk(running, body):
    (worker,) = running.workers
    before = open_files(worker)
    with running.connect() as connection:
        connection.sendall(head(SELECT, f"Content-Length: {LIMIT}") + b" " * (LIMIT - 1))
        time.sleep(0.3)  # it has arrived, all but the last byte
        assert open_files(worker) == before
        connection.sendall(b" ")
        assert status_of(connection) == 400


def test_a_head_that_never_ends_is_given_up():
    settings = {"CDS_IDLE_TIMEOUT": "1", "CDS_WORKERS": "1"}
    with Running(**settings) as service, service.connect() as connection:
        connection.sendall(b"GET /livez HT")
        assert connection.recv(1000) == b""


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n", b"\x16\x03\x01\0"]
)
def test_what_is_not_http_is_refused_by_the_server_itself(running, sent):
    with running.connect() as connection:
        connection.sendall(sent)
        said = connection.recv(1000)
    assert not said or said.startswith(b"HTTP/1.1 4")
