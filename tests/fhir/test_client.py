import socket
import threading
import time
from decimal import Decimal

import pytest

from cds_service.fhir.client import FhirClient, FhirUnavailable, Reason
from cds_service.fhir.origins import server_allowed
from cds_service.settings import Settings
from tests.fhir_server import FhirServer

ADA = {"resourceType": "Patient", "id": "ada"}
SECRET = "a-token-nobody-may-see"


def conditions(count):
    return [
        {"resourceType": "Condition", "id": f"c{number}", "subject": {"reference": "Patient/ada"}}
        for number in range(count)
    ]


UNHURRIED = {"fhir_deadline": 60.0}
"""For reads that have to succeed, or to fail for another reason than time."""


def client(server, token="", **settings):
    return FhirClient(server.base_url, token, Settings(**{**UNHURRIED, **settings}))


def reason(read):
    with pytest.raises(FhirUnavailable) as problem:
        read()
    assert problem.value.__context__ is None  # it would hold the address and the token
    assert str(problem.value) == problem.value.reason.value
    return problem.value.reason


def refused(read):
    """Say whether the server's answer was not to be had."""
    try:
        read()
    except FhirUnavailable:
        return True
    return False


class TestOrigins:
    ALLOWED = ("https://ehr.example.org", "http://ehr.example.org:8080")

    @pytest.mark.parametrize(
        "url",
        [
            "https://ehr.example.org",
            "https://ehr.example.org/fhir/R4?x=1",
            "https://EHR.example.org:443/fhir",
            "http://ehr.example.org:8080/fhir",
        ],
    )
    def test_an_allowed_origin_is_allowed_in_every_spelling(self, url):
        assert server_allowed(url, Settings(fhir_servers=self.ALLOWED))

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "ehr.example.org",
            "//ehr.example.org/fhir",
            "http://ehr.example.org/fhir",
            "https://ehr.example.org:8443/fhir",
            "https://ehr.example.org:/fhir",
            "https://ehr.example.org:0443/fhir",
            "https://ehr.example.org./fhir",
            "https://ehr.example.org.evil.example/fhir",
            "https://evil.example/https://ehr.example.org",
            "https://ehr.example.org@evil.example/fhir",
            "https://ehr.example.org:443@evil.example/fhir",
            "https://user:pass@ehr.example.org/fhir",
            "https://ehr.example.org\\@evil.example/fhir",
            "https://evil.example\\.ehr.example.org/fhir",
            "https://ehr.example.org%2f@evil.example/fhir",
            "https://ehr.example.org%00.evil.example/fhir",
            "https://ehr\u3002example\u3002org/fhir",
            "https://\uff45hr.example.org/fhir",
            "https://ehr.example.org\n.evil.example/fhir",
            "https://ehr.example.org /fhir",
            "https:ehr.example.org",
            "https:///ehr.example.org",
            "ftp://ehr.example.org/fhir",
            "file:///etc/passwd",
            "gopher://ehr.example.org",
        ],
    )
    def test_an_address_that_only_looks_allowed_is_refused(self, url):
        settings = Settings(fhir_servers=self.ALLOWED)
        assert not server_allowed(url, settings)
        assert reason(lambda: FhirClient(url, SECRET, settings)) is Reason.NOT_ALLOWED

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:8080/fhir", "https://localhost/fhir", "http://[::1]:1/fhir"],
    )
    def test_the_list_may_name_loopback_on_any_port(self, url):
        patterns = ("http://127.0.0.1:*", "https://localhost:*", "http://[::1]:*")
        assert server_allowed(url, Settings(fhir_servers=patterns))
        assert not server_allowed(url, Settings(fhir_servers=()))

    @pytest.mark.parametrize(
        "url",
        [
            "https://ehr.example.org",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.1/fhir",
            "http://2130706433/fhir",
            "http://0x7f.0.0.1/fhir",
            "http://0.0.0.0/fhir",
            "http://10.0.0.1/fhir",
            "http://169.254.169.254/latest",
            "http://[::ffff:127.0.0.1]/fhir",
            "http://localhost:80@evil.example/",
        ],
    )
    def test_by_default_nothing_but_loopback_is_allowed(self, url):
        assert not server_allowed(url, Settings())

    @pytest.mark.parametrize("base", ["http://127.0.0.1:1/fhir?x=1", "http://127.0.0.1:1/a/../b"])
    def test_a_base_with_a_query_or_dot_segments_is_refused(self, base):
        assert reason(lambda: FhirClient(base, "", Settings())) is Reason.NOT_ALLOWED


class TestReading:
    def test_a_resource_is_read_with_its_numbers_as_written(self):
        weight = {"resourceType": "Observation", "id": "w", "valueQuantity": {"value": 1.25}}
        with FhirServer([weight]) as server, client(server) as fhir:
            assert fhir.read("Observation/w")["valueQuantity"]["value"] == Decimal("1.25")

    def test_a_base_address_may_end_in_a_slash(self):
        with (
            FhirServer([ADA]) as server,
            FhirClient(f"{server.base_url}/", "", Settings()) as fhir,
        ):
            assert fhir.read("Patient/ada") == ADA

    def test_what_is_asked_for_is_fhir_json_with_the_token(self):
        with FhirServer([ADA], token=SECRET) as server, client(server, SECRET) as fhir:
            fhir.read("Patient/ada")
            headers = server.requests[0].headers
        assert headers["Accept"].startswith("application/fhir+json, application/json")
        assert headers["Authorization"] == f"Bearer {SECRET}"
        assert "Cookie" not in headers

    def test_without_a_token_there_is_no_authorization_whatever_the_environment(
        self, monkeypatch, tmp_path
    ):
        netrc = tmp_path / "netrc"
        netrc.write_text("default login me password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.delenv("NO_PROXY", raising=False)
        with FhirServer([ADA]) as server, client(server) as fhir:
            assert fhir.read("Patient/ada") == ADA
            assert "Authorization" not in server.requests[0].headers

    def test_a_search_reads_all_pages_as_one(self):
        with FhirServer(conditions(7), page_size=3) as server, client(server) as fhir:
            found = fhir.search("Condition?patient=ada")
            assert len(server.requests) == 3
        assert found.missing is None
        assert [entry["resource"]["id"] for entry in found.bundle["entry"]] == [
            f"c{number}" for number in range(7)
        ]

    def test_a_next_page_may_be_given_relative_to_the_base(self):
        first = {"resourceType": "Bundle", "link": [{"relation": "next", "url": "Condition?x=1"}]}
        with FhirServer(conditions(2)) as server, client(server) as fhir:
            assert len(fhir.follow(first).bundle["entry"]) == 2
            assert server.requests[0].path == "/fhir/Condition"

    @pytest.mark.parametrize(
        "path",
        ["../admin", "Patient/../../admin", "Patient/%2e%2e/%2E%2E/admin", "Patient/..%2f..",
         "Patient/.", "Patient/..\\x"],
    )  # fmt: skip
    def test_a_path_that_leaves_the_base_is_not_asked_for(self, path):
        with FhirServer([ADA]) as server, client(server) as fhir:
            assert reason(lambda: fhir.read(path)) is Reason.NOT_ASKABLE
            assert server.requests == []


class TestTrouble:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("400", Reason.REJECTED),
            ("401", Reason.UNAUTHORIZED),
            ("403", Reason.FORBIDDEN),
            ("404", Reason.NOT_FOUND),
            ("410", Reason.NOT_FOUND),
            ("429", Reason.BUSY),
            ("500", Reason.SERVER_ERROR),
            ("503", Reason.SERVER_ERROR),
            ("redirect", Reason.REDIRECTED),
            ("drip-redirect", Reason.REDIRECTED),
            ("html", Reason.NOT_FHIR),
            ("truncated", Reason.CUT_SHORT),
            ("huge", Reason.TOO_LARGE),
            ("slow", Reason.TIME_OUT),
            ("drip", Reason.TIME_OUT),
        ],
    )
    def test_each_kind_of_trouble_has_its_reason(self, fault, expected):
        deadline = 0.7 if expected is Reason.TIME_OUT else 60.0
        with (
            FhirServer([ADA], misbehave=fault) as server,
            client(server, SECRET, fhir_deadline=deadline, fhir_max_bytes=100_000) as fhir,
        ):
            start = time.monotonic()
            assert reason(lambda: fhir.read("Patient/ada")) is expected
            assert time.monotonic() - start < 25  # the server would answer after 30

    def test_a_server_that_is_not_there_is_unreachable(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with FhirClient(f"http://127.0.0.1:{port}/fhir", SECRET, Settings(**UNHURRIED)) as fhir:
            assert reason(lambda: fhir.read("Patient/ada")) is Reason.UNREACHABLE

    def test_a_redirect_takes_neither_the_request_nor_the_token_elsewhere(self):
        with (
            FhirServer([ADA]) as other,
            FhirServer([ADA], misbehave="redirect", elsewhere=other.base_url) as server,
            client(server, SECRET) as fhir,
        ):
            assert reason(lambda: fhir.read("Patient/ada")) is Reason.REDIRECTED
            assert other.requests == []

    def test_a_token_no_header_can_carry_is_not_told(self):
        with FhirServer([ADA]) as server:
            for token in (f"{SECRET}\r\nX: y", f"{SECRET}\u20ac"):
                with client(server, token) as fhir:
                    reason(lambda fhir=fhir: fhir.read("Patient/ada"))
            assert server.requests == []

    @pytest.mark.parametrize(
        "body", ["[]", "7", "{}", '{"resourceType": 1}', "[" * 100_000, "\ufeff"]
    )
    def test_json_that_is_no_resource_is_not_fhir(self, body):
        with (
            _raw_server(body.encode()) as base,
            FhirClient(base, "", Settings(**UNHURRIED)) as fhir,
        ):
            assert reason(lambda: fhir.read("Patient/ada")) is Reason.NOT_FHIR

    def test_a_byte_order_mark_is_read_over(self):
        body = b"\xef\xbb\xbf" + b'{"resourceType": "Patient"}'
        with _raw_server(body) as base, FhirClient(base, "", Settings(**UNHURRIED)) as fhir:
            assert fhir.read("Patient/ada") == {"resourceType": "Patient"}


class TestPaging:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("next-outside", Reason.LINK_REFUSED),
            ("next-again", Reason.LINK_REFUSED),
            ("next-fails", Reason.SERVER_ERROR),
            ("endless", Reason.TOO_MANY_PAGES),
        ],
    )
    def test_pages_are_kept_when_the_next_cannot_be_had(self, fault, expected):
        with (
            FhirServer(conditions(4), misbehave=fault, page_size=2) as server,
            client(server, fhir_max_pages=3) as fhir,
        ):
            found = fhir.search("Condition?patient=ada")
            assert found.missing is expected
            assert len(found.bundle["entry"]) >= 2
            assert len(server.requests) <= 3
            assert all(call.path.startswith("/fhir/") for call in server.requests)

    def test_a_next_page_at_another_host_gets_neither_a_request_nor_the_token(self):
        with (
            FhirServer(conditions(4)) as other,
            FhirServer(
                conditions(4), misbehave="next-elsewhere", elsewhere=other.base_url
            ) as server,
            client(server, SECRET) as fhir,
        ):
            assert fhir.search("Condition?patient=ada").missing is Reason.LINK_REFUSED
            assert other.requests == []

    @pytest.mark.parametrize(
        "url",
        ["", "https://elsewhere.example/fhir", "//elsewhere.example/fhir", "http://[", "/admin",
         "../admin", "http://127.0.0.1:1/fhir/Condition", "javascript:alert(1)",
         "{origin}@elsewhere.example/fhir/x", "{origin}/fhir/../admin", "{origin}/fhirx"],
    )  # fmt: skip
    def test_a_hostile_next_link_is_refused(self, url):
        with FhirServer(conditions(1)) as server, client(server, SECRET) as fhir:
            link = [{"relation": "next", "url": url.replace("{origin}", server.origin)}]
            found = fhir.follow({"resourceType": "Bundle", "link": link})
            assert found.missing is Reason.LINK_REFUSED
            assert server.requests == []

    def test_the_byte_limit_holds_for_all_reads_together(self):
        with FhirServer(conditions(3)) as server, client(server, fhir_max_bytes=2500) as fhir:
            answered = 0
            while not refused(lambda: fhir.search("Condition?patient=ada")):
                answered += 1
            assert answered > 1, "each was small enough by itself"
            assert reason(lambda: fhir.search("Condition?patient=ada")) is Reason.TOO_LARGE

    def test_an_answer_that_is_too_large_costs_the_others_nothing(self):
        with (
            FhirServer([ADA, *conditions(3)], misbehave={"Observation": "huge"}) as server,
            client(server, fhir_max_bytes=200_000, fhir_deadline=60.0) as fhir,
        ):
            for _ in range(3):
                assert reason(lambda: fhir.search("Observation?patient=ada")) is Reason.TOO_LARGE
            assert len(fhir.search("Condition?patient=ada").bundle["entry"]) == 3

    def test_the_patient_is_not_counted_with_the_others(self):
        with (
            FhirServer([ADA, *conditions(3)]) as server,
            client(server, fhir_max_bytes=2500) as fhir,
        ):
            while not refused(lambda: fhir.search("Condition?patient=ada")):
                pass
            assert fhir.read("Patient/ada") == ADA

    def test_a_patient_that_is_too_large_is_refused_all_the_same(self):
        with (
            FhirServer([ADA], misbehave={"Patient": "huge"}) as server,
            client(server, fhir_max_bytes=200_000, fhir_deadline=60.0) as fhir,
        ):
            assert reason(lambda: fhir.read("Patient/ada")) is Reason.TOO_LARGE

    def test_the_deadline_holds_for_all_reads_together(self):
        with FhirServer([ADA]) as server, client(server, fhir_deadline=3.0) as fhir:
            fhir.read("Patient/ada")
            time.sleep(fhir.deadline - time.monotonic() + 0.05)
            assert reason(lambda: fhir.read("Patient/ada")) is Reason.TIME_OUT
            assert len(server.requests) == 1


class _raw_server:  # noqa: N801 - used like a function
    """Answer one request with exactly `body`; give the base address."""

    def __init__(self, body):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.answer = head.encode() + body

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/fhir"

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self.answer)

    def __exit__(self, *_):
        self.thread.join(60)
        self.listener.close()
