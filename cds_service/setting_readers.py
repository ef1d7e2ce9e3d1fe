"""How the text of a setting becomes its value, one function for each kind of value.

Each returns the value, or raises ValueError with what is right: "must be true or false".
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cds_service.origins import origin_of, pattern_of

MIB = 1024 * 1024
"""Bytes of one mebibyte."""

_LONGEST_WAIT = 60
_UNITS = {"": 1, "b": 1, "kib": 1024, "mib": MIB}


def flag(value: str) -> bool:
    """Return whether `value` says true: true, 1, yes, or false, 0, no, in any case."""
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if value.lower() not in words:
        raise ValueError("must be true or false")
    return words[value.lower()]


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def read(value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def size(value: str) -> int:
    """Return the bytes of a size above zero: a number, alone or with B, KiB or MiB."""
    match = re.fullmatch(r"([0-9]{1,12}) ?([a-z]*)", value.lower())
    if not match or match[2] not in _UNITS or not int(match[1]):
        raise ValueError("must be a size such as 1048576, 512 KiB or 8 MiB")
    return int(match[1]) * _UNITS[match[2]]


def seconds(value: str) -> float:
    """Return a number of seconds above zero."""
    number = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", value)
    if not number or not 0 < float(value) <= _LONGEST_WAIT:
        raise ValueError(f"must be a number of seconds above 0 and up to {_LONGEST_WAIT}")
    return float(value)


def wait(value: str) -> float:
    """Return a number of seconds that may be zero."""
    return 0.0 if value in ("0", "0.0") else seconds(value)


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader that takes one of `choices` in any case and returns it as written here."""

    def read(value: str) -> str:
        for word in choices:
            if value.lower() == word.lower():
                return word
        raise ValueError(f"must be one of {', '.join(choices)}")

    return read


def duration(value: str) -> str:
    """Return an ISO 8601 duration of whole years, months, weeks and days."""
    if not re.fullmatch(
        "P(?=[0-9])([0-9]{1,3}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?", value
    ):
        raise ValueError("must be an ISO 8601 duration such as P13M or P90D")
    return value


def directory(value: str) -> Path | None:
    """Return a directory, or None for the word none."""
    return None if value.lower() == "none" else Path(value)


def base_url(value: str) -> str:
    """Return an http or https URL without query, and without a slash at its end."""
    if not _is_base(value):
        raise ValueError("must be an http or https URL without query, such as https://cds.example")
    return value.rstrip("/")


def origins(value: str) -> tuple[str, ...]:
    """Return origin patterns, or none at all for the word none."""
    if value.lower() == "none":
        return ()
    patterns = tuple(pattern_of(word) for word in _words(value))
    if not all(patterns):
        raise ValueError(
            "must be none, or origins such as https://ehr.example or https://ehr.example:8443,"
            " without a path; ':*' (any port) only for 127.0.0.1, localhost or [::1]"
        )
    return patterns


def servers(value: str) -> tuple[str, ...]:
    """Return FHIR servers, as origin patterns or base URLs, or none at all for the word none."""
    if value.lower() == "none":
        return ()
    found = tuple(word.rstrip("/") for word in _words(value))
    if not all(pattern_of(server) or _is_base(server) for server in found):
        raise ValueError(
            "must be none, or servers such as https://ehr.example or"
            " https://ehr.example/fhir/r4; ':*' (any port) only for 127.0.0.1, localhost or [::1]"
        )
    return found


def networks(value: str) -> tuple[str, ...]:
    """Return IP networks in CIDR form."""
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in _words(value))
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8 or fd00::/8") from None


def header(value: str) -> str:
    """Return the name of an HTTP header (RFC 9110, token)."""
    if not re.fullmatch("[A-Za-z0-9-]{1,64}", value):
        raise ValueError("must be the name of a header, such as X-Forwarded-User")
    return value


def time_zone(value: str) -> str:
    """Return the name of a time zone that this machine knows."""
    try:
        return value if value == "UTC" else ZoneInfo(value).key
    except (KeyError, OSError, ValueError):
        raise ValueError("must be a time zone such as Europe/Berlin or America/New_York") from None


def _is_base(url: str) -> bool:
    if not origin_of(url):
        return False
    parts = urlsplit(url)
    return not parts.query and not parts.fragment


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for part in value.split(",") if (word := part.strip()))
