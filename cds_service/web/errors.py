"""Every error as a FHIR OperationOutcome in JSON, whatever raised it."""

import uuid
from http import HTTPStatus

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_service.hooks.errors import STATUSES, RequestRefused, operation_outcome
from cds_service.hooks.json_body import encode
from cds_service.log import logger
from cds_service.web.call_log import note

_log = logger(__name__)

_ISSUES = {
    404: ("not-found", "There is nothing at this address; /cds-services lists the CDS services."),
    405: ("not-supported", "This address does not take this method; see the Allow header."),
    413: ("too-long", "The request body is too large: send less, or raise CDS_MAX_BODY_BYTES."),
    415: ("not-supported", "The media type of the request is not supported."),
    429: ("throttled", "Too many requests: try again later."),
    500: ("exception", "The service failed to answer."),
    503: ("transient", "The service cannot answer now: try again later."),
}
_ANY_OTHER = ("invalid", "The request could not be understood.")


def register(app: Flask) -> None:
    """Make `app` answer every error with an OperationOutcome (CDS Hooks, HTTP Status Codes)."""
    app.register_error_handler(RequestRefused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, failed)


def refused(error: RequestRefused) -> Response:
    """Return the answer to a request that is refused."""
    response = _answer(error.status, error.issue_code, error.text, error.diagnostics)
    response.headers.extend(error.headers)
    return response


def http_error(error: HTTPException) -> Response:
    """Return the answer to a request that the web framework refuses."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status not in STATUSES:
        status = 400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500
    response = _answer(status, *_ISSUES.get(status, _ANY_OTHER))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def failed(error: Exception) -> Response:
    """Answer 500; the message of `error` is neither shown nor logged, it may hold patient data."""
    correlation_id = str(uuid.uuid4())
    kinds = [type(error).__name__]
    if error.__cause__:
        kinds.append(type(error.__cause__).__name__)
    _log.error(
        "request failed",
        correlation_id=correlation_id,
        exception_type=kinds,
        location=_location(error),
    )
    issue_code, text = _ISSUES[500]
    return _answer(500, issue_code, text, f"Correlation id {correlation_id}")


def _location(error: Exception) -> str:
    """Return module and line where `error` was raised: what can be told without its message."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""


def _answer(status: int, issue_code: str, text: str, diagnostics: str = "") -> Response:
    note(error_code=issue_code)
    body = encode(operation_outcome(issue_code, text, diagnostics))
    return Response(body, status=status, mimetype="application/json")
