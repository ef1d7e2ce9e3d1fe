"""Connections to one checked address: a name is looked up once, checked, and never looked up again.

Whoever runs a name server can answer a check with one address and the connection a moment later
with another (DNS rebinding). So the answer is pinned for the whole call: every connection, for
every page, goes to an address that passed the check, while Host header, SNI and the name in the
certificate stay those of the URL.
"""

import socket
import threading
import time
from collections.abc import Sequence
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection

from cds_service.fhir.networks import LOOPBACK_NETWORKS, IPNetwork, is_allowed, only
from cds_service.fhir.origins import Address
from cds_service.fhir.reasons import FhirUnavailable, Reason


def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses of the name `host`, the best first.

    Raises:
        OSError: there are none.
    """
    family = connection.allowed_gai_family()
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


class Pin:
    """The way to `server`, whose addresses are looked up and checked once, until `deadline`.

    `networks` are private ones the site has opened. An allow-listed server that is written as a
    loopback or private address opens that address; ``localhost`` opens loopback.
    `deadline` is a time of ``time.monotonic``. Threads may share a pin.
    """

    def __init__(self, server: Address, networks: Sequence[IPNetwork], deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._lock = threading.Lock()
        self._asked = False
        self._answered = threading.Event()
        self._addresses: tuple[str, ...] = ()
        self._problem: Reason | None = None
        self._opened = tuple(networks)
        if (literal := server.literal) is not None:
            self._opened += (only(literal),)
        elif server.host == "localhost":
            self._opened += LOOPBACK_NETWORKS

    def connect(self, host: str, port: int, options: Any) -> socket.socket:
        """Return a connection to the checked address, with these socket `options`.

        Raises:
            FhirUnavailable: `host` and `port` are not the pinned ones, an address of the name is
                not allowed, or there is no connection in time.
        """
        if (host, port) != (self._server.host, self._server.port):
            raise FhirUnavailable(Reason.NOT_ALLOWED)
        addresses = self._checked()
        for number, address in enumerate(addresses):
            left = self._left() / (len(addresses) - number)
            try:
                sock = connection.create_connection((address, port), left, socket_options=options)
            except OSError:
                continue
            self._addresses = (address,)  # from now on, every page is asked for here
            return sock
        self._left()
        raise FhirUnavailable(Reason.UNREACHABLE)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise FhirUnavailable(Reason.TIME_OUT)
        return left

    def _checked(self) -> tuple[str, ...]:
        """Return the checked addresses; a look-up that hangs holds nobody past the deadline."""
        with self._lock:
            asked, self._asked = self._asked, True
        if not asked and self._server.literal is None:
            threading.Thread(target=self._ask, name="fhir-look-up", daemon=True).start()
        elif not asked:
            self._keep([self._server.host])
        if not self._answered.wait(self._left()):
            raise FhirUnavailable(Reason.TIME_OUT)
        if self._problem is not None:
            raise FhirUnavailable(self._problem)
        return self._addresses

    def _ask(self) -> None:
        try:
            self._keep(look_up(self._server.host, self._server.port))
        except (OSError, ValueError):  # ValueError: a name or an answer that cannot be read
            self._problem = Reason.UNREACHABLE
            self._answered.set()

    def _keep(self, answers: Sequence[str]) -> None:
        """Keep `answers` if all are allowed; one that is not costs the name all trust."""
        allowed = [is_allowed(ip_address(answer), self._opened) for answer in answers]
        if not allowed:
            self._problem = Reason.UNREACHABLE
        elif all(allowed):
            self._addresses = tuple(answers)
        else:
            self._problem = Reason.NOT_ALLOWED
        self._answered.set()


class ReadOnlySession(requests.Session):
    """A session that goes to one pinned server only, and nowhere before it is pinned.

    It takes nothing from the environment, keeps no cookies and never redirects.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._pin: Pin | None = None
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def pin(self, pin: Pin) -> None:
        """Let this session connect through `pin`."""
        self._pin = pin

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Return the response to `request`, over a connection of this session."""
        _current.set(self)
        return super().send(request, **kwargs)

    def connect(self, host: str, port: int, options: Any) -> socket.socket:
        """Return a new connection to the pinned server.

        Raises:
            FhirUnavailable: there is none, or the session goes elsewhere or nowhere.
        """
        if self._pin is None:
            raise FhirUnavailable(Reason.NOT_ALLOWED)
        return self._pin.connect(host, port, options)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing: to prepare a redirect, requests would read its body without a limit."""


_current: ContextVar[ReadOnlySession] = ContextVar("_current")


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _current.get().connect(self._dns_host, self.port, self.socket_options)


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _current.get().connect(self._dns_host, self.port, self.socket_options)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
