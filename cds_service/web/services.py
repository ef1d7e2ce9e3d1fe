"""Calls of the CDS services."""

import re
import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, after_this_request, current_app, request

from cds_service.fhir.read import child, string
from cds_service.hooks.dialects import shape
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.feedback import read_feedback
from cds_service.hooks.json_body import decode, encode
from cds_service.hooks.request import HookRequest, read_request
from cds_service.journal.errors import JournalUnavailable
from cds_service.log import logger
from cds_service.tracing import span
from cds_service.web.body import read_body
from cds_service.web.call_log import note
from cds_service.web.discovery import SERVICES
from cds_service.web.recording import event

if TYPE_CHECKING:
    from cds_service.advisor import Advisor, Consultation
    from cds_service.clients.model import Client, OrderCode
    from cds_service.journal.journal import Journal
    from cds_service.settings import Settings
    from cds_service.web.operations import Operations

# Each service answers either hook: clients post both to the address of one.
_HOOKS = frozenset(service.hook for service in SERVICES)
# Only these ids are addresses, so that any other is 404 whatever the method.
_ID = f"<any({', '.join(repr(service.id) for service in SERVICES)}):service_id>"
_MEDIA_TYPES = frozenset({"", "application/json", "application/fhir+json", "application/json+fhir"})
_log = logger(__name__)
_LOGGABLE = re.compile(r"[A-Za-z0-9-]{1,64}")


def blueprint(settings: "Settings", operations: "Operations") -> Blueprint:
    """Return the routes of the services; the advisor is the app's extension ``advisor``.

    A doubled slash before the id comes from clients that were given the discovery address with
    a slash at its end. CDS Hooks 2.0.1, Calling a CDS Service; Feedback.
    """
    routes = Blueprint("services", __name__)

    @routes.post(f"/cds-services/{_ID}")
    @routes.post(f"/cds-services//{_ID}")
    def call(service_id: str) -> Response:
        started = time.perf_counter()
        note(service=service_id)
        client = operations.authenticate(request)
        with operations.gate.uploading():
            sent = _body(settings.max_body_bytes)
        with operations.gate.computing():
            advisor: Advisor = current_app.extensions["advisor"]
            hook_request = read_request(decode(sent, settings), _HOOKS)
            _note_request(hook_request)
            with span("request", hook=hook_request.hook, service=service_id):
                consulted = advisor.consult(hook_request, client)
                codes = {
                    name: [_coding(c) for c in own] for name, own in client.order_codes.items()
                }
                body = shape(consulted.cards, consulted.system_actions, client.dialect, codes)
            _note_cards(consulted.cards, operations)
            seconds = time.perf_counter() - started
            version = advisor.content_version
            about = (hook_request, consulted, body, client, service_id, version, seconds)
            _record(operations.journal, *about)
            response = Response(encode(body), mimetype="application/json")
        response.cache_control.no_store = True
        return response

    @routes.post(f"/cds-services/{_ID}/feedback")
    @routes.post(f"/cds-services//{_ID}/feedback")
    def feedback(service_id: str) -> Response:
        note(service=service_id)
        client = operations.authenticate(request)
        with operations.gate.uploading():
            sent = _body(settings.max_body_bytes)
        with operations.gate.computing():
            batch = read_feedback(decode(sent, settings))
        if operations.journal is None:
            raise RequestRefused(
                404, "not-supported", "This service keeps no journal, so it takes no feedback."
            )
        try:
            operations.journal.feedback(batch.items, client.id)
        except JournalUnavailable as problem:
            raise _try_again(problem.retry_after) from None
        note(feedback=len(batch.items), remarks=list(batch.remarks))
        if batch.refusal is not None:
            raise batch.refusal
        return Response(status=200)

    return routes


def _record(
    journal: "Journal | None",
    call: HookRequest,
    consulted: "Consultation",
    body: dict[str, Any],
    client: "Client",
    service: str,
    version: str,
    seconds: float,
) -> None:
    """Tell the journal of an answered call; a fault in that never costs the advice."""
    if journal is None or not consulted.assessments:
        return
    try:
        journal.record(event(call, consulted, body, client, service, version, seconds, journal.key))
    except Exception as fault:
        _log.error("a call was not recorded", exception_type=type(fault).__name__)


def _try_again(seconds: int) -> RequestRefused:
    """Return the refusal of feedback that could not be stored: the client has to send it again."""

    @after_this_request
    def with_retry_after(response: Response) -> Response:
        response.headers["Retry-After"] = str(seconds)
        return response

    return RequestRefused(
        503, "transient", "The feedback was not stored: the journal cannot be reached. Try again."
    )


def _coding(code: "OrderCode") -> dict[str, str]:
    coding = {"system": code.system, "code": code.code, "display": code.display}
    return {name: value for name, value in coding.items() if value}


def _note_cards(cards: list[dict[str, Any]], operations: "Operations") -> None:
    codes = [_card_code(card) for card in cards]
    note(cards=len(cards), rules=codes)
    for card, code in zip(cards, codes, strict=True):
        operations.metrics.card(code, string(card.get("indicator")))


def _body(limit: int) -> bytes:
    if request.mimetype not in _MEDIA_TYPES:
        raise RequestRefused(415, "not-supported", "Send the request as application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "not-supported", "Send the request without Content-Encoding.")
    return read_body(request.environ, limit)


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
