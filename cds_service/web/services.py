"""Calls of the CDS services."""

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request

from cds_service.fhir.read import child, string
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode
from cds_service.hooks.request import HookRequest, read_request
from cds_service.hooks.response import response_body
from cds_service.web.call_log import note
from cds_service.web.discovery import SERVICES

if TYPE_CHECKING:
    from cds_service.advisor import Advisor
    from cds_service.settings import Settings

# Each service answers either hook: clients post both to the address of one.
_HOOKS = frozenset(service.hook for service in SERVICES)
# Only these ids are addresses, so that any other is 404 whatever the method.
_ID = f"<any({', '.join(repr(service.id) for service in SERVICES)}):service_id>"
_MEDIA_TYPES = frozenset({"", "application/json", "application/fhir+json", "application/json+fhir"})
_LOGGABLE = re.compile(r"[A-Za-z0-9-]{1,64}")


def blueprint(settings: "Settings") -> Blueprint:
    """Return the routes of the services; the advisor is the app's extension ``advisor``.

    A doubled slash before the id comes from clients that were given the discovery address with
    a slash at its end. CDS Hooks 2.0.1, Calling a CDS Service.
    """
    routes = Blueprint("services", __name__)

    @routes.post(f"/cds-services/{_ID}")
    @routes.post(f"/cds-services//{_ID}")
    def call(service_id: str) -> Response:
        note(service=service_id)
        hook_request = read_request(decode(_body(), settings), _HOOKS)
        _note_request(hook_request)
        advisor: Advisor = current_app.extensions["advisor"]
        cards = advisor.answer(hook_request)
        body = response_body(cards)
        note(cards=len(cards), rules=[_card_code(card) for card in cards])
        response = Response(body, mimetype="application/json")
        response.cache_control.no_store = True
        return response

    @routes.post(f"/cds-services/{_ID}/feedback")
    @routes.post(f"/cds-services//{_ID}/feedback")
    def feedback(service_id: str) -> Response:
        note(service=service_id)
        raise RequestRefused(
            404, "not-supported", "Feedback is not collected by this version of the service."
        )

    return routes


def _body() -> bytes:
    if request.mimetype not in _MEDIA_TYPES:
        raise RequestRefused(415, "not-supported", "Send the request as application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "not-supported", "Send the request without Content-Encoding.")
    return request.get_data(cache=False)


def _note_request(call: HookRequest) -> None:
    # A client chooses hookInstance: anything but a plain identifier could hold patient data.
    instance = call.hook_instance if _LOGGABLE.fullmatch(call.hook_instance) else "not loggable"
    note(
        hook=call.hook,
        hook_instance=instance,
        orders=len(call.orders),
        selected=len(call.selected),
        remarks=list(call.remarks),
    )


def _card_code(card: dict[str, Any]) -> str:
    """Return the code of what the card is about, never its text."""
    return string(child(child(card, "source"), "topic").get("code"))
