"""Calls from browser clients of other origins (Fetch standard, CORS protocol)."""

from collections.abc import Callable

from flask import Flask, Response, request

from cds_service.origins import origin_allowed

_PATHS = "/cds-services"
_METHODS = "GET, HEAD, POST, OPTIONS"
# By name: "*" does not cover Authorization.
_HEADERS = "Authorization, Content-Type"
_PREFLIGHT_SECONDS = "600"


def register(app: Flask, origins: Callable[[], tuple[str, ...]]) -> None:
    """Let browser clients from `origins` call `app`; any other origin gets no permission.

    `origins` is asked at each call, because the list of clients can be read anew.

    A preflight carries no credentials and is answered without them. An error carries the headers
    too, or the client could not read what is wrong. CDS Hooks 2.0.1, Cross-Origin Resource
    Sharing.
    """
    app.before_request(_preflight)
    app.after_request(_permission_for(origins))


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or not request.path.startswith(_PATHS):
        return None
    return Response(status=204, headers={"Allow": _METHODS})


def permission(origin: str, origins: Callable[[], tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Return the headers that let a page of `origin` read an answer, if it is one of `origins`."""
    if origin and origin_allowed(origin, origins()):
        return (("Access-Control-Allow-Origin", origin),)
    return ()


def _permission_for(origins: Callable[[], tuple[str, ...]]) -> Callable[[Response], Response]:
    def add_headers(response: Response) -> Response:
        response.vary.add("Origin")
        if not request.path.startswith(_PATHS):
            return response
        permitted = permission(request.headers.get("Origin", ""), origins)
        response.headers.extend(permitted)
        if permitted and request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
            if "Access-Control-Request-Private-Network" in request.headers:
                response.headers["Access-Control-Allow-Private-Network"] = "true"
        return response

    return add_headers
