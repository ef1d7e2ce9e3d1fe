"""Whether a call was made on this machine, by a program that meant to call us."""

import ipaddress
from functools import lru_cache

from werkzeug import Request

from cds_service.origins import LOOPBACK, origin_allowed

_FORWARDED = frozenset(
    {
        "HTTP_FORWARDED",
        "HTTP_VIA",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_REAL_IP",
    }
)
"""Headers that a gateway adds, as a WSGI server names them."""


def from_this_machine(request: Request) -> bool:
    """Say whether the call was made on this machine, by a program that meant to call us.

    A gateway on this machine calls for others, and a page in a browser can give our address
    another host name (DNS rebinding): both are not.
    """
    return (
        _FORWARDED.isdisjoint(request.environ)
        and _is_own_name(request.host)
        and _is_loopback(request.remote_addr)
    )


@lru_cache(maxsize=64)
def _is_own_name(host: str) -> bool:
    return origin_allowed(f"http://{host}", LOOPBACK)


@lru_cache(maxsize=1024)
def _is_loopback(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
