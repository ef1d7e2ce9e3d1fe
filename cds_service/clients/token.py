"""Checking the token of a call: who sent it, for us, now, and for the first time.

CDS Hooks 2.0.1, Trusting CDS Clients; RFC 7519; RFC 8725. All that can be checked without a key
comes first, so that a token that cannot be good causes no request and no arithmetic.
"""

from datetime import UTC, datetime
from typing import Any

import jwt

from cds_service.clients.compact import Unverified, is_name, read_compact
from cds_service.clients.jwk import ALGORITHMS
from cds_service.clients.keys import KeySets
from cds_service.clients.model import Client, Clients
from cds_service.clients.refusal import Refusal, TokenRefused
from cds_service.clients.replays import Replays

PUBLIC_SANDBOX_ISSUER = "https://sandbox.cds-hooks.org"
"""Issuer of the public CDS Hooks sandbox."""

PUBLIC_SANDBOX_KEY_ID = "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"
"""Id of the sandbox's key, whose private half is published: anyone can sign with it."""

_REQUIRED = ("iss", "aud", "exp", "iat", "jti")
_LATEST = 253_402_300_800  # the year 10000, in seconds since 1970
_SIGNATURES = jwt.PyJWS(algorithms=list(ALGORITHMS))


def verify(
    token: str,
    audience_urls: tuple[str, ...],
    clients: Clients,
    keys: KeySets,
    replays: Replays,
    now: datetime,
    call: str = "",
) -> Client:
    """Return the client that made `token` for one of `audience_urls` (CDS Hooks 2.0.1).

    `call` is the proxy's name of the call, if it has one: the same call may come again.

    The token counts as used only once everything else about it is right: what a stranger makes
    up cannot use up the token of a client.

    Raises:
        TokenRefused: it does not authenticate its bearer.
        ReplaysUnavailable: it cannot be known whether it was used before.
    """
    unverified = read_compact(token)
    client = _client(unverified, clients)
    _check_header(unverified, client)
    _check_claims(unverified.claims, client, audience_urls, now.timestamp())
    key_id = unverified.key_id
    if key_id == PUBLIC_SANDBOX_KEY_ID and not clients.public_sandbox:
        raise TokenRefused(Refusal.UNKNOWN_KEY, client)
    key = keys.key(client, key_id, unverified.algorithm, unverified.header.get("jku"))
    try:
        _SIGNATURES.decode(token, key.public, algorithms=[unverified.algorithm])
    except jwt.PyJWTError:
        raise TokenRefused(Refusal.BAD_SIGNATURE, client) from None
    usable_until = datetime.fromtimestamp(unverified.claims["exp"] + client.leeway, UTC)
    if not replays.first_use(client.issuer, unverified.claims["jti"], usable_until, call):
        raise TokenRefused(Refusal.REPLAYED, client)
    return client


def _client(unverified: Unverified, clients: Clients) -> Client:
    issuer = unverified.claims.get("iss")
    if issuer is None:
        raise TokenRefused(Refusal.MISSING_CLAIM)
    if not isinstance(issuer, str):
        raise TokenRefused(Refusal.CLAIM_OF_WRONG_SORT)
    client = clients.by_issuer(issuer)
    if client is None:
        raise TokenRefused(Refusal.UNKNOWN_ISSUER)
    return client


def _check_header(unverified: Unverified, client: Client) -> None:
    if unverified.algorithm not in client.algorithms:
        raise TokenRefused(Refusal.ALGORITHM_NOT_ALLOWED, client)
    typ = unverified.header.get("typ")
    if typ is None and not client.require_typ:
        return
    if not isinstance(typ, str) or typ.upper() != "JWT":
        raise TokenRefused(Refusal.WRONG_TYP, client)


def _check_claims(
    claims: dict[str, Any], client: Client, audience_urls: tuple[str, ...], now: float
) -> None:
    if any(claims.get(name) is None for name in _REQUIRED):
        raise TokenRefused(Refusal.MISSING_CLAIM, client)
    if not is_name(claims["jti"]):
        raise TokenRefused(Refusal.CLAIM_OF_WRONG_SORT, client)
    _check_audience(claims["aud"], client, audience_urls)
    _check_times(claims, client, now)
    if client.tenants and claims.get("tenant") not in client.tenants:
        raise TokenRefused(Refusal.WRONG_TENANT, client)
    if client.subject is not None and claims.get("sub") != client.subject:
        raise TokenRefused(Refusal.WRONG_SUBJECT, client)


def _check_audience(aud: object, client: Client, audience_urls: tuple[str, ...]) -> None:
    """Refuse a token for anyone else; ``aud`` is a text or a list of texts (RFC 7519, 4.1.3)."""
    values = aud if isinstance(aud, list) else [aud]
    given = {url for url in values if isinstance(url, str)}
    if not all(isinstance(url, str) for url in values):
        raise TokenRefused(Refusal.CLAIM_OF_WRONG_SORT, client)
    expected = set(audience_urls if client.audience is None else (client.audience,))
    if client.ignore_trailing_slash:
        given, expected = ({url.rstrip("/") for url in urls} for urls in (given, expected))
    if given.isdisjoint(expected):
        raise TokenRefused(Refusal.WRONG_AUDIENCE, client)


def _check_times(claims: dict[str, Any], client: Client, now: float) -> None:
    """Refuse a token that is not valid now, or for longer than agreed (RFC 7519, 4.1.4 to 6)."""
    for name in ("exp", "iat", "nbf"):
        if name in claims and not _is_time(claims[name]):
            raise TokenRefused(Refusal.CLAIM_OF_WRONG_SORT, client)
    expires, issued = claims["exp"], claims["iat"]
    if now >= expires + client.leeway:
        raise TokenRefused(Refusal.EXPIRED, client)
    if max(issued, claims.get("nbf", issued)) > now + client.leeway:
        raise TokenRefused(Refusal.NOT_YET_VALID, client)
    if not 0 < expires - issued <= client.token_lifetime:
        raise TokenRefused(Refusal.LIFETIME_TOO_LONG, client)


def _is_time(value: object) -> bool:
    """Say whether `value` is a NumericDate: seconds since 1970, with or without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < _LATEST
