"""One log line for every call: what was asked and how it went, nothing of the patient."""

import re
import time
from typing import Any

from flask import Flask, Response, g, request

from cds_service.log import logger

_log = logger(__name__)
_PATTERN = re.compile("<[^<>]*:")
_QUIET = frozenset({"/livez", "/readyz"})


def register(app: Flask) -> None:
    """Log each call of `app`; calls of the health paths only at level DEBUG."""
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
        facts["latency_ms"] = round((time.perf_counter() - started) * 1000, 1)
    getattr(_log, level)("call answered", **facts)
    return response
