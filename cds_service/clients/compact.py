"""The compact form of a signed token, read strictly before anything in it is believed.

Two programs that read one token differently are how tokens are forged: one checks the first
``aud``, the other uses the second. So everything that can be read in two ways is refused
(RFC 7515 section 4, RFC 7519 section 4, RFC 8725 section 2.4).
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeGuard

from cds_service.clients.refusal import Refusal, TokenRefused

_LONGEST = 8192
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)", re.ASCII)
_EMBEDDED_KEYS = ("jwk", "x5u", "x5c")
_CHANGES_OF_READING = ("crit", "b64", "zip", "enc")
_LONGEST_TEXT = 255


@dataclass(frozen=True, slots=True)
class Unverified:
    """A well-formed token of which nothing is proven yet."""

    token: str = field(repr=False)
    header: dict[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    algorithm: str
    key_id: str


def read_compact(token: str) -> Unverified:
    """Return the header and the claims of `token`, which may still be forged.

    Raises:
        TokenRefused: it is too long or not well-formed, gives a member twice, is not signed or
            signed with a shared secret, brings its own key, or asks for an unknown extension.
    """
    if len(token) > _LONGEST:
        raise TokenRefused(Refusal.TOO_LONG)
    parts = _SHAPE.fullmatch(token)
    if not parts:
        raise TokenRefused(Refusal.MALFORMED)
    header = _json_object(parts[1])
    algorithm = _algorithm(header)
    if any(name in header for name in _CHANGES_OF_READING):
        raise TokenRefused(Refusal.CRITICAL_HEADER)
    if any(name in header for name in _EMBEDDED_KEYS):
        raise TokenRefused(Refusal.EMBEDDED_KEY)
    key_id = header.get("kid")
    if not is_name(key_id):
        raise TokenRefused(Refusal.NO_KEY_ID)
    _bytes(parts[3])
    return Unverified(token, header, _json_object(parts[2]), algorithm, key_id)


def is_name(value: object) -> TypeGuard[str]:
    """Say whether `value` is a text of 1 to 255 characters that every store and log can hold."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable()


def _algorithm(header: dict[str, Any]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise TokenRefused(Refusal.MALFORMED)
    if algorithm.lower() == "none":
        raise TokenRefused(Refusal.ALGORITHM_NONE)
    if algorithm.upper().startswith("HS"):
        raise TokenRefused(Refusal.ALGORITHM_SYMMETRIC)
    return algorithm


def _bytes(segment: str) -> bytes:
    """Return what `segment` encodes; there is one spelling of it only."""
    try:
        decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenRefused(Refusal.MALFORMED) from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != segment:
        raise TokenRefused(Refusal.MALFORMED)
    return decoded


def _json_object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(
            _bytes(segment).decode(),
            object_pairs_hook=_without_repetition,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise TokenRefused(Refusal.MALFORMED) from None
    if not isinstance(value, dict):
        raise TokenRefused(Refusal.MALFORMED)
    return value


def _without_repetition(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise TokenRefused(Refusal.REPEATED_MEMBER)
    return found


def _refuse_constant(_constant: str) -> NoReturn:
    raise TokenRefused(Refusal.MALFORMED)  # NaN and Infinity are not JSON
