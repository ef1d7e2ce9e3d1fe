"""Health of the service for whoever operates it, and a page for whoever finds it.

``/livez`` says that the process answers. ``/readyz`` says whether calls should come here: 503
while it is ``unready`` (draining, or without content), 200 otherwise. ``degraded`` is 200: advice
still flows, and without this service an order would look as if there were nothing to say.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from cds_service import __version__
from cds_service.hooks.json_body import encode
from cds_service.web.drain import Drain
from cds_service.web.pages.page import Link

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Imaging-order advisor</title>
<h1>Imaging-order advisor {version}</h1>
<p>A CDS Hooks service that advises on imaging orders. Content version {content_version}.</p>
<ul>
{pages}<li><a href="cds-services">CDS services</a> (discovery)</li>
<li><a href="readyz">Readiness</a></li>
<li><a href="https://cds-hooks.hl7.org/">The CDS Hooks standard</a></li>
</ul>
"""


class Readiness(StrEnum):
    """How well the service, or a part of it, can do its work; worst last."""

    READY = "ready"
    DEGRADED = "degraded"
    UNREADY = "unready"

    @property
    def figure(self) -> float:
        """Return 1 for ready, 0.5 for degraded and 0 for unready."""
        return {"ready": 1.0, "degraded": 0.5, "unready": 0.0}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: how well, and why in plain words without any patient's data."""

    readiness: Readiness
    detail: str = ""


Check = Callable[[], Finding]
"""Looks at one part of the service; it neither blocks nor asks a network."""


class Health:
    """The named checks of the service, taken together: the worst decides.

    `content_version` is that of the content in use now. `workers`, where there are several, tells
    the state and the content version of each.
    """

    def __init__(self, content_version: str, drain: Drain | None = None) -> None:
        self.content_version = content_version
        self.workers: Callable[[], list[dict[str, str]]] | None = None
        self._checks: dict[str, Check] = {"content": self._content}
        if drain is not None:
            self._checks["drain"] = _drain_check(drain)

    def add(self, name: str, check: Check) -> None:
        """Let `check` have its say under `name`."""
        self._checks[name] = check

    def look(self) -> tuple[Readiness, dict[str, Finding]]:
        """Return how ready the service is, and what each check found."""
        found = {name: _result(check) for name, check in self._checks.items()}
        worst = max((finding.readiness for finding in found.values()), key=list(Readiness).index)
        return worst, found

    def figure(self) -> float:
        """Return the readiness as a number for the metrics."""
        return self.look()[0].figure

    def _content(self) -> Finding:
        if self.content_version:
            return Finding(Readiness.READY)
        return Finding(Readiness.UNREADY, "no content")


def journal_check(reachable: Callable[[], bool], spooling: Callable[[], bool]) -> Check:
    """Return the check of a journal: an outage degrades the service and never stops the advice."""

    def check() -> Finding:
        if reachable():
            return Finding(Readiness.READY)
        if spooling():
            return Finding(Readiness.DEGRADED, "the journal cannot be reached; records are spooled")
        return Finding(Readiness.DEGRADED, "the journal cannot be reached; records are lost")

    return check


def blueprint(health: Health, pages: Iterable[Link] = ()) -> Blueprint:
    """Return the routes ``/livez``, ``/readyz`` and ``/``, all outside ``/cds-services``.

    ``/`` leads to `pages`, those for people that are on.
    """
    linked = "".join(
        f'<li><a href="{escape(page.href)}">{escape(page.text)}</a></li>\n' for page in pages
    )
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return _uncached(encode({"status": "alive"}), "application/json")

    @routes.get("/readyz")
    def readyz() -> Response:
        readiness, found = health.look()
        body: dict[str, Any] = {
            "status": readiness.value,
            "checks": {name: _shown(finding) for name, finding in found.items()},
            "version": __version__,
            "content_version": health.content_version,
        }
        if health.workers is not None:
            body["workers"] = health.workers()
        response = _uncached(encode(body), "application/json")
        if readiness is Readiness.UNREADY:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return response

    @routes.get("/")
    def about() -> Response:
        version, content_version = escape(__version__), escape(health.content_version)
        page = _PAGE.format(version=version, content_version=content_version, pages=linked)
        response = _uncached(page.encode(), "text/html")
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response

    return routes


def _drain_check(drain: Drain) -> Check:
    def check() -> Finding:
        if drain.draining:
            return Finding(Readiness.UNREADY, "the service is about to end")
        return Finding(Readiness.READY)

    return check


def _result(check: Check) -> Finding:
    try:
        return check()
    except Exception:  # noqa: BLE001, RUF100 - whatever it is, its message is not for everybody
        return Finding(Readiness.DEGRADED, "the check itself failed")


def _shown(finding: Finding) -> dict[str, str]:
    shown = {"status": finding.readiness.value}
    return {**shown, "detail": finding.detail} if finding.detail else shown


def _uncached(body: bytes, mimetype: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.cache_control.no_store = True
    return response
