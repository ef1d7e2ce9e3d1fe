"""Which FHIR servers may be asked: an allow-list of origins and base URLs, read strictly.

A client names the FHIR server in each call, and programs disagree on what an oddly written URL
names. So a URL is taken apart here by one narrow grammar, everything outside of it is refused,
and what is asked later is written anew from the parts. Nothing is decoded, mended or guessed.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import urljoin

from cds_service.fhir.networks import IPAddress, IPNetwork
from cds_service.settings import Settings

_LONGEST_URL = 8192
_LONGEST_HOST = 253
_HIGHEST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_ANY_PORT = 0
_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<host>[a-z0-9._-]+))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Percent-encoded: what ends or climbs a path once decoded, once or twice. And what is no encoding.
_ODD_ESCAPE = re.compile(r"%(2e|2f|5c|25|3b|3f|23|[01][0-9a-f]|7f|[89a-f][0-9a-f])", re.IGNORECASE)
_NO_ESCAPE = re.compile(r"%(?![0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts: lower-case host without brackets, port as a number, path as written."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def literal(self) -> IPAddress | None:
        """Return the IP address the host is, or None if it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def url(self) -> str:
        """Return the URL written anew, without a default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}{self.query}"

    def under(self, base: "Address") -> bool:
        """Say whether this lies at or below `base`: same origin, path by whole segments."""
        root = base.path.rstrip("/")
        same = (self.scheme, self.host) == (base.scheme, base.host)
        same_port = base.port in (_ANY_PORT, self.port)
        return same and same_port and (self.path == root or self.path.startswith(f"{root}/"))


def read_address(url: str) -> Address | None:
    """Return the parts of an http or https URL, or None for anything odd.

    Odd are: characters outside printable ASCII, blanks, backslashes, a user name, a fragment,
    an empty or wrong port, a name with a dot at its end or labels that are none, a number that
    is no plain dotted IPv4 address, an IPv6 zone or an IPv4 address inside IPv6, dot segments and
    percent-encodings that would turn into separators (RFC 3986, 3.2 and 7).
    """
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable():
        return None
    match = None if " " in url or "\\" in url else _URL.fullmatch(url)
    if match is None:
        return None
    scheme, path = match["scheme"].lower(), match["path"] or ""
    host = _six(match["six"]) if match["six"] else _name(match["host"].lower())
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not host or port > _HIGHEST_PORT or _odd(path):
        return None
    return Address(scheme, host, port, path, match["query"] or "")


def join(base: Address, link: str) -> Address | None:
    """Return where `link` leads from `base`, or None if that is odd or not under `base`.

    FHIR R4, 3.1.0.1.3 Paging: links are absolute or relative to the server's base.
    """
    if not link or not link.isprintable():  # urljoin would drop tabs and line breaks
        return None
    try:
        found = read_address(urljoin(f"{base.url}/", link))
    except ValueError:
        return None
    return found if found is not None and found.under(base) else None


@dataclass(frozen=True, slots=True)
class AllowList:
    """The FHIR servers that may be asked, and the private networks they may live in.

    Each site or tenant can have its own.
    """

    entries: tuple[Address, ...]
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def of(cls, servers: Iterable[str], private_networks: Iterable[str] = ()) -> Self:
        """Return the list of `servers`, each an origin or a base URL, and networks in CIDR form.

        An origin of this machine may end in ``:*`` for any port.

        Raises:
            ValueError: an entry is neither.
        """
        networks = tuple(ipaddress.ip_network(network) for network in private_networks)
        return cls(tuple(_entry(server) for server in servers), networks)

    def find(self, url: str) -> Address | None:
        """Return the parts of `url` if it may be asked, else None (CDS Hooks 2.0.1, 4.2.3)."""
        found = read_address(url)
        if found is None or not any(found.under(entry) for entry in self.entries):
            return None
        return found


def allow_list(settings: Settings) -> AllowList:
    """Return the allow-list of `settings`; made once for the same settings.

    Raises:
        ValueError: an entry is no origin, base URL or network; ask at start, to say so then.
    """
    return _made(settings.fhir_servers, settings.fhir_private_networks)


def server_allowed(url: str, settings: Settings) -> bool:
    """Say whether `url` may be asked under `settings`: it lies under an allowed origin or base."""
    return allow_list(settings).find(url) is not None


@lru_cache(maxsize=64)
def _made(servers: tuple[str, ...], networks: tuple[str, ...]) -> AllowList:
    return AllowList.of(servers, networks)


def _entry(server: str) -> Address:
    any_port = server.endswith(":*")
    found = read_address(server.removesuffix(":*"))
    if found is None or found.query or (any_port and found.host not in _LOOPBACK_HOSTS):
        raise ValueError(f"not an origin or base URL of a FHIR server: {server}")
    return Address(found.scheme, found.host, _ANY_PORT, "") if any_port else found


def _six(text: str) -> str:
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return ""
    return "" if "." in text or found.ipv4_mapped else str(found)


def _name(host: str) -> str:
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):  # resolvers read such names as numbers
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return ""
    fits = len(host) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)
    return host if fits else ""


def _odd(path: str) -> bool:
    if _ODD_ESCAPE.search(path) or _NO_ESCAPE.search(path):
        return True
    return not {".", ".."}.isdisjoint(re.split("[/;]", path))
