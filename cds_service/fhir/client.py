"""Reading from the client's FHIR server: read-only, one deadline, one byte budget, one base.

A timeout of ``requests`` bounds one read of a socket, not a call: a server that drips a byte now
and then keeps a call alive for ever. Here every chunk is checked against one deadline for all
reads of a call. Nothing follows a redirect or a link out of the server's base, and no error
carries an address, a token or an identifier.
"""

import re
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import unquote, urljoin

import msgspec
import requests
import urllib3

from cds_service.fhir.read import Json, objects, string
from cds_service.settings import Settings, origin_of
from cds_service.settings import origin_allowed as origin_listed

_ACCEPT = "application/fhir+json, application/json;q=0.9"
_CHUNK = 65536
_LOOPBACK = tuple(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("127.0.0.1", "localhost", "[::1]")
)
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Reason(StrEnum):
    """Why data could not be had from the FHIR server, in plain words fit for a card."""

    TIME_OUT = "the FHIR server did not answer in time"
    UNREACHABLE = "the FHIR server could not be reached"
    CUT_SHORT = "the answer of the FHIR server broke off"
    UNAUTHORIZED = "the FHIR server answered 401 (not authorised)"
    FORBIDDEN = "the FHIR server answered 403 (not permitted)"
    NOT_FOUND = "the FHIR server answered 404 (not found)"
    BUSY = "the FHIR server answered 429 (too many requests)"
    REJECTED = "the FHIR server rejected the request"
    SERVER_ERROR = "the FHIR server answered with a server error"
    REDIRECTED = "the FHIR server redirected elsewhere, which is not followed"
    LINK_REFUSED = "a link to a further page led elsewhere and was not followed"
    NOT_ALLOWED = "the FHIR server is not one that this service may ask"
    NOT_ASKABLE = "the request cannot be written as a FHIR address"
    NOT_FHIR = "the answer of the FHIR server was not FHIR JSON"
    TOO_LARGE = "the FHIR server sent more data than this service reads"
    TOO_MANY_PAGES = "the FHIR server has more pages than this service reads"


_BY_STATUS = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.BUSY,
}


class FhirUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """The FHIR server did not give what was asked for; `reason` says why, without patient data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Found:
    """All pages of a search read as one Bundle, and why there are no more if some are missing."""

    bundle: Json
    missing: Reason | None = None


def origin_allowed(url: str, settings: Settings) -> bool:
    """Return whether `url` may be asked: scheme, host and port are those of an allowed origin.

    Without allowed origins in the settings, loopback addresses on any port are allowed. A URL
    with a user name, blanks, a backslash or letters outside ASCII is never allowed.
    """
    return origin_listed(url, settings.fhir_servers or _LOOPBACK)


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


class ReadOnlySession(requests.Session):
    """A session that takes nothing from the environment, keeps no cookies and never redirects."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing: to prepare a redirect, requests would read its body without a limit."""


class FhirClient:
    """Reads resources of one FHIR server until the deadline that starts with its making.

    Threads may share it. `settings` gives the deadline in seconds, the bytes all answers together
    may have once unpacked, and the pages one search may have. `session` is closed with the client.

    Raises:
        FhirUnavailable: `base_url` is not an address this service may ask.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        settings: Settings,
        session: requests.Session | None = None,
    ) -> None:
        self._base = base_url.strip().rstrip("/")
        if not origin_allowed(self._base, settings) or "?" in self._base or _climbs(self._base):
            raise FhirUnavailable(Reason.NOT_ALLOWED)
        self.deadline = time.monotonic() + settings.fhir_deadline
        self._headers = {"Accept": _ACCEPT}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._max_pages = settings.fhir_max_pages
        self._bytes_left = settings.fhir_max_bytes
        self._lock = threading.Lock()
        self._session = session or ReadOnlySession()

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
        url = f"{self._base}/{path}"
        if not self._is_inside(url):
            raise FhirUnavailable(Reason.NOT_ASKABLE)
        return self._get(url)

    def search(self, query: str) -> Found:
        """Return what the search ``Type?parameters`` finds, all its pages as one Bundle.

        Raises:
            FhirUnavailable: not even the first page could be had.
        """
        return self.follow(self.read(query))

    def follow(self, bundle: Json) -> Found:
        """Return `bundle` with the entries of all pages after it (FHIR R4 search, paging)."""
        pages, seen = [bundle], {""}
        missing: Reason | None = None
        while missing is None and (link := next_link(pages[-1])) is not None:
            try:
                if len(pages) >= self._max_pages:
                    raise FhirUnavailable(Reason.TOO_MANY_PAGES)
                url = urljoin(f"{self._base}/", link) if link else ""
                if url in seen or not self._is_inside(url):
                    raise FhirUnavailable(Reason.LINK_REFUSED)
                seen.add(url)
                page = self._get(url)
                if page["resourceType"] != "Bundle":
                    raise FhirUnavailable(Reason.NOT_FHIR)
                pages.append(page)
            except ValueError:  # an address urljoin cannot read
                missing = Reason.LINK_REFUSED
            except FhirUnavailable as problem:
                missing = problem.reason
        if len(pages) == 1:
            return Found(bundle, missing)
        entry = [item for page in pages for item in listed(page.get("entry"))]
        return Found({**bundle, "entry": entry, "link": pages[-1].get("link")}, missing)

    def _is_inside(self, url: str) -> bool:
        """Whether `url` lies under the base of this server, whose origin is allowed."""
        path = url.partition("?")[0]
        inside = path == self._base or path.startswith(f"{self._base}/")
        return inside and origin_of(url) == origin_of(self._base) and not _climbs(path)

    def _get(self, url: str) -> Json:
        answer = self._fetch(url)
        if isinstance(answer, Reason):
            raise FhirUnavailable(answer)
        return answer

    def _fetch(self, url: str) -> Json | Reason:
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
                _refuse_status(response.status_code)
                return _resource(self._body(response))
        except FhirUnavailable as problem:
            return problem.reason
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return self._reason(error)
        except (HTTPException, OSError, ValueError):  # ValueError: a token no header can carry
            return self._reason(None)

    def _body(self, response: requests.Response) -> bytes:
        chunks = []
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            with self._lock:
                self._bytes_left -= len(chunk)
                if self._bytes_left < 0:
                    raise FhirUnavailable(Reason.TOO_LARGE)
            if time.monotonic() > self.deadline:
                raise FhirUnavailable(Reason.TIME_OUT)
            chunks.append(chunk)
        return b"".join(chunks)

    def _reason(self, error: Exception | None) -> Reason:
        timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError)
        if isinstance(error, timeouts) or time.monotonic() >= self.deadline:
            return Reason.TIME_OUT
        broken = isinstance(error, urllib3.exceptions.HTTPError)
        return Reason.CUT_SHORT if broken else Reason.UNREACHABLE


def _climbs(path: str) -> bool:
    """Whether a path has dot segments, which would lead out of the base."""
    return not {".", ".."}.isdisjoint(re.split(r"[/\\;]", unquote(path)))


def _refuse_status(status: int) -> None:
    if status == requests.codes.ok:
        return
    if status in _BY_STATUS:
        raise FhirUnavailable(_BY_STATUS[status])
    by_hundred = {3: Reason.REDIRECTED, 4: Reason.REJECTED, 5: Reason.SERVER_ERROR}
    raise FhirUnavailable(by_hundred.get(status // 100, Reason.NOT_FHIR))


def _resource(body: bytes) -> Json:
    try:
        value = _DECODER.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, ArithmeticError, RecursionError):
        raise FhirUnavailable(Reason.NOT_FHIR) from None
    if not isinstance(value, dict) or not string(value.get("resourceType")):
        raise FhirUnavailable(Reason.NOT_FHIR)
    return value
