"""The route ``/metrics``, at which Prometheus scrapes the figures of the app."""

from flask import Blueprint, Response, current_app, request
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cds_service.hooks.errors import RequestRefused
from cds_service.web.caller import from_this_machine
from cds_service.web.metrics import Metrics

EXTENSION = "metrics"
"""Name of the app's extension that holds its `Metrics`."""


def blueprint(*, public: bool = False) -> Blueprint:
    """Return the route ``/metrics`` for the app's extension ``metrics``.

    Unless `public`, only programs on this machine are answered, and no request that a gateway on
    this machine passed on for somebody else.
    """
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        if not public and not from_this_machine(request):
            raise RequestRefused(
                403,
                "forbidden",
                "The metrics are for programs on the machine of the service;"
                " CDS_METRICS_PUBLIC opens them to others.",
            )
        figures: Metrics = current_app.extensions[EXTENSION]
        response = Response(figures.text(), content_type=CONTENT_TYPE_LATEST)
        response.cache_control.no_store = True
        return response

    return routes


def current() -> Metrics | None:
    """Return the figures of the current app, or None if it keeps none."""
    found: Metrics | None = current_app.extensions.get(EXTENSION)
    return found
