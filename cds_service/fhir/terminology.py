"""Asking a terminology server which codes a value set holds: FHIR R4 ``ValueSet/$expand``.

For the command line only: the service never asks a terminology server. Nothing follows a
redirect, every answer has a deadline and a size, and an answer that is not whole is an error,
because codes missing from an expansion would be missed on every patient.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import requests
import urllib3

from cds_service.direct_session import DirectSession
from cds_service.fhir.codes import SYSTEM_URIS, system_name
from cds_service.fhir.read import Json, child, objects, string
from cds_service.fhir.refusals import Problem, TerminologyUnavailable, problem_of
from cds_service.origins import LOOPBACK, origin_allowed, origin_of

_CHUNK = 65536
_FHIR = "application/fhir+json"
_INCOMPLETE = ("/valueset-toocostly", "/valueset-unclosed")
"""Extensions by which a server says that an expansion is not whole (FHIR R4, ValueSet)."""


class Filter(NamedTuple):
    """A condition on the codes of a system, such as ``concept is-a 73211009``."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """The display of every code the server named, and the versions of systems it used."""

    displays: dict[str, str] = field(default_factory=dict)
    versions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds and bytes of one answer, codes asked for in a page, codes of one expansion."""

    seconds: float = 60.0
    answer_bytes: int = 64 * 1024 * 1024
    page: int = 1000
    codes: int = 500_000


class TerminologyServer:
    """A FHIR R4 terminology server at a base URL, asked with an optional bearer token.

    `ca_file` names the certificate authorities of a server that public ones do not vouch for.

    Raises:
        TerminologyUnavailable: the address is neither https nor on this machine, or is none.
    """

    def __init__(
        self, base: str, token: str = "", ca_file: Path | None = None, bounds: Bounds | None = None
    ) -> None:
        origin = origin_of(base)
        usable = origin.startswith("https://") or origin_allowed(base, LOOPBACK)
        if not usable or "?" in base or "#" in base:
            raise TerminologyUnavailable(Problem.BAD_ADDRESS)
        self.base = base.rstrip("/")
        self._bounds = bounds or Bounds()
        self._session = DirectSession()
        if ca_file is not None:
            self._session.verify = str(ca_file)
        self._session.headers.update({"Accept": _FHIR, "Content-Type": _FHIR})
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def expand(
        self, system: str, include: Iterable[Filter], exclude: Iterable[Filter] = ()
    ) -> Expansion:
        """Return all codes of `system` that meet one filter of `include` and none of `exclude`.

        Inactive codes are among them, since charts keep old codes; abstract ones are not, since
        no record carries them.

        Raises:
            TerminologyUnavailable: they could not all be had; the error says why.
        """
        wanted, unwanted = list(include), list(exclude)
        resource = value_set(system, wanted, unwanted)
        values = [each.value for each in (*wanted, *unwanted)]
        known: dict[str, _Entry] = {}
        versions: set[str] = set()
        offset = 0
        while True:
            answer = self._page(resource, offset, values)
            expansion = child(answer, "expansion")
            _refuse_partial(answer, expansion)
            versions.update(_versions(expansion, system))
            entries = list(_entries(expansion, system))
            before = len(known)
            known.update((each.code, each) for each in entries)
            offset += len(entries)
            if len(known) > self._bounds.codes:
                raise TerminologyUnavailable(Problem.TOO_LARGE)
            if self._whole(expansion.get("total"), len(entries), len(known), len(known) - before):
                break
        if len(versions) > 1:
            raise TerminologyUnavailable(Problem.INCOMPLETE, "the release changed between pages")
        displays = {code: each.display for code, each in known.items() if each.usable}
        return Expansion(displays, frozenset(versions))

    def _whole(self, total: Any, sent: int, known: int, fresh: int) -> bool:
        """Say whether `known` codes are all, after a page of `sent` codes of which `fresh` are new.

        Servers may leave out the total, and may ignore the page that was asked for.

        Raises:
            TerminologyUnavailable: they are not all, and asking on would bring no more.
        """
        if type(total) is int:
            whole = known >= total
        elif sent > self._bounds.page:  # the count was ignored: this is everything
            whole = True
        else:  # an empty page ends it, and so does the same short page again
            whole = not fresh and sent != self._bounds.page
        if not whole and not fresh:
            raise TerminologyUnavailable(Problem.INCOMPLETE, f"{known} codes, then no more")
        return whole

    def _page(self, resource: Json, offset: int, values: list[str]) -> Json:
        parameters = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "valueSet", "resource": resource},
                {"name": "offset", "valueInteger": offset},
                {"name": "count", "valueInteger": self._bounds.page},
                {"name": "activeOnly", "valueBoolean": False},
                {"name": "includeDesignations", "valueBoolean": False},
                {"name": "excludeNested", "valueBoolean": True},
            ],
        }
        status, body = self._post(f"{self.base}/ValueSet/$expand", msgspec.json.encode(parameters))
        answer = _resource(body)
        if status == requests.codes.ok and string(answer.get("resourceType")) == "ValueSet":
            return answer
        raise problem_of(status, answer, SYSTEM_URIS.values(), values)

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer; errors carry no address and no token."""
        deadline = time.monotonic() + self._bounds.seconds
        try:
            with self._session.post(
                url, data=body, timeout=self._bounds.seconds, stream=True, allow_redirects=False
            ) as response:
                if response.is_redirect or response.is_permanent_redirect:
                    raise TerminologyUnavailable(Problem.REDIRECTED)
                return response.status_code, self._body(response, deadline)
        except requests.exceptions.SSLError:
            raise TerminologyUnavailable(Problem.NOT_TRUSTED) from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise TerminologyUnavailable(Problem.TIME_OUT) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException):
            raise TerminologyUnavailable(Problem.UNREACHABLE) from None
        except (OSError, ValueError):  # ValueError: a token that no header can carry
            raise TerminologyUnavailable(Problem.UNREACHABLE) from None

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        chunks, size = [], 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._bounds.answer_bytes:
                raise TerminologyUnavailable(Problem.TOO_LARGE)
            if time.monotonic() > deadline:
                raise TerminologyUnavailable(Problem.TIME_OUT)
            chunks.append(chunk)
        return b"".join(chunks)


def value_set(system: str, include: Iterable[Filter], exclude: Iterable[Filter] = ()) -> Json:
    """Return a FHIR R4 ValueSet of the codes of `system` under any of `include`, less `exclude`."""
    uri = SYSTEM_URIS[system]

    def parts(filters: Iterable[Filter]) -> list[Json]:
        return [{"system": uri, "filter": [each._asdict()]} for each in filters]

    compose = {"include": parts(include)}
    if left_out := parts(exclude):
        compose["exclude"] = left_out
    return {"resourceType": "ValueSet", "status": "active", "compose": compose}


class _Entry(NamedTuple):
    code: str
    display: str
    usable: bool


def _entries(expansion: Json, system: str) -> Iterator[_Entry]:
    """Yield every code in `expansion`, nested ones too; headings without a code are none."""
    for item in objects(expansion.get("contains")):
        if code := string(item.get("code")):
            if system_name(string(item.get("system"))) != system:
                raise TerminologyUnavailable(Problem.NOT_FHIR, "codes of a system not asked for")
            yield _Entry(code, string(item.get("display")), item.get("abstract") is not True)
        yield from _entries(item, system)


def _refuse_partial(answer: Json, expansion: Json) -> None:
    if not expansion:
        raise TerminologyUnavailable(Problem.NOT_FHIR, "a ValueSet without an expansion")
    for extension in (*objects(answer.get("extension")), *objects(expansion.get("extension"))):
        marked = string(extension.get("url")).endswith(_INCOMPLETE)
        if marked and extension.get("valueBoolean") is not False:
            raise TerminologyUnavailable(Problem.TOO_COSTLY)


def _versions(expansion: Json, system: str) -> Iterator[str]:
    """Yield the versions of `system` that the expansion's parameters name."""
    for parameter in objects(expansion.get("parameter")):
        if string(parameter.get("name")) in ("version", "used-codesystem"):
            said = string(parameter.get("valueUri")) or string(parameter.get("valueString"))
            uri, _, version = (said or string(parameter.get("valueCanonical"))).partition("|")
            if version and system_name(uri) == system:
                yield version


def _resource(body: bytes) -> Json:
    try:
        value: Any = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
