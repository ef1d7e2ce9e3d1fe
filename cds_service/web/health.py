"""Health of the service for whoever operates it, and a page for whoever finds it."""

from html import escape

from flask import Blueprint, Response

from cds_service import __version__
from cds_service.hooks.json_body import encode

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Imaging-order advisor</title>
<h1>Imaging-order advisor {version}</h1>
<p>A CDS Hooks service that advises on imaging orders. Content version {content_version}.</p>
<ul>
<li><a href="cds-services">CDS services</a> (discovery)</li>
<li><a href="readyz">Readiness</a></li>
<li><a href="https://cds-hooks.hl7.org/">The CDS Hooks standard</a></li>
</ul>
"""


def blueprint(content_version: str) -> Blueprint:
    """Return the routes ``/livez``, ``/readyz`` and ``/``, all outside ``/cds-services``."""
    routes = Blueprint("health", __name__)
    ready = {
        "status": "ready",
        "version": __version__,
        "content_version": content_version,
    }
    page = _PAGE.format(version=escape(__version__), content_version=escape(content_version))

    @routes.get("/livez")
    def livez() -> Response:
        return _uncached(encode({"status": "alive"}), "application/json")

    @routes.get("/readyz")
    def readyz() -> Response:
        return _uncached(encode(ready), "application/json")

    @routes.get("/")
    def about() -> Response:
        response = _uncached(page.encode(), "text/html")
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response

    return routes


def _uncached(body: bytes, mimetype: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.cache_control.no_store = True
    return response
