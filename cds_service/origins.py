"""Web origins: what a client, a browser or a server is known by (RFC 6454).

Patterns of origins, as settings and the clients file list them, may end in ``:*`` for any port of
this machine.
"""

import re

LOOPBACK = ("http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*")
"""Origin patterns for this machine, any port."""

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5}|:\*)?")


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` of an http or https URL in lower case, or "" if it has none.

    A default port is left out. A URL with a user name, blanks, control characters or a backslash
    has no origin, because programs disagree on which host such a URL names.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return ""
    head = re.match(r"[a-z]+://[^/?#]*", url.lower())
    match = _ORIGIN.fullmatch(head[0]) if head else None
    if not match or match[3] == ":*":
        return ""
    port = match[3] or ""
    return f"{match[1]}://{match[2]}" + ("" if port == _DEFAULT_PORTS[match[1]] else port)


def origin_allowed(url: str, allowed: tuple[str, ...]) -> bool:
    """Say whether the origin of `url` is one of `allowed`, which may end in ``:*`` for any port."""
    origin = origin_of(url)
    if not origin:
        return False
    any_port = re.sub(r"(:[0-9]+)?$", ":*", origin, count=1)
    return origin in allowed or any_port in allowed


def in_the_clear(url: str) -> bool:
    """Say whether what is sent to `url` leaves this machine without encryption."""
    return not url.lower().startswith("https://") and not origin_allowed(url, LOOPBACK)


def pattern_of(text: str) -> str:
    """Return the origin pattern `text` stands for, in lower case, or "" if it is none.

    A pattern is an origin without a path; ``:*`` (any port) only after a host of this machine.
    """
    match = _ORIGIN.fullmatch(text.lower().rstrip("/"))
    if not match:
        return ""
    if match[3] == ":*":
        return match[0] if match[2] in _LOOPBACK_HOSTS else ""
    return origin_of(match[0])
