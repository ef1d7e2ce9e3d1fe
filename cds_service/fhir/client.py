"""Reading from the client's FHIR server: read-only, one deadline, one byte budget, one base.

A timeout of ``requests`` bounds one read of a socket, not a call: a server that drips a byte now
and then keeps a call alive for ever. Here every chunk is checked against one deadline for all
reads of a call. Nothing follows a redirect or a link out of the server's base, nothing connects
to an address that was not checked, and no error carries an address, a token or an identifier.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPException
from typing import Any, Self

import msgspec
import requests
import urllib3

from cds_service.fhir.origins import Address, allow_list, join, read_address
from cds_service.fhir.pinned import Pin, ReadOnlySession
from cds_service.fhir.read import Json, objects, string
from cds_service.fhir.reasons import FhirUnavailable, Reason, reason_of_status
from cds_service.settings import Settings

__all__ = [
    "FhirClient",
    "FhirUnavailable",
    "Found",
    "ReadObserver",
    "ReadOnlySession",
    "Reason",
    "listed",
    "next_link",
]

_ACCEPT = "application/fhir+json, application/json;q=0.9"
_CHUNK = 65536
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_KIND = re.compile("[A-Za-z]*")

ReadObserver = Callable[[str, Reason | None, float], None]
"""Told of every read: resource type asked for, why it failed or None, and seconds it took."""


@dataclass(frozen=True, slots=True)
class Found:
    """All pages of a search read as one Bundle, and why there are no more if some are missing."""

    bundle: Json
    missing: Reason | None = None


def next_link(bundle: Json) -> str | None:
    """Return the address of a Bundle's next page, empty if unreadable, None if this is the last."""
    for link in objects(bundle.get("link")):
        if link.get("relation") == "next":
            return string(link.get("url"))
    return None


def listed(value: object) -> list[Any]:
    """Return a Bundle's ``entry`` as a list, whatever the client put there."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class FhirClient:
    """Reads resources of one FHIR server until the deadline that starts with its making.

    Threads may share it. `settings` gives the servers that may be asked, the deadline in seconds,
    the bytes all answers together may have once unpacked, and the pages one search may have. One
    answer may have half of the bytes, and what it had is free again if it has more: so a search
    that finds too much costs only itself. The Patient, without whom there is no advice, is not
    counted with the others.
    `session` is closed with the client. `observe` is told of every read, in the reading thread.

    Raises:
        FhirUnavailable: `base_url` is not an address this service may ask.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        settings: Settings,
        session: ReadOnlySession | None = None,
        observe: ReadObserver | None = None,
    ) -> None:
        allowed = allow_list(settings)
        base = allowed.find(base_url.rstrip("/"))
        if base is None or base.query:
            raise FhirUnavailable(Reason.NOT_ALLOWED)
        self._base = base
        self.deadline = time.monotonic() + settings.fhir_deadline
        self._headers = {"Accept": _ACCEPT}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._max_pages = settings.fhir_max_pages
        self._bytes_left = settings.fhir_max_bytes
        self._most_of_one = settings.fhir_max_bytes // 2
        self._lock = threading.Lock()
        self._session = session or ReadOnlySession()
        if settings.fhir_ca_file is not None:
            self._session.verify = str(settings.fhir_ca_file)
        self._session.pin(Pin(base, allowed.networks, self.deadline))
        self._observe = observe

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def read(self, path: str) -> Json:
        """Return the resource at `path`, relative to the server's base (FHIR R4 ``read``).

        Raises:
            FhirUnavailable: it could not be had.
        """
        address = read_address(f"{self._base.url}/{path}")
        if address is None or not address.under(self._base):
            raise FhirUnavailable(Reason.NOT_ASKABLE)
        return self._get(address)

    def search(self, query: str) -> Found:
        """Return what the search ``Type?parameters`` finds, all its pages as one Bundle.

        Raises:
            FhirUnavailable: not even the first page could be had.
        """
        return self.follow(self.read(query))

    def follow(self, bundle: Json) -> Found:
        """Return `bundle` with the entries of all pages after it (FHIR R4 search, paging)."""
        pages, seen = [bundle], set[Address]()
        missing: Reason | None = None
        while missing is None and (link := next_link(pages[-1])) is not None:
            try:
                if len(pages) >= self._max_pages:
                    raise FhirUnavailable(Reason.TOO_MANY_PAGES)
                address = join(self._base, link)
                if address is None or address in seen:
                    raise FhirUnavailable(Reason.LINK_REFUSED)
                seen.add(address)
                page = self._get(address)
                if page["resourceType"] != "Bundle":
                    raise FhirUnavailable(Reason.NOT_FHIR)
                pages.append(page)
            except FhirUnavailable as problem:
                missing = problem.reason
        if len(pages) == 1:
            return Found(bundle, missing)
        entry = [item for page in pages for item in listed(page.get("entry"))]
        return Found({**bundle, "entry": entry, "link": pages[-1].get("link")}, missing)

    def _get(self, address: Address) -> Json:
        start = time.monotonic()
        below = address.path.removeprefix(self._base.path).lstrip("/")
        found = _KIND.match(below)
        kind = found[0] if found else ""
        answer = self._fetch(address.url, counted=kind != "Patient")
        reason = answer if isinstance(answer, Reason) else None
        if self._observe is not None:
            self._observe(kind, reason, time.monotonic() - start)
        if isinstance(answer, Reason):
            raise FhirUnavailable(answer)
        return answer

    def _fetch(self, url: str, *, counted: bool) -> Json | Reason:
        """Return the resource at `url` or why there is none.

        Nothing is raised from here: an error would carry the address, the token and an open
        connection along with it.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            return Reason.TIME_OUT
        try:
            with self._session.get(
                url, headers=self._headers, timeout=left, stream=True, allow_redirects=False
            ) as response:
                if reason := reason_of_status(response.status_code):
                    return reason
                return _resource(self._body(response, counted=counted))
        except FhirUnavailable as problem:
            return problem.reason
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return self._reason(error)
        except (HTTPException, OSError, ValueError):  # ValueError: a token no header can carry
            return self._reason(None)

    def _body(self, response: requests.Response, *, counted: bool) -> bytes:
        chunks: list[bytes] = []
        size, whole = 0, False
        try:
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                size += len(chunk)
                within = not counted or self._charge(len(chunk))
                if not within or size > self._most_of_one:
                    raise FhirUnavailable(Reason.TOO_LARGE)
                if time.monotonic() > self.deadline:
                    raise FhirUnavailable(Reason.TIME_OUT)
                chunks.append(chunk)
            whole = True
        finally:
            if counted and not whole:
                self._charge(-size)
        return b"".join(chunks)

    def _charge(self, size: int) -> bool:
        """Say whether there are as many bytes left; they are taken in any case."""
        with self._lock:
            self._bytes_left -= size
            return self._bytes_left >= 0

    def _reason(self, error: Exception | None) -> Reason:
        timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError)
        if isinstance(error, timeouts) or time.monotonic() >= self.deadline:
            return Reason.TIME_OUT
        broken = isinstance(error, urllib3.exceptions.HTTPError)
        return Reason.CUT_SHORT if broken else Reason.UNREACHABLE


def _resource(body: bytes) -> Json:
    try:
        value = _DECODER.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, ArithmeticError, RecursionError):
        raise FhirUnavailable(Reason.NOT_FHIR) from None
    if not isinstance(value, dict) or not string(value.get("resourceType")):
        raise FhirUnavailable(Reason.NOT_FHIR)
    return value
