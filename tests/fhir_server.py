"""A small real FHIR server on loopback, which can also misbehave.

    with FhirServer(resources, token="t") as server:
        ...  # server.base_url, server.requests

It reads and searches over HTTP: ``GET Type/id`` and ``GET Type?patient=&code=&_sort=&_count=``,
with pages. `misbehave` says what goes wrong, for all requests or by resource type.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

Json = dict[str, Any]

MISBEHAVIOURS = frozenset(
    {
        "slow",  # answers after `delay` seconds
        "drip-headers",  # sends one byte of the head every 0.2 s
        "drip",  # sends one byte of the body every 0.2 s
        "drip-redirect",  # redirects, with a body that drips
        "redirect",  # redirects to `elsewhere`
        "next-elsewhere",  # the next page is at `elsewhere`
        "next-outside",  # the next page is at the same origin, outside of the base
        "next-again",  # the next page is the page itself
        "next-fails",  # the second page is answered with 500
        "endless",  # there is always a next page
        "huge",  # sends 64 MiB of blanks before the resource
        "truncated",  # breaks off in the middle of the JSON
        "html",  # sends a page for people, with status 200
        "outcome",  # sends an OperationOutcome with status 200
        "other-patient",  # finds the records of all patients, reads the first of its type
        "400", "401", "403", "404", "410", "429", "500", "503",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One request the server got: path below its root, query parameters, and header by name."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def resource_type(self) -> str:
        return self.path.removeprefix("/fhir").strip("/").partition("/")[0]


class FhirServer:
    """A FHIR server for tests; use it in a ``with`` statement."""

    def __init__(
        self,
        resources: Iterable[Json] | Mapping[str, Json] = (),
        *,
        token: str = "",
        misbehave: str | Mapping[str, str] = "",
        elsewhere: str = "https://elsewhere.example/fhir",
        delay: float = 30.0,
        page_size: int = 50,
        without: Iterable[str] = (),
    ) -> None:
        """Serve `resources`; ask for `token` if there is one; know no type in `without`."""
        values = resources.values() if isinstance(resources, Mapping) else resources
        self.resources = list(values)
        self.token = token
        self.misbehave = misbehave
        self.elsewhere = elsewhere
        self.delay = delay
        self.page_size = page_size
        self.without = frozenset(without)
        self.requests: list[Call] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fhir = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/fhir"

    def asked(self) -> list[str]:
        """Return the resource types asked for, sorted, one for each request."""
        return sorted(call.resource_type for call in self.requests)

    def fault(self, resource_type: str) -> str:
        found = self.misbehave
        found = found if isinstance(found, str) else found.get(resource_type, "")
        assert not found or found in MISBEHAVIOURS, found
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def end(self) -> None:
        """Take no more connections and cut those off that are there, in the middle of an answer."""
        self._server.shutdown()
        for connection in self._server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.end()
        self._server.server_close()  # waits for the threads of requests
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128
    fhir: FhirServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        fhir = self.server.fhir
        parts = urlsplit(self.path)
        query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
        call = Call(parts.path, query, dict(self.headers.items()))
        fhir.requests.append(call)
        fault = fhir.fault(call.resource_type)
        if fhir.token and call.headers.get("Authorization") != f"Bearer {fhir.token}":
            self._send(401, _outcome("login"))
        elif not parts.path.startswith("/fhir/") or call.resource_type in fhir.without:
            self._send(404, _outcome("not-supported"))
        elif not self._misbehaved(fault, query):
            self._send(*self._answer(call, fault))

    def _answer(self, call: Call, fault: str) -> tuple[int, Json]:
        fhir = self.server.fhir
        kind, _, identity = call.path.removeprefix("/fhir/").partition("/")
        if identity:
            for item in fhir.resources:
                same = item.get("id") == identity or fault == "other-patient"
                if item["resourceType"] == kind and same:
                    return 200, item
            return 404, _outcome("not-found")
        everyone = fault == "other-patient"
        found = [item for item in fhir.resources if _matches(item, kind, call.query, everyone)]
        if call.query.get("_sort") == "-date":
            found.sort(key=lambda item: str(item.get("effectiveDateTime", "")), reverse=True)
        return 200, self._page(found, call, fault)

    def _page(self, found: list[Json], call: Call, fault: str) -> Json:
        fhir = self.server.fhir
        size = min(int(call.query.get("_count", fhir.page_size)), fhir.page_size)
        start = int(call.query.get("_offset", 0))
        page = found[start : start + size]
        url = f"{fhir.origin}{call.path}"
        following = f"{url}?{urlencode({**call.query, '_offset': start + size})}"
        links = {
            "next-elsewhere": f"{fhir.elsewhere}/{call.resource_type}?page=2",
            "next-outside": f"{fhir.origin}/admin?page=2",
            "next-again": f"{fhir.origin}{self.path}",
            "endless": following,
        }
        link = links.get(fault, following if start + size < len(found) else "")
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": [{"relation": "self", "url": url}]
            + ([{"relation": "next", "url": link}] if link else []),
            "entry": [
                {
                    "fullUrl": f"{fhir.base_url}/{item['resourceType']}/{item.get('id', '')}",
                    "resource": item,
                    "search": {"mode": "match"},
                }
                for item in page
            ],
        }

    def _misbehaved(self, fault: str, query: dict[str, str]) -> bool:
        """Go wrong as asked; return whether that was an answer."""
        fhir = self.server.fhir
        if fault == "slow":
            fhir.stopping.wait(fhir.delay)
            return False
        if fault == "drip-headers":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Dull: " + b"x" * 1000)
        elif fault == "drip":
            self._head(200, 1000)
            self._drip(b" " * 1000)
        elif fault == "drip-redirect":
            self._head(302, 1000, Location=fhir.elsewhere)
            self._drip(b" " * 1000)
        elif fault == "redirect":
            self._head(302, 0, Location=fhir.elsewhere)
        elif fault == "huge":
            self._head(200, 64 * 1024 * 1024)
            for _ in range(1024):
                self.wfile.write(b" " * 65536)
        elif fault == "truncated":
            self._head(200, 1000)
            self.wfile.write(b'{"resourceType": "Bundle", "entry": [')
            self.close_connection = True
        elif fault == "html":
            body = b"<!doctype html><title>Sign in</title>"
            self._head(200, len(body), "text/html")
            self.wfile.write(body)
        elif fault == "outcome":
            self._send(200, _outcome("exception"))
        elif fault.isdigit() or (fault == "next-fails" and "_offset" in query):
            self._send(int(fault) if fault.isdigit() else 500, _outcome("exception"))
        else:
            return False
        return True

    def _drip(self, data: bytes) -> None:
        for number in range(len(data)):
            if self.server.fhir.stopping.wait(0.2):
                break
            self.wfile.write(data[number : number + 1])
            self.wfile.flush()
        self.close_connection = True

    def _head(
        self, status: int, length: int, kind: str = "application/fhir+json", **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": length}.items():
            self.send_header(name, str(value))
        self.end_headers()

    def _send(self, status: int, resource: Json) -> None:
        body = json.dumps(resource, default=str).encode()
        self._head(status, len(body))
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read `FhirServer.requests`."""


def _outcome(code: str) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


def _matches(resource: Json, kind: str, query: dict[str, str], everyone: bool) -> bool:
    if resource["resourceType"] != kind:
        return False
    subject = resource.get("subject") or resource.get("patient") or {}
    wanted = query.get("patient", "").removeprefix("Patient/")
    if wanted and not everyone and subject.get("reference") != f"Patient/{wanted}":
        return False
    tokens = [token for token in query.get("code", "").split(",") if token]
    known = {
        f"{coding.get('system', '')}|{coding.get('code', '')}"
        for coding in resource.get("code", {}).get("coding", [])
    }
    return not tokens or not known.isdisjoint(tokens)


def wait_until(condition: Any, seconds: float = 60.0) -> bool:
    """Return whether `condition` came true within `seconds`, far more than a slow machine needs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())
