"""Who calls: every call is authenticated, and every refusal looks the same.

A caller learns nothing from a refusal, not even whether its issuer is on the list: the reason is
in the log line of the call. CDS Hooks 2.0.1, Trusting CDS Clients; RFC 6750; RFC 8725.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from werkzeug import Request

from cds_service.clients.keys import KeySets
from cds_service.clients.model import ANONYMOUS, LOCAL, Client, ClientRegistry
from cds_service.clients.refusal import Refusal, TokenRefused
from cds_service.clients.replays import Replays, ReplaysUnavailable
from cds_service.clients.token import verify
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import Settings, SettingsError, variable
from cds_service.web.call_log import note
from cds_service.web.caller import from_this_machine

Authenticator = Callable[[Request], Client]

NO_ADDRESS = (
    f"{variable('base_url')} must be set when clients authenticate: their tokens are made"
    " for the address they call, such as https://cds.example"
)
"""What is wrong where clients authenticate and the public address is not known."""

_BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)
_CALL_ID = re.compile("[0-9A-Fa-f-]{32,36}", re.ASCII)
"""128 random bits or a UUID, as proxies make them."""
_DISCOVERY = "/cds-services"
_FEEDBACK = "/feedback"
_RETRY_SECONDS = 5


def _now() -> datetime:
    return datetime.now(UTC)


def _ignore(_reason: str) -> None:
    pass


def authenticator(
    registry: ClientRegistry,
    keys: KeySets,
    replays: Replays,
    settings: Settings,
    *,
    open_discovery: bool = True,
    count_refusal: Callable[[str], None] = _ignore,
    clock: Callable[[], datetime] = _now,
) -> Authenticator:
    """Return what says which client makes a call, or refuses it.

    The function returned raises `RequestRefused`: 401, the same for every reason, or 503 when it
    cannot be known whether a token was used before. `open_discovery` lets discovery be read
    without a token. `count_refusal` is called with the reason of each refusal, one of `Refusal`.
    In local mode there are no tokens: who calls from this machine is `LOCAL`.

    Raises:
        SettingsError: clients have to authenticate, but the public address of this service, for
            which their tokens are made, is not known.
    """
    if not registry.current.local_mode and not settings.base_url:
        raise SettingsError(NO_ADDRESS)

    def authenticate(request: Request) -> Client:
        try:
            client = identify(request)
        except TokenRefused as refused:
            count_refusal(refused.reason.value)
            raise _not_authenticated(refused) from None
        except ReplaysUnavailable:
            raise _cannot_tell() from None
        note(client=client.id)
        return client

    def identify(request: Request) -> Client:
        clients = registry.current
        if clients.local_mode:
            if not from_this_machine(request):
                raise TokenRefused(Refusal.NOT_LOCAL)
            return LOCAL
        header = request.headers.get("Authorization")
        if header is None and open_discovery and _is_discovery(request):
            return ANONYMOUS
        audience = audience_urls(settings.base_url, request.path)
        call = _call_id(request, settings.call_id_header)
        return verify(_bearer(header), audience, clients, keys, replays, clock(), call)

    return authenticate


def audience_urls(base_url: str, path: str) -> tuple[str, ...]:
    """Return the values of ``aud`` that are right for a call of `path`.

    That is the address called. For feedback the standard does not say, so that the address of the
    service is right too. A doubled slash, which clients make and gateways take out, is no other
    address.
    """
    paths = [path, re.sub("/{2,}", "/", path)]
    paths += [each.removesuffix(_FEEDBACK) for each in paths]
    return tuple(dict.fromkeys(base_url + each for each in paths))


def _call_id(request: Request, header: str) -> str:
    """Return the proxy's name of the call; empty where it gives none that is hard to guess."""
    named = request.headers.get(header, "") if header else ""
    return named if _CALL_ID.fullmatch(named) else ""


def _is_discovery(request: Request) -> bool:
    return request.path.rstrip("/") == _DISCOVERY and request.method in ("GET", "HEAD")


def _bearer(header: str | None) -> str:
    match = _BEARER.fullmatch(header or "")
    if not match:
        raise TokenRefused(Refusal.NO_TOKEN)
    return match[1]


def _not_authenticated(refused: TokenRefused) -> RequestRefused:
    note(outcome=refused.reason.value)
    if refused.client is not None:
        note(client=refused.client.id)
    return RequestRefused(
        401,
        "login",
        "The request is not authenticated.",
        headers=(("WWW-Authenticate", "Bearer"),),
    )


def _cannot_tell() -> RequestRefused:
    note(outcome="replays-unavailable")
    return RequestRefused(
        503,
        "transient",
        "The service cannot answer now: try again later.",
        retry_after=_RETRY_SECONDS,
    )
