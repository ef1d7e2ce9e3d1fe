"""A small FHIR R4 terminology server on loopback, with an invented hierarchy.

    with TerminologyServer(HIERARCHY) as server:
        ...  # server.base_url, server.calls

It answers ``POST ValueSet/$expand`` for filters ``concept is-a``, in pages, with designations and
headings as real servers send them. The ids have valid check digits and mean nothing.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cds_service.content.checks.code_shapes import snomed_ct_is_valid

Json = dict[str, Any]
SYSTEM = "http://snomed.info/sct"
RELEASE = f"{SYSTEM}/731000124108/version/20260301"


def sctid(stem: int) -> str:
    """Return an invented SNOMED CT id: `stem` in a namespace of nobody, and its check digit."""
    return next(
        code for digit in "0123456789" if snomed_ct_is_valid(code := f"{stem}999999910{digit}")
    )


TUMOUR, MALIGNANT, BENIGN, SKIN, RARE, RARER, OLD, HEADING = map(sctid, range(11, 19))
HIERARCHY: dict[str, tuple[str, ...]] = {
    TUMOUR: (),
    MALIGNANT: (TUMOUR,),
    BENIGN: (TUMOUR,),
    SKIN: (MALIGNANT,),
    RARE: (SKIN,),
    RARER: (RARE, HEADING),
    OLD: (MALIGNANT,),
    HEADING: (MALIGNANT,),
}
"""Each id and its parents. SKIN lies below MALIGNANT; RARER below two; HEADING is abstract."""


class TerminologyServer:
    """A terminology server for tests; `misbehave` names one way in which it goes wrong."""

    def __init__(
        self,
        hierarchy: Mapping[str, Iterable[str]] | None = None,
        *,
        token: str = "",
        misbehave: str = "",
        most: int = 10_000,
        page_size: int = 1000,
    ) -> None:
        """Know `hierarchy`; refuse more than `most` codes as too costly; page at `page_size`."""
        self.hierarchy = {k: tuple(v) for k, v in (hierarchy or HIERARCHY).items()}
        self.token = token
        self.misbehave = misbehave
        self.most = most
        self.page_size = page_size
        self.calls: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.known = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/fhir"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def below(self, code: str) -> set[str]:
        """Return `code` and all below it."""
        found = {code}
        while more := {
            child
            for child, parents in self.hierarchy.items()
            if child not in found and not found.isdisjoint(parents)
        }:
            found |= more
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    known: TerminologyServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        known = self.server.known
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known.calls.append(body)
        known.headers.append(dict(self.headers.items()))
        fault = known.misbehave
        if known.token and self.headers.get("Authorization") != f"Bearer {known.token}":
            self._send(401, outcome("login", "a token is needed"))
        elif not self.path.endswith("/fhir/ValueSet/$expand"):
            self._send(404, outcome("not-supported", "no such operation"))
        elif fault == "html":
            self._raw(200, b"<!doctype html><title>Sign in</title>", "text/html")
        elif fault == "redirect":
            self._raw(307, b"", "text/plain", Location="https://elsewhere.example/fhir")
        elif fault == "slow":
            known.stopping.wait(5)
        elif fault == "huge":
            self._raw(200, b" " * 4_000_000, "application/fhir+json")
        elif fault == "500":
            self._send(500, outcome("exception", "index closed"))
        elif fault == "unknown-system":
            said = f"A definition for CodeSystem '{SYSTEM}' could not be found"
            self._send(404, outcome("not-found", said))
        elif fault == "other-resource":
            self._send(200, {"resourceType": "Bundle", "type": "searchset"})
        else:
            self._expand(body, fault)

    def _expand(self, body: Json, fault: str) -> None:
        known = self.server.known
        asked = {each["name"]: each for each in body["parameter"]}
        compose = asked["valueSet"]["resource"]["compose"]
        for part in (*compose["include"], *compose.get("exclude", ())):
            assert part["system"] == SYSTEM
            (condition,) = part["filter"]
            assert (condition["property"], condition["op"]) == ("concept", "is-a")
            if condition["value"] not in known.hierarchy:
                said = f"Unknown code '{condition['value']}' in code system {SYSTEM}"
                self._send(422, outcome("code-invalid", said))
                return
        members = set().union(*(self._below(part) for part in compose["include"]))
        if fault != "ignores-exclude":
            members -= set().union(*(self._below(part) for part in compose.get("exclude", ())))
        ordered = sorted(members)
        if len(ordered) > known.most:
            self._send(422, outcome("too-costly", f"more than {known.most} codes"))
            return
        count = min(asked["count"]["valueInteger"], known.page_size)
        offset = 0 if fault.startswith("repeats") else asked["offset"]["valueInteger"]
        page = ordered if fault == "ignores-paging" else ordered[offset : offset + count]
        if fault == "ends-early" and offset:
            page = []
        self._send(200, self._value_set(page, len(ordered), offset, fault))

    def _below(self, part: Json) -> set[str]:
        return self.server.known.below(part["filter"][0]["value"])

    def _value_set(self, page: list[str], total: int, offset: int, fault: str) -> Json:
        system = "http://loinc.org" if fault == "other-system" else SYSTEM
        release = f"{RELEASE}{offset}" if fault == "changes-release" else RELEASE
        contains = [entry(code, system) for code in page]
        if fault == "nested":
            contains = [{"display": "A heading without a code", "contains": contains}]
        expansion = {
            "identifier": "urn:uuid:5e2c2ac6-5e3e-4b0e-9b43-6d2b5b0e9f10",
            "timestamp": "2026-11-20T10:00:00Z",
            "total": total,
            "offset": offset,
            "parameter": [
                {"name": "version", "valueUri": f"{SYSTEM}|{release}"},
                {"name": "version", "valueUri": "http://loinc.org|2.78"},
            ],
            "contains": contains,
        }
        if fault in ("no-total", "ignores-paging", "repeats"):
            del expansion["total"]
        if fault == "no-release":
            del expansion["parameter"]
        if fault == "unclosed":
            url = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
            expansion["extension"] = [{"url": url, "valueBoolean": True}]
        answer = {"resourceType": "ValueSet", "status": "active", "expansion": expansion}
        if fault == "no-expansion":
            del answer["expansion"]
        return answer

    def _send(self, status: int, resource: Json) -> None:
        self._raw(status, json.dumps(resource).encode(), "application/fhir+json")

    def _raw(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read `TerminologyServer.calls`."""


def entry(code: str, system: str = SYSTEM) -> Json:
    """Return `code` as a member of an expansion, with what servers add to it."""
    found: Json = {
        "system": system,
        "code": code,
        "display": f"Disorder\t{code[:2]}",
        "designation": [
            {"language": "en", "use": {"code": "900000000000003001"}, "value": "A long name"},
            {"language": "sv", "value": "Ett namn"},
        ],
        "extension": [{"url": "https://server.example/score", "valueDecimal": 1.5}],
    }
    if code == HEADING:
        found["abstract"] = True
    if code == OLD:
        found["inactive"] = True
    return found


def outcome(code: str, said: str) -> Json:
    """Return an OperationOutcome with one error."""
    issue = {"severity": "error", "code": code, "details": {"text": said}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
