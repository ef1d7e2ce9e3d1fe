"""Fetching a key set from its agreed address: one request, bounded in time and size."""

import json
import time
from http.client import HTTPException

import requests
import urllib3

from cds_service.clients.jwk import Key, KeyRefused, read_key
from cds_service.direct_session import DirectSession
from cds_service.origins import LOOPBACK, origin_allowed, origin_of

_SECONDS = 2.0
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 100
_CHUNK = 16 * 1024


class KeySetUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when a key set cannot be had; its text names no address."""


def may_be_fetched(url: str) -> bool:
    """Say whether `url` is one a key set may have: https, or http on this machine for tests."""
    origin = origin_of(url)
    return origin.startswith("https://") or origin_allowed(url, LOOPBACK)


def fetch_key_set(url: str) -> dict[str, tuple[Key, ...]]:
    """Return the usable keys of the JWK Set at `url`, by ``kid`` (RFC 7517, section 5).

    Keys that cannot be used are left out: a set may hold others, for encryption or to come.

    Raises:
        KeySetUnavailable: there is no key set within two seconds and 256 KiB, or the answer is a
            redirect.
    """
    if not may_be_fetched(url):
        raise KeySetUnavailable("not an address of a key set")
    try:
        body = _get(url)
        document = json.loads(body)
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError):
        raise KeySetUnavailable("no answer") from None
    except (ValueError, RecursionError):
        raise KeySetUnavailable("not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise KeySetUnavailable("not a key set")
    return by_id(usable(listed))


def usable(listed: list[object]) -> tuple[Key, ...]:
    """Return those of the JSON Web Keys `listed` that can check signatures."""
    keys = []
    for jwk in listed:
        try:
            keys.append(read_key(jwk))
        except KeyRefused:
            continue
    return tuple(keys)


def by_id(keys: tuple[Key, ...]) -> dict[str, tuple[Key, ...]]:
    """Return `keys` by ``kid``, which keys of different kinds may share (RFC 7517, 4.5)."""
    found: dict[str, tuple[Key, ...]] = {}
    for key in keys:
        found[key.id] = (*found.get(key.id, ()), key)
    return found


def _get(url: str) -> bytes:
    deadline = time.monotonic() + _SECONDS
    headers = {"Accept": "application/jwk-set+json, application/json"}
    with (
        DirectSession() as session,
        session.get(
            url, headers=headers, timeout=_SECONDS, stream=True, allow_redirects=False
        ) as response,
    ):
        if response.status_code != requests.codes.ok:
            raise KeySetUnavailable(f"status {response.status_code}")
        body = b""
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > _MOST_BYTES:
                raise KeySetUnavailable("too large")
            if time.monotonic() > deadline:
                raise KeySetUnavailable("too slow")
        return body
