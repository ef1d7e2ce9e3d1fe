"""The body of a request: read whole, in one piece, and never more of it than is allowed."""

from typing import IO, TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length

from cds_service.hooks.errors import RequestRefused

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug import Request

_CHUNK = 65536
_MEDIA_TYPES = frozenset({"", "application/json", "application/fhir+json", "application/json+fhir"})


def body_of(request: "Request", limit: int) -> bytes:
    """Return the body of `request`, which has to be JSON of at most `limit` bytes.

    Raises:
        RequestRefused: 415, it is of another media type, or encoded.
        RequestEntityTooLarge: it is larger.
        ClientDisconnected: the client broke off.
    """
    if request.mimetype not in _MEDIA_TYPES:
        raise RequestRefused(415, "not-supported", "Send the request as application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "not-supported", "Send the request without Content-Encoding.")
    return read_body(request.environ, limit)


def read_body(environ: "WSGIEnvironment", limit: int) -> bytes:
    """Return the body of the request in `environ`, of at most `limit` bytes.

    werkzeug's own stream cuts a body in chunks off at its limit instead of refusing it, and copies
    it piece by piece.

    Raises:
        RequestEntityTooLarge: it is larger. As much again is read and dropped first, because a
            client that is still sending does not read the refusal.
        ClientDisconnected: it broke off.
    """
    stream: IO[bytes] = environ["wsgi.input"]
    length = get_content_length(environ)
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    if length is None or length <= limit:
        sent = stream.read(limit + 1 if length is None else length)
        if len(sent) <= limit:
            if length is not None and len(sent) < length:
                raise ClientDisconnected
            return sent
    left = limit
    while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
        left -= len(chunk)
    raise RequestEntityTooLarge
