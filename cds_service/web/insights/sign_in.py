"""Who may see the insights. A refusal says no more than that, the reason is in the log line.

Three ways, one of which is chosen by the setting ``insights``: whoever uses this machine (local
trial), people with a password (HTTP Basic, RFC 7617), or whoever a proxy has signed in. There is
no session and no cookie, so there is nothing to steal or to forge across sites.
"""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Request

from cds_service.origins import in_the_clear, origin_of
from cds_service.settings import Settings, SettingsError, variable
from cds_service.web.call_log import note
from cds_service.web.caller import from_this_machine
from cds_service.web.insights.throttle import Throttle
from cds_service.web.insights.users import is_password, read_users

Gate = Callable[[Request], None]
"""Returns if the caller may see the insights, else raises `NotSignedIn`."""

_REALM = 'Basic realm="Imaging-order advisor insights", charset="UTF-8"'
_LONGEST_PASSWORD = 1000
_LONGEST_WAIT = 1.0
"""Seconds for which a password waits until others were checked."""


class NotSignedIn(Exception):  # noqa: N818 - it reads as what happened
    """Raised when a caller may not see the insights; `text` is for the caller."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers or {}


def gate(settings: Settings, *, local_mode: bool) -> Gate | None:
    """Return what lets in those who may see the insights; None if nobody may.

    Raises:
        SettingsError: the settings name a way to sign in that cannot be used.
    """
    way = settings.insights
    if way == "off" or (way == "local" and not local_mode):
        return None
    if way == "local":
        return _this_machine
    _check_address(settings)
    let_in = _people(settings) if way == "users" else _proxy(settings)

    def check(request: Request) -> None:
        if origin_of(f"{urlsplit(settings.base_url).scheme}://{request.host}") != origin_of(
            settings.base_url
        ):
            raise _refused("other-host-name", 403, "The insights are not at this address.")
        _from_here(request)
        let_in(request)

    return check


def _this_machine(request: Request) -> None:
    if not from_this_machine(request):
        raise _refused(
            "not-local", 403, "Without a sign-in the insights are for this machine only."
        )
    _from_here(request)


def _from_here(request: Request) -> None:
    """Refuse what another site's page loads; a link that a person follows is fine."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    followed = (
        request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
    if site not in ("none", "same-origin") and not followed:
        raise _refused("cross-site", 403, "The insights are not for the pages of other sites.")


def _people(settings: Settings) -> Gate:
    path = settings.insights_users_file
    if path is None:
        raise SettingsError(
            f"{variable('insights')} is users: name the file of those who may see the insights in"
            f" {variable('insights_users_file')}."
        )
    read_users(path)  # a mistake in it is told at the start
    throttle = Throttle()

    def check(request: Request) -> None:
        given = request.authorization
        name, password = (given.username or "", given.password or "") if given else ("", "")
        if given is None or given.type != "basic" or len(password) > _LONGEST_PASSWORD:
            raise _ask("no-user")
        try:
            users = read_users(path)  # each time, so that who is struck off is out at once
        except SettingsError:
            raise _refused("no-users-file", 503, "Nobody can be signed in now.") from None
        counted = name if name in users else ""
        if not throttle.checking.acquire(timeout=_LONGEST_WAIT):
            raise _later(1, "Others are signing in at this moment: try again.")
        try:
            if seconds := throttle.wait(counted):
                raise _later(seconds, "Too many wrong passwords: try again later.")
            if not is_password(users, name, password):
                throttle.wrong(counted)
                raise _ask("wrong-password")
            throttle.right(counted)
        finally:
            throttle.checking.release()

    return check


def _proxy(settings: Settings) -> Gate:
    networks = tuple(ipaddress.ip_network(each) for each in settings.insights_proxy)
    if not networks:
        raise SettingsError(
            f"{variable('insights')} is proxy: name the addresses of the proxy that signs people"
            f" in, in {variable('insights_proxy')}."
        )

    def check(request: Request) -> None:
        try:
            address = ipaddress.ip_address(request.remote_addr or "")
        except ValueError:
            raise _refused("not-the-proxy", 403, _SIGN_IN) from None
        known = getattr(address, "ipv4_mapped", None) or address
        if not any(known in network for network in networks):
            raise _refused("not-the-proxy", 403, _SIGN_IN)
        if not request.headers.get(settings.insights_proxy_header, "").strip():
            raise _refused("no-user", 403, _SIGN_IN)

    return check


_SIGN_IN = "Sign in at the address of the proxy to see the insights."


def _check_address(settings: Settings) -> None:
    """Refuse to take passwords or a proxy's word at an address that is unknown or unencrypted."""
    base = settings.base_url
    if not base:
        raise SettingsError(
            f"{variable('base_url')} must be set when people sign in to the insights: they are"
            " answered at that address only."
        )
    if in_the_clear(base):
        raise SettingsError(
            f"{variable('base_url')} must begin with https:// when people sign in to the insights:"
            " passwords and figures do not go over the network in the clear."
        )


def _ask(reason: str) -> NotSignedIn:
    return _refused(reason, 401, "Sign in to see the insights.", {"WWW-Authenticate": _REALM})


def _later(seconds: int, text: str) -> NotSignedIn:
    return _refused("throttled", 429, text, {"Retry-After": str(seconds)})


def _refused(
    reason: str, status: int, text: str, headers: dict[str, str] | None = None
) -> NotSignedIn:
    note(outcome=reason)
    return NotSignedIn(status, text, headers)
