"""Which IP addresses a FHIR server may have.

The lists are written out, not taken from ``ipaddress.is_global``: that follows the registry of
the Python release, and what is refused must not depend on it.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
_NAT64 = IPv6Network("64:ff9b::/96")

# Where clouds answer programs on their own machines: with credentials, to whoever asks.
_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ),
    )
)

# IANA special-purpose registries: this network, link-local, protocols, documentation, 6to4 relay,
# benchmarks, multicast, reserved and broadcast.
_SPECIAL_FOUR = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# Of IPv6 only 2000::/3 is in use for the world; inside it are protocols (Teredo among them),
# documentation and 6to4, which hides an IPv4 address.
_GLOBAL_SIX = IPv6Network("2000::/3")
_SPECIAL_SIX = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


def is_loopback(address: IPAddress) -> bool:
    """Say whether `address` is this machine's own."""
    return _within(address, _LOOPBACK)


def is_public(address: IPAddress) -> bool:
    """Say whether `address` is one of the open Internet, where anybody's FHIR server may live."""
    if address in _METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not _within(address, (*_LOOPBACK, *_PRIVATE, *_SPECIAL_FOUR))
    return address in _GLOBAL_SIX and not _within(address, _SPECIAL_SIX)


def is_allowed(address: IPAddress, opened: Iterable[IPNetwork]) -> bool:
    """Say whether a FHIR server may have `address`, where a site has `opened` these networks.

    Loopback, private and carrier networks can be opened. Link-local, multicast, reserved and
    metadata addresses cannot, nor one with an IPv6 zone, nor an IPv4 address spelled inside IPv6;
    of those only the NAT64 prefix can be opened, for addresses that are allowed by themselves.
    """
    networks = tuple(opened)
    if address in _METADATA or getattr(address, "scope_id", None):
        return False
    if is_public(address):
        return True
    if isinstance(address, IPv6Address) and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return _within(address, networks) and is_allowed(inner, networks)
    openable = _within(address, (*_LOOPBACK, *_PRIVATE))
    return openable and _within(address, networks)


def only(address: IPAddress) -> IPNetwork:
    """Return the network of nothing but `address`."""
    return ip_network(str(address))


LOOPBACK_NETWORKS: tuple[IPNetwork, ...] = _LOOPBACK
"""The networks the name ``localhost`` stands for (RFC 6761, 6.3)."""


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
