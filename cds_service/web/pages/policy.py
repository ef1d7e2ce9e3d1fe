"""Headers of every page: nothing runs or loads that this service did not serve itself."""

from collections.abc import Iterable

_SELF = "'self'"
_NONE = "'none'"


def content_security_policy(connect: Iterable[str] = (), *, text_only: bool = False) -> str:
    """Return the policy of a page (W3C, Content Security Policy Level 3; Trusted Types).

    Scripts and styles come from files of this service only, none stands in a page. `connect`
    are the origins besides our own that the scripts of the page may call. With `text_only` the
    browser lets no script turn text into markup, whatever it was made to try.
    """
    rules = {
        "default-src": _NONE,
        "script-src": _SELF,
        "style-src": _SELF,
        "img-src": f"{_SELF} data:",
        "connect-src": " ".join([_SELF, *connect]),
        "form-action": _SELF,
        "base-uri": _NONE,
        "frame-ancestors": _NONE,
    }
    if text_only:
        rules |= {"require-trusted-types-for": "'script'", "trusted-types": _NONE}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page_headers(connect: Iterable[str] = (), *, text_only: bool = False) -> dict[str, str]:
    """Return the headers of a page; the arguments are those of `content_security_policy`.

    A page is not kept by any cache, because it may show figures of the journal.
    """
    return {
        "Content-Security-Policy": content_security_policy(connect, text_only=text_only),
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
