"""Whether a call was made on this machine, by a program that meant to call us."""

import ipaddress

from flask import Request

from cds_service.origins import LOOPBACK, origin_allowed

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


def from_this_machine(request: Request) -> bool:
    """Say whether the call was made on this machine, by a program that meant to call us.

    A gateway on this machine calls for others, and a page in a browser can give our address
    another host name (DNS rebinding): both are not.
    """
    forwarded = any(name in request.headers for name in _FORWARDED)
    own_name = origin_allowed(f"http://{request.host}", LOOPBACK)
    return own_name and not forwarded and _is_loopback(request.remote_addr)


def _is_loopback(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
