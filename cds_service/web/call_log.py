"""One log line and one count for every call: what was asked and how it went, no patient data."""

import re
import time
from typing import Any

from flask import Flask, Response, g, request

from cds_service.log import logger
from cds_service.web import metrics

_log = logger(__name__)
_PATTERN = re.compile("<[^<>]*:")
_QUIET = frozenset({"/livez", "/metrics", "/readyz"})


def register(app: Flask) -> None:
    """Log each call of `app`; calls of the health paths only at level DEBUG.

    Calls of the services are counted too, where the app has the extension ``metrics``.
    """
    app.before_request(_start)
    app.after_request(_write)


def note(**facts: Any) -> None:
    """Add `facts` to the log line of the current call."""
    g.setdefault("call_facts", {}).update(facts)


def _start() -> None:
    g.started = time.perf_counter()


def _write(response: Response) -> Response:
    level = "debug" if request.path in _QUIET else "info"
    facts: dict[str, Any] = {
        "method": request.method,
        "path_template": _PATTERN.sub("<", request.url_rule.rule) if request.url_rule else "",
        "status": response.status_code,
        **g.get("call_facts", {}),
    }
    if error_code := g.get("error_code"):
        facts["error_code"] = error_code
    if started := g.get("started"):
        seconds = time.perf_counter() - started
        facts["latency_ms"] = round(seconds * 1000, 1)
        _count(facts, seconds)
    getattr(_log, level)("call answered", **facts)
    return response


def _count(facts: dict[str, Any], seconds: float) -> None:
    figures = metrics.current()
    if figures is not None and (service := facts.get("service")):
        figures.observe_call(service, facts.get("hook", ""), facts["status"], seconds)
