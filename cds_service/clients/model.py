"""The CDS Clients a site trusts, and what was agreed with each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from cds_service.clients.jwk import ALGORITHMS, Key
from cds_service.origins import origin_of

Dialect = Literal["2.0", "1.0", "3.0", "epic", "sandbox"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is written on rated orders for this client: the mechanism's code, and its criteria.

    `criteria_uri` is empty if the client does not want it (Argonaut CDS Hooks for PAMA guide).
    """

    mechanism: str
    criteria_uri: str = ""


@dataclass(frozen=True, slots=True)
class OrderCode:
    """A code by which a client's order catalogue knows a procedure."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One CDS Client and what was agreed with it (CDS Hooks 2.0.1, Trusting CDS Clients).

    Its keys come from `jwks`, or `jwks_url`, or an address in `jku_allowed` that its token names.
    `audience` replaces the address called as expected ``aud``. `token_lifetime` and `leeway` are
    in seconds. None for `disabled_cards` or `max_cards_per_order` means: as in the site file.
    """

    id: str
    title: str
    issuer: str
    jwks: tuple[Key, ...] | None = None
    jwks_url: str | None = None
    jku_allowed: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    tenants: tuple[str, ...] = ()
    subject: str | None = None
    audience: str | None = None
    ignore_trailing_slash: bool = False
    require_typ: bool = True
    token_lifetime: int = 900
    leeway: int = 5
    dialect: Dialect = "2.0"
    fhir_servers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    annotation: Annotation | None = None
    order_codes: Mapping[str, tuple[OrderCode, ...]] = field(default_factory=dict, hash=False)
    disabled_cards: tuple[str, ...] | None = None
    max_cards_per_order: int | None = None

    def may_name(self, fhir_server: str) -> bool:
        """Say whether `fhir_server` is a base URL agreed with this client, path included.

        One gateway often has the FHIR servers of many sites under one origin. A last slash and
        the spelling of the origin do not matter.
        """
        named = same_base(fhir_server)
        return bool(named) and any(named == same_base(agreed) for agreed in self.fhir_servers)


LOCAL = Client(id="local", title="Local trial, without authentication", issuer="")
"""The client of the local mode: whoever calls from this machine."""

ANONYMOUS = Client(id="anonymous", title="Discovery without a token", issuer="")
"""Whoever reads discovery without a token; it may name no FHIR server."""


class Clients:
    """The clients of a site, by issuer; in local mode there are none but `LOCAL`.

    `public_sandbox` says that the CDS Hooks sandbox may be a client, whose private key is public.
    """

    def __init__(
        self, clients: tuple[Client, ...], *, local_mode: bool = False, public_sandbox: bool = False
    ) -> None:
        self.all = clients
        self.local_mode = local_mode
        self.public_sandbox = public_sandbox
        self.origins = tuple(
            dict.fromkeys(origin for client in clients for origin in client.origins)
        )
        self._by_issuer = {client.issuer: client for client in clients if client.issuer}

    def by_issuer(self, issuer: str) -> Client | None:
        """Return the client with exactly this ``iss``, or None if it is not on the list."""
        return self._by_issuer.get(issuer)


LOCAL_CLIENTS = Clients((LOCAL,), local_mode=True)
"""The clients of a service that was given no list of clients."""


class ClientRegistry:
    """Holds the clients that are trusted now; threads may share it."""

    def __init__(self, clients: Clients) -> None:
        self._current = clients

    @property
    def current(self) -> Clients:
        """Return the clients; keep the value for the whole of a call."""
        return self._current

    def replace(self, new: Clients) -> None:
        """Make `new` the clients of all calls that start from now on.

        Raises:
            ValueError: the change would switch authentication on or off while serving.
        """
        if new.local_mode != self._current.local_mode:
            raise ValueError("a reload cannot switch between local mode and authentication")
        self._current = new


def same_base(url: str) -> str:
    """Return the base URL in the one spelling to compare by, or "" if it is none.

    A query, a fragment or dot segments make it none, because they would lead elsewhere.
    """
    origin = origin_of(url)
    if not origin or not {"?", "#"}.isdisjoint(url):
        return ""
    path = "/" + url.partition("://")[2].partition("/")[2]
    if not {".", ".."}.isdisjoint(re.split(r"[/;]", unquote(path))):
        return ""
    return origin + path.rstrip("/")
