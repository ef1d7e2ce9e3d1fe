"""One log line and one count for every call: what was asked and how it went, no patient data."""

import re
import time
from contextvars import ContextVar
from typing import Any

from flask import Flask, Response, request

from cds_service.log import logger
from cds_service.web import scrape
from cds_service.web.metrics import Metrics

_log = logger(__name__)
_PATTERN = re.compile("<[^<>]*:")
_QUIET = frozenset({"/livez", "/metrics", "/readyz"})
_STARTED = "started"
_facts: ContextVar[dict[str, Any]] = ContextVar("facts")


def register(app: Flask) -> None:
    """Log each call of `app`; calls of the health paths only at level DEBUG.

    Calls of the services are counted too, where the app has the extension ``metrics``.
    """
    app.before_request(begin)
    app.after_request(_write)


def begin() -> None:
    """Begin the log line of a call that has just come."""
    _facts.set({_STARTED: time.perf_counter()})


def note(**facts: Any) -> None:
    """Add `facts` to the log line of the current call."""
    if (known := _facts.get(None)) is not None:
        known.update(facts)


def noted() -> dict[str, Any]:
    """Return what was noted of the current call so far."""
    return {name: value for name, value in _facts.get({}).items() if name != _STARTED}


def write(
    method: str, template: str, status: int, figures: Metrics | None, *, quiet: bool = False
) -> None:
    """Write the log line of the current call, and count it in `figures` if a service was called.

    `template` is the address without what a client may choose in it.
    """
    known = _facts.get({})
    facts = {"method": method, "path_template": template, "status": status, **known}
    if (started := facts.pop(_STARTED, None)) is not None:
        seconds = time.perf_counter() - started
        facts["latency_ms"] = round(seconds * 1000, 1)
        if figures is not None and (service := facts.get("service")):
            figures.observe_call(service, facts.get("hook", ""), status, seconds)
    (_log.debug if quiet else _log.info)("call answered", **facts)


def _write(response: Response) -> Response:
    rule = request.url_rule
    write(
        request.method,
        _PATTERN.sub("<", rule.rule) if rule else "",
        response.status_code,
        scrape.current(),
        quiet=request.path in _QUIET,
    )
    return response
