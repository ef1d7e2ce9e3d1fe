"""Discovery: which CDS services there are and what each wants prefetched."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Request, Response, current_app, request

from cds_service.hooks.draft_orders import ORDER_SELECT, ORDER_SIGN
from cds_service.hooks.response import Service, discovery_body

if TYPE_CHECKING:
    from cds_service.advisor import Advisor

_USAGE_REQUIREMENTS = (
    "Works from prefetch alone, or with fhirServer and fhirAuthorization, or with both."
    " What is in neither cannot be taken into account: the cards then say what was missing."
)

# Two ids, because some clients know a service by its URL only.
SERVICES = (
    Service(
        id="imaging-order-select",
        hook=ORDER_SELECT,
        title="Imaging order advisor, while orders are chosen",
        description=(
            "Checks the imaging orders just selected against the patient's record: safety,"
            " a more appropriate study, contrast, urgency. Silent when there is nothing to add."
        ),
        usage_requirements=_USAGE_REQUIREMENTS,
    ),
    Service(
        id="imaging-order-sign",
        hook=ORDER_SIGN,
        title="Imaging order advisor, before orders are signed",
        description=(
            "Checks all imaging orders about to be signed against the patient's record: safety,"
            " a more appropriate study, contrast, urgency. Silent when there is nothing to add."
        ),
        usage_requirements=_USAGE_REQUIREMENTS,
    ),
)
"""The services; a site types their ids and URLs into its EHR, so they do not change."""


def blueprint(authenticate: Callable[[Request], object]) -> Blueprint:
    """Return the routes of discovery, with one prefetch for all services.

    What it answers is that of the app's extension ``advisor`` of the moment. The entity tag changes
    with the answer and with the content version, so that a client can see that it should read the
    services again. CDS Hooks 2.0.1, Discovery.
    """
    routes = Blueprint("discovery", __name__)

    @routes.get("/cds-services")
    @routes.get("/cds-services/")
    def services() -> Response:
        authenticate(request)
        advisor: Advisor = current_app.extensions["advisor"]
        body = discovery_body(SERVICES, advisor.prefetch_templates)
        tag = hashlib.sha256(advisor.content_version.encode() + b"\n" + body).hexdigest()[:32]
        response = Response(body, mimetype="application/json")
        response.set_etag(tag)
        response.cache_control.no_cache = True
        response.make_conditional(request)
        return response

    return routes
