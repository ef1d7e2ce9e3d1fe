"""The addresses of the CDS services in the web framework: feedback, and what is no call."""

from typing import TYPE_CHECKING, NoReturn

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.feedback import read_feedback
from cds_service.hooks.json_body import decode
from cds_service.journal.errors import JournalUnavailable
from cds_service.web.body import body_of
from cds_service.web.call_log import note
from cds_service.web.discovery import SERVICES
from cds_service.web.metrics import FEEDBACK

if TYPE_CHECKING:
    from cds_service.settings import Settings
    from cds_service.web.operations import Operations

# Only these ids are addresses, so that any other is 404 whatever the method.
_ID = f"<any({', '.join(repr(service.id) for service in SERVICES)}):service_id>"


def blueprint(settings: "Settings", operations: "Operations") -> Blueprint:
    """Return the routes of the services; calls themselves are answered by `ServiceCalls`.

    CDS Hooks 2.0.1, Feedback.
    """
    routes = Blueprint("services", __name__)

    @routes.post(f"/cds-services/{_ID}")
    @routes.post(f"/cds-services//{_ID}")
    def call(service_id: str) -> NoReturn:
        """Make the address known, so that other methods are answered with 405 and OPTIONS work."""
        raise NotFound(service_id)

    @routes.post(f"/cds-services/{_ID}/feedback")
    @routes.post(f"/cds-services//{_ID}/feedback")
    def feedback(service_id: str) -> Response:
        note(service=service_id, hook=FEEDBACK)
        client = operations.authenticate(request)
        with operations.gate.uploading():
            sent = body_of(request, settings.max_body_bytes)
        with operations.gate.computing():
            batch = read_feedback(decode(sent, settings))
        if operations.journal is None:
            raise RequestRefused(
                404, "not-supported", "This service keeps no journal, so it takes no feedback."
            )
        try:
            operations.journal.feedback(batch.items, client.id)
        except JournalUnavailable as problem:
            raise RequestRefused(
                503,
                "transient",
                "The feedback was not stored: the journal cannot be reached. Try again.",
                retry_after=problem.retry_after,
            ) from None
        note(feedback=len(batch.items), remarks=list(batch.remarks))
        if batch.refusal is not None:
            raise batch.refusal
        return Response(status=200)

    return routes
