"""Where connections go: to checked addresses only, however names and servers behave."""

import contextlib
import datetime
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util import connection

from cds_service.fhir import pinned
from cds_service.fhir.client import FhirClient, FhirUnavailable, Reason
from cds_service.fhir.networks import is_allowed, is_public
from cds_service.fhir.origins import Address
from cds_service.fhir.pinned import Pin, ReadOnlySession
from cds_service.gather.chart import gather
from cds_service.gather.connection import EndableSession
from cds_service.settings import Settings
from tests.fhir_server import FhirServer
from tests.gather.records import PATIENT, ContentStandIn, record, request

ADA = {"resourceType": "Patient", "id": "ada"}
TOKEN = "a-token-nobody-may-see"
PUBLIC = "93.184.216.34"
NAME = "ehr.example.org"


@pytest.fixture
def connections(monkeypatch):
    """Return the addresses connected to; those outside of loopback refuse the connection."""
    made = []
    real = connection.create_connection

    def connect(address, *args, **kwargs):
        made.append(address[0])
        if not ip_address(address[0]).is_loopback:
            raise ConnectionRefusedError
        return real(address, *args, **kwargs)

    monkeypatch.setattr(connection, "create_connection", connect)
    return made


@pytest.fixture
def names(monkeypatch):
    """Return the queue of answers of the name server; what was asked is in ``names.asked``."""

    class Names(list):
        asked: list[str]

    answers = Names()
    answers.asked = []

    def look_up(host, port):
        answers.asked.append(host)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(pinned, "look_up", look_up)
    return answers


def pin(*, networks=(), host=NAME, port=443, seconds=60.0):
    opened = [ip_network(network) for network in networks]
    return Pin(Address("https", host, port, "/fhir"), opened, time.monotonic() + seconds)


def why(call):
    with pytest.raises(FhirUnavailable) as refused:
        call()
    return refused.value.reason


def read(base, settings=None, path="Patient/ada"):
    settings = settings or Settings(fhir_servers=(base,), fhir_deadline=60.0)
    with FhirClient(base, TOKEN, settings, EndableSession()) as client:
        return client.read(path)


NEVER = [
    "0.0.0.0", "0.1.2.3", "169.254.1.1", "169.254.169.254", "169.254.170.2", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "2001:db8::1",
    "2001::1", "2002:7f00:1::", "2002:5db8:d822::", "3fff::1", "100::1", "4000::1",
    "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1",
]  # fmt: skip
OPENABLE = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1",
    "100.64.0.1", "::1", "fc00::1", "fd12:3456::1",
]  # fmt: skip


class TestNetworks:
    @pytest.mark.parametrize("address", NEVER)
    def test_some_addresses_can_never_be_a_fhir_server(self, address):
        everything = [ip_network("0.0.0.0/0"), ip_network("::/0")]
        assert not is_public(ip_address(address))
        assert not is_allowed(ip_address(address), everything)

    @pytest.mark.parametrize("address", OPENABLE)
    def test_private_addresses_are_refused_unless_opened(self, address):
        assert not is_allowed(ip_address(address), [])
        assert is_allowed(ip_address(address), [ip_network(address)])

    @pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "172.32.0.1", "2606:2800:220:1::1"])
    def test_public_addresses_need_nothing(self, address):
        assert is_allowed(ip_address(address), [])

    def test_nat64_can_be_opened_for_addresses_that_are_allowed_themselves(self):
        prefix = ip_network("64:ff9b::/96")
        outside, inside = ip_address("64:ff9b::5db8:d822"), ip_address("64:ff9b::7f00:1")
        assert not is_allowed(outside, [])
        assert is_allowed(outside, [prefix])
        assert not is_allowed(inside, [prefix])
        assert is_allowed(inside, [prefix, ip_network("127.0.0.0/8")])


@pytest.mark.conformance(99)
class TestNames:
    @pytest.mark.parametrize("address", [*NEVER, *OPENABLE])
    def test_a_listed_name_that_leads_to_an_address_inside_is_not_connected_to(
        self, names, connections, address
    ):
        names.append([address])
        assert why(lambda: read(f"https://{NAME}/fhir")) is Reason.NOT_ALLOWED
        assert connections == []

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_name_with_public_and_private_addresses_is_refused_as_a_whole(
        self, names, connections, order
    ):
        names.append([PUBLIC, "10.0.0.1"][::order])
        assert why(lambda: read(f"https://{NAME}/fhir")) is Reason.NOT_ALLOWED
        assert connections == []

    def test_a_name_that_changes_its_answer_is_looked_up_once(self, names, connections):
        names.extend([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
        way = pin(port=80)
        with FhirServer([ADA]) as inside:
            for _ in range(3):
                assert why(lambda: way.connect(NAME, 80, None)) is Reason.UNREACHABLE
            assert inside.requests == []
        assert names.asked == [NAME]
        assert connections == [PUBLIC] * 3

    def test_all_pages_of_a_call_go_to_the_address_of_the_first(self, names, connections):
        records = [
            {"resourceType": "Condition", "id": f"c{n}", "subject": {"reference": "Patient/ada"}}
            for n in range(6)
        ]
        with FhirServer(records, page_size=2) as server:
            base = server.base_url.replace("127.0.0.1", NAME)
            server.__class__ = _Named
            names.extend([["127.0.0.1", "127.0.0.3"], ["127.0.0.9"]])
            with _client(base, ("127.0.0.0/8",)) as client:
                found = client.search("Condition?patient=ada")
            hosts = {call.headers["Host"] for call in server.requests}
        assert found.missing is None
        assert len(found.bundle["entry"]) == 6
        assert names.asked == [NAME]
        assert set(connections) == {"127.0.0.1"}
        assert hosts == {base.removeprefix("http://").removesuffix("/fhir")}

    def test_the_next_address_is_tried_where_the_first_refuses_and_then_kept(
        self, names, connections
    ):
        with FhirServer([ADA]) as server:
            port = int(server.origin.rpartition(":")[2])
            names.append([PUBLIC, "127.0.0.1"])
            way = pin(networks=["127.0.0.0/8"], port=port)
            for _ in range(2):
                way.connect(NAME, port, None).close()
        assert connections == [PUBLIC, "127.0.0.1", "127.0.0.1"]

    def test_a_pin_leads_to_its_server_only(self, names, connections):
        names.append([PUBLIC])
        assert why(lambda: pin().connect("evil.example", 443, None)) is Reason.NOT_ALLOWED
        assert why(lambda: pin().connect(NAME, 8443, None)) is Reason.NOT_ALLOWED
        assert connections == names.asked == []

    def test_a_session_without_a_pin_goes_nowhere(self, connections):
        with FhirServer([ADA]) as server, ReadOnlySession() as session:
            assert why(lambda: session.get(f"{server.base_url}/Patient/ada")) is Reason.NOT_ALLOWED
        assert connections == []

    def test_localhost_stands_for_loopback_only(self, names, connections):
        names.append([PUBLIC, "10.0.0.1"])
        assert why(lambda: read("http://localhost:8000/fhir")) is Reason.NOT_ALLOWED
        assert connections == []

    def test_a_literal_address_is_never_looked_up(self, names, connections):
        with FhirServer([ADA]) as server:
            assert read(server.base_url, Settings()) == ADA
        assert names.asked == []
        assert connections == ["127.0.0.1"]

    def test_a_listed_metadata_address_is_refused_all_the_same(self, connections):
        for base in ("http://169.254.169.254/fhir", "http://[fe80::1]/fhir", "http://[::]/fhir"):
            assert why(lambda base=base: read(base)) is Reason.NOT_ALLOWED
        assert connections == []

    def test_a_name_that_is_not_known_is_unreachable(self, monkeypatch, names, connections):
        names.append([])
        assert why(lambda: read(f"https://{NAME}/fhir")) is Reason.UNREACHABLE
        monkeypatch.setattr(pinned, "look_up", lambda *_: (_ for _ in ()).throw(OSError))
        assert why(lambda: read(f"https://{NAME}/fhir")) is Reason.UNREACHABLE
        assert connections == []

    def test_an_answer_with_an_ipv6_zone_is_refused(self, names, connections):
        names.append(["fd00::1%eth0"])
        assert why(lambda: pin(networks=["fd00::/8"]).connect(NAME, 443, None)) is (
            Reason.NOT_ALLOWED
        )
        assert connections == []

    def test_a_name_server_that_says_nothing_holds_nobody(self, monkeypatch, connections):
        over = threading.Event()
        monkeypatch.setattr(pinned, "look_up", lambda *_: [PUBLIC] if over.wait(60) else [])
        settings = Settings(fhir_servers=(f"https://{NAME}",), fhir_deadline=0.3)
        start = time.monotonic()
        assert why(lambda: read(f"https://{NAME}/fhir", settings)) is Reason.TIME_OUT
        assert time.monotonic() - start < 50
        over.set()
        assert connections == []

    def test_the_real_look_up_knows_this_machine(self):
        assert set(pinned.look_up("localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.mark.conformance(99)
class TestRedirects:
    @pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
    @pytest.mark.parametrize(
        "target",
        ["http://127.0.0.1:1/", "file:///etc/passwd", "https://evil.example/", "//evil.example",
         "http://169.254.169.254/latest/", "/admin", "gopher://127.0.0.1:1/x"],
    )  # fmt: skip
    def test_a_redirect_is_not_followed(self, status, target, connections):
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        with _speaking(head.encode()) as base:
            assert why(lambda: read(base, Settings(fhir_deadline=60.0))) is Reason.REDIRECTED
        assert connections == ["127.0.0.1"]


class TestFaults:
    @pytest.mark.parametrize(
        ("head", "reason"),
        [
            (b"HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", Reason.BUSY),
            (b"HTTP/1.1 503 Out\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
             Reason.SERVER_ERROR),
            (b"HTTP/1.1 204 Nothing\r\n\r\n", Reason.NOT_FHIR),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Reason.NOT_FHIR),
            (b"this is no HTTP\r\n\r\n", Reason.UNREACHABLE),
            (b"", Reason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Reason.CUT_SHORT),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
             Reason.CUT_SHORT),
        ],
    )  # fmt: skip
    def test_a_faulty_answer_has_its_reason_at_once(self, head, reason):
        start = time.monotonic()
        with _speaking(head) as base:
            assert why(lambda: read(base, Settings(fhir_deadline=60.0))) is reason
        assert time.monotonic() - start < 30

    @pytest.mark.conformance(98)
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("slow", Reason.TIME_OUT),
            ("drip", Reason.TIME_OUT),
            ("drip-headers", Reason.TIME_OUT),
            ("400", Reason.REJECTED),
            ("401", Reason.UNAUTHORIZED),
            ("403", Reason.FORBIDDEN),
            ("404", "not offered by the FHIR server"),
            ("429", Reason.BUSY),
            ("500", Reason.SERVER_ERROR),
            ("503", Reason.SERVER_ERROR),
            ("html", Reason.NOT_FHIR),
            ("truncated", Reason.CUT_SHORT),
            ("huge", Reason.TOO_LARGE),
            ("endless", Reason.TOO_MANY_PAGES),
            ("next-fails", Reason.SERVER_ERROR),
            ("next-elsewhere", Reason.LINK_REFUSED),
            ("next-outside", Reason.LINK_REFUSED),
            ("next-again", Reason.LINK_REFUSED),
            ("redirect", Reason.REDIRECTED),
            ("drip-redirect", Reason.REDIRECTED),
            ("other-patient", "not about this patient"),
        ],
    )
    def test_a_chart_is_made_in_time_and_says_what_went_wrong(self, fault, reason):
        others = [record("Condition", "c9", "bob")] if fault == "other-patient" else []
        mine = [record("Condition", f"c{number}") for number in range(4)]
        deadline = 0.8 if reason is Reason.TIME_OUT else 60.0
        settings = Settings(open_fhir=True, fhir_deadline=deadline, fhir_max_bytes=2_000_000)
        with FhirServer(
            [PATIENT, *mine, *others], misbehave={"Condition": fault}, page_size=2
        ) as server:
            start = time.monotonic()
            # all else is sent along: what goes wrong has the whole byte budget for itself
            prefetch = {"patient": PATIENT}
            content = ContentStandIn(("Condition",), ())
            chart = gather(request(prefetch, server.base_url), content, settings)
            assert time.monotonic() - start < 25  # the server would answer after 30
        source = chart.source("Condition")
        assert not source.complete
        assert str(reason) in source.reason
        assert all("bob" not in str(resource) for resource in chart.resources)

    def test_reads_are_told_by_type_and_outcome_only(self):
        told = []
        settings = Settings(fhir_deadline=4.0)  # two answers come within it, and one does not
        with FhirServer([ADA], misbehave={"Condition": "500", "Device": "slow"}) as server:
            client = FhirClient(
                server.base_url, TOKEN, settings, EndableSession(), lambda *read: told.append(read)
            )
            with client:
                client.read("Patient/ada")
                why(lambda: client.read("Condition?patient=ada"))
                why(lambda: client.read("Device?patient=ada"))
        assert [read[:2] for read in told] == [
            ("Patient", None),
            ("Condition", Reason.SERVER_ERROR),
            ("Device", Reason.TIME_OUT),
        ]
        assert all(0 <= seconds < 25 for _, _, seconds in told)


class TestCertificates:
    def test_the_name_in_the_url_is_sent_and_verified(self, tmp_path, names):
        with _secure_server(tmp_path, NAME) as (port, asked, authority):
            names.append(["127.0.0.1"])
            session = EndableSession()
            session.verify = str(authority)
            with _client(f"https://{NAME}:{port}/fhir", ("127.0.0.0/8",), session) as client:
                assert client.read("Patient/ada") == ADA
        assert asked == [NAME]

    def test_a_certificate_for_another_name_is_refused(self, tmp_path, names):
        with _secure_server(tmp_path, "other.example.org") as (port, _, authority):
            names.append(["127.0.0.1"])
            session = EndableSession()
            session.verify = str(authority)
            with _client(f"https://{NAME}:{port}/fhir", ("127.0.0.0/8",), session) as client:
                assert why(lambda: client.read("Patient/ada")) is Reason.UNREACHABLE

    def test_a_certificate_of_an_unknown_authority_is_refused(self, tmp_path, names):
        with _secure_server(tmp_path, NAME) as (port, _, _authority):
            names.append(["127.0.0.1"])
            with _client(f"https://{NAME}:{port}/fhir", ("127.0.0.0/8",)) as client:
                assert why(lambda: client.read("Patient/ada")) is Reason.UNREACHABLE


class _Named(FhirServer):
    """A FHIR server that knows itself by `NAME`."""

    @property
    def origin(self):
        return super().origin.replace("127.0.0.1", NAME)


def _client(base, networks, session=None):
    settings = Settings(fhir_servers=(base,), fhir_private_networks=networks, fhir_deadline=60.0)
    return FhirClient(base, TOKEN, settings, session or EndableSession())


@contextlib.contextmanager
def _speaking(answer):
    """Answer every connection with exactly `answer`; give the base address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with sock:
                        sock.recv(65536)
                        sock.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class _Ada(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"resourceType": "Patient", "id": "ada"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing: clients that hang up are what the tests are about."""


@contextlib.contextmanager
def _secure_server(directory, name):
    """Serve `ADA` over TLS as `name`; give port, names asked for (SNI) and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    both = directory / "server.pem"
    authority = directory / "authority.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + authority.read_bytes()
    )
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    context.sni_callback = lambda _sock, asked_for, _context: asked.append(asked_for)
    server = _Quiet(("127.0.0.1", 0), _Ada)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1], asked, authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
