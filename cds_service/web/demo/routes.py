"""The order-entry page ``/demo`` and what it asks for besides the CDS services themselves.

The page calls the services over HTTP as an EHR does. These routes give it only what an EHR has of
its own (charts, a catalogue of orders) and what an integrator wants to see (the trace, lint).
Nothing is kept between calls: an edited chart lives in the page, or in the FHIR server behind it.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from cds_service.advisor import today
from cds_service.fhir.read import Json, string
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode, encode
from cds_service.origins import origin_of
from cds_service.web.demo.catalogue import catalogue, records
from cds_service.web.demo.charts import DemoPatient, demo_patients
from cds_service.web.demo.explanation import explain
from cds_service.web.demo.markdown import tree
from cds_service.web.discovery import SERVICES
from cds_service.web.pages.page import Link, Pages

if TYPE_CHECKING:
    from cds_service.advisor import Advisor
    from cds_service.content.library import Content
    from cds_service.settings import Settings
    from cds_service.web.operations import Operations

LINK = Link("Order entry", "/demo")
"""Where the page is, for the navigation."""

_HOOKS = frozenset(service.hook for service in SERVICES)
_MOST_TEXTS = 100
_LONGEST_TEXT = 50_000
_A_YEAR = 31_536_000


class _OfContent:
    """What the page is given that changes only with the content, and where it is."""

    def __init__(self, content: "Content", patients: Iterable[DemoPatient]) -> None:
        self.version = content.version
        self.kept = {
            "catalogue": encode(catalogue(content, patients)),
            "records": encode(records(content)),
        }
        self.addresses = {
            name: f"/demo/{name}/{hashlib.sha256(body).hexdigest()[:16]}"
            for name, body in self.kept.items()
        }


def blueprint(
    settings: "Settings",
    in_force: "Callable[[], Advisor]",
    operations: "Operations",
    pages: Pages,
) -> Blueprint:
    """Return the routes of the page; each answers only callers that may call the services.

    `in_force` gives the advisor whose content is in force at the moment.
    """
    routes = Blueprint("demo", __name__, url_prefix="/demo")
    patients = demo_patients()
    made: list[_OfContent] = []

    def of_content() -> _OfContent:
        content = in_force().content
        if not made or made[0].version != content.version:
            made[:] = [_OfContent(content, patients.values())]
        return made[0]

    @routes.before_request
    def only_who_may_call() -> None:
        operations.authenticate(request)

    @routes.get("")
    @routes.get("/")
    def page() -> Response:
        groups: dict[str, list[DemoPatient]] = {}
        for patient in patients.values():
            groups.setdefault(patient.group, []).append(patient)
        server = settings.demo_fhir
        return pages.answer(
            "demo.html",
            title="Order entry",
            connect=[origin_of(server)] if server else (),
            text_only=True,
            groups=groups,
            fhir_server=server,
            asked=request.args.get("patient", ""),
            addresses=of_content().addresses,
            content_version=in_force().content_version,
        )

    @routes.get("/<any(catalogue, records):name>/<digest>")
    def unchanging(name: str, digest: str) -> Response:
        found = of_content()
        response = Response(found.kept[name], mimetype="application/json")
        if found.addresses[name].endswith(f"/{digest}"):
            response.cache_control.private = True
            response.cache_control.max_age = _A_YEAR
            response.cache_control.immutable = True
        else:
            response.cache_control.no_cache = True
        return response

    @routes.get("/charts/<patient_id>")
    def chart(patient_id: str) -> Response:
        patient = patients.get(patient_id)
        if patient is None:
            abort(404)
        return _json(
            {
                "id": patient.id,
                "name": patient.name,
                "sentence": patient.sentence,
                "resources": patient.resources(today()),
                "orders": [
                    {
                        "procedure": order.procedure,
                        "reason": order.reason,
                        "priority": order.priority,
                        "text": order.text,
                    }
                    for order in patient.orders
                ],
            }
        )

    @routes.get("/token")
    def token() -> Response:
        return _json({"access_token": settings.demo_fhir_token})

    @routes.post("/explanation")
    def explanation() -> Response:
        client = operations.authenticate(request)
        return _json(explain(_body(settings), _HOOKS, in_force(), client))

    @routes.post("/markdown")
    def markdown() -> Response:
        texts = _body(settings).get("texts")
        if not isinstance(texts, list) or len(texts) > _MOST_TEXTS:
            raise RequestRefused(400, "value", f"Send texts, an array of at most {_MOST_TEXTS}.")
        return _json({"trees": [tree(string(text)[:_LONGEST_TEXT]) for text in texts]})

    return routes


def _json(body: Json) -> Response:
    response = Response(encode(body), mimetype="application/json")
    response.cache_control.no_store = True
    return response


def _body(settings: "Settings") -> dict[str, Any]:
    # A page of another origin cannot send this media type without asking first, and is refused.
    if request.mimetype != "application/json":
        raise RequestRefused(415, "not-supported", "Send the request as application/json.")
    return decode(request.get_data(cache=False), settings)
