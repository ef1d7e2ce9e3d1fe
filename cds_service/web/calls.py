"""Calls of the CDS services, answered in front of the web framework.

An order screen waits for this one kind of request, and handling it in the framework costs more
than deciding on an order does. So it is taken out here and goes one straight way; everything else,
feedback, discovery, preflights and wrong methods among it, goes on to the framework. Requests are
read, and errors answered, with the same parts as there.
"""

import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from cds_service.fhir.read import child, string
from cds_service.hooks.dialects import shape
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode_call, encode
from cds_service.hooks.request import HookRequest, read_request
from cds_service.log import logger
from cds_service.tracing import span
from cds_service.web import call_log, cors, errors
from cds_service.web.body import body_of
from cds_service.web.call_log import note
from cds_service.web.discovery import SERVICES
from cds_service.web.recording import event, not_checked

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from cds_service.advisor import Advisor, Consultation
    from cds_service.clients.model import Client, OrderCode
    from cds_service.settings import Settings
    from cds_service.web.operations import Operations

    _About = tuple[HookRequest, Consultation, dict[str, Any], Client, str, str]

# Each service answers either hook: clients post both to the address of one.
_HOOKS = frozenset(service.hook for service in SERVICES)
# A doubled slash comes from clients that were given the discovery address with a slash at its end.
_PATHS = {
    f"/cds-services{slash}{service.id}": service.id for service in SERVICES for slash in ("/", "//")
}
_TEMPLATES = {path: path.removesuffix(name) + "<service_id>" for path, name in _PATHS.items()}
_LOGGABLE = re.compile(r"[A-Za-z0-9-]{1,64}")
_OK = "200 OK"
_JSON = ("Content-Type", "application/json")
_ON_EVERY_ANSWER = (("Vary", "Origin"), ("X-Content-Type-Options", "nosniff"))
_NO_STORE = ("Cache-Control", "no-store")
_log = logger(__name__)


class ServiceCalls:
    """Answers calls of the services, and leaves every other request to `application`.

    `advisor` gives the advisor in force, which a call keeps to its end; `origins` the origins of
    browser clients. CDS Hooks 2.0.1, Calling a CDS Service.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        settings: "Settings",
        operations: "Operations",
        advisor: "Callable[[], Advisor]",
        origins: Callable[[], tuple[str, ...]],
    ) -> None:
        """Keep all of them."""
        self._application = application
        self._settings = settings
        self._operations = operations
        self._advisor = advisor
        self._origins = origins

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path = environ.get("PATH_INFO", "")
        service = _PATHS.get(path) if environ["REQUEST_METHOD"] == "POST" else None
        if service is None:
            return self._application(environ, start_response)
        call_log.begin()
        status, headers, sent = _OK, [_JSON, _NO_STORE], b""
        try:
            # a request that is written into its own environ stays, body and all, for the collector
            sent = self._answer(Request(environ, populate_request=False), service)
        except Exception as problem:
            refusal = _refusal(problem)
            status, sent = f"{refusal.status_code} {_phrase(refusal)}", refusal.get_data()
            headers = [*refusal.headers.items(lower=False)]
            headers = [pair for pair in headers if pair[0] != "Content-Length"]
        headers += _ON_EVERY_ANSWER
        headers += cors.permission(environ.get("HTTP_ORIGIN", ""), self._origins)
        headers.append(("Content-Length", str(len(sent))))
        call_log.write("POST", _TEMPLATES[path], int(status[:3]), self._operations.metrics)
        start_response(status, headers)
        return [sent]

    def _answer(self, request: Request, service: str) -> bytes:
        """Return the cards for a call as JSON.

        Raises:
            RequestRefused: the call cannot be answered with cards.
            HTTPException: its body could not be read.
        """
        started = time.perf_counter()
        note(service=service)
        operations, settings = self._operations, self._settings
        operations.gate.enter()
        try:
            client = operations.authenticate(request)
            with operations.gate.uploading():
                sent = body_of(request, settings.max_body_bytes)
            with operations.gate.computing():
                advisor = self._advisor()
                call = read_request(decode_call(sent, settings), _HOOKS)
                _note_call(call)
                with span("request", hook=call.hook, service=service):
                    consulted = advisor.consult(call, client)
                    body = shape(
                        consulted.cards,
                        consulted.system_actions,
                        client.dialect,
                        _order_codes(client),
                    )
                self._count_cards(consulted.cards)
                if missing := not_checked(consulted):
                    note(missing_sources=missing)
                if consulted.assessments:
                    about = (call, consulted, body, client, service, advisor.content_version)
                    self._record(about, time.perf_counter() - started)
                return encode(body)
        finally:
            operations.gate.leave()

    def _count_cards(self, cards: list[dict[str, Any]]) -> None:
        codes = [_card_code(card) for card in cards]
        note(cards=len(cards), rules=codes)
        for card, code in zip(cards, codes, strict=True):
            self._operations.metrics.card(code, string(card.get("indicator")))

    def _record(self, about: "_About", seconds: float) -> None:
        """Tell the journal of an answered call; a fault in that never costs the advice."""
        journal = self._operations.journal
        if journal is None:
            return
        try:
            journal.record(event(*about, seconds, journal.key))
        except Exception as fault:
            _log.error("a call was not recorded", exception_type=type(fault).__name__)


def _refusal(problem: Exception) -> Response:
    if isinstance(problem, RequestRefused):
        return errors.refused(problem)
    if isinstance(problem, HTTPException):
        return errors.http_error(problem)
    return errors.failed(problem)


def _phrase(response: Response) -> str:
    return HTTPStatus(response.status_code).phrase


def _order_codes(client: "Client") -> dict[str, list[dict[str, str]]]:
    return {name: [_coding(code) for code in own] for name, own in client.order_codes.items()}


def _coding(code: "OrderCode") -> dict[str, str]:
    coding = {"system": code.system, "code": code.code, "display": code.display}
    return {name: value for name, value in coding.items() if value}


def _note_call(call: HookRequest) -> None:
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
