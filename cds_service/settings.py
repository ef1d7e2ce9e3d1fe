"""Settings of the service, read once from the environment.

The fields of `Settings` are the one list of settings: name, type, default and meaning. The
environment variable of a setting is its name in capitals after ``CDS_``. Parsing and the table in
the README both come from that list.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*")
"""Origin patterns for this machine, any port."""

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5}|:\*)?")
_MIB = 1024 * 1024
_LONGEST_WAIT = 60
_UNITS = {"": 1, "b": 1, "kib": 1024, "mib": _MIB}


class SettingsError(ValueError):
    """Raised when settings have wrong values; its text names every one of them."""


def _flag(value: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if value.lower() not in words:
        raise ValueError("must be true or false")
    return words[value.lower()]


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def _size(value: str) -> int:
    match = re.fullmatch(r"([0-9]{1,12}) ?([a-z]*)", value.lower())
    if not match or match[2] not in _UNITS or not int(match[1]):
        raise ValueError("must be a size such as 1048576, 512 KiB or 8 MiB")
    return int(match[1]) * _UNITS[match[2]]


def _seconds(value: str) -> float:
    number = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", value)
    if not number or not 0 < float(value) <= _LONGEST_WAIT:
        raise ValueError(f"must be a number of seconds above 0 and up to {_LONGEST_WAIT}")
    return float(value)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        for word in words:
            if value.lower() == word.lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return read


def _language(value: str) -> str:
    if not re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("must be a language tag such as en or de-CH")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if not origin_of(value) or parts.query or parts.fragment:
        raise ValueError("must be an http or https URL without query, such as https://cds.example")
    return value.rstrip("/")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for part in value.split(",") if (word := part.strip()))


def _origins(value: str) -> tuple[str, ...]:
    if value.lower() == "none":
        return ()
    patterns = tuple(word.lower().rstrip("/") for word in _words(value))
    for pattern in patterns:
        match = _ORIGIN.fullmatch(pattern)
        if not match or (match[3] == ":*" and match[2] not in _LOOPBACK_HOSTS):
            raise ValueError(
                "must be none, or origins such as https://ehr.example or https://ehr.example:8443,"
                " without a path; ':*' (any port) only for 127.0.0.1, localhost or [::1]"
            )
    return tuple(pattern if pattern.endswith(":*") else origin_of(pattern) for pattern in patterns)


def _servers(value: str) -> tuple[str, ...]:
    if value.lower() == "none":
        return ()
    servers = tuple(word.rstrip("/") for word in _words(value))
    for server in servers:
        pattern = server.lower()
        match = _ORIGIN.fullmatch(pattern)
        any_port = bool(match) and pattern.endswith(":*")
        parts = urlsplit(server)
        if any_port and match and match[2] in _LOOPBACK_HOSTS:
            continue
        if any_port or not origin_of(server) or parts.query or parts.fragment:
            raise ValueError(
                "must be none, or servers such as https://ehr.example or"
                " https://ehr.example/fhir/r4; ':*' (any port) only for 127.0.0.1, localhost or"
                " [::1]"
            )
    return servers


def _directory(value: str) -> Path | None:
    return None if value.lower() == "none" else Path(value)


def _duration(value: str) -> str:
    if not re.fullmatch(
        "P(?=[0-9])([0-9]{1,3}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?", value
    ):
        raise ValueError("must be an ISO 8601 duration such as P13M or P90D")
    return value


def _networks(value: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in _words(value))
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8 or fd00::/8") from None


def _wait(value: str) -> float:
    return 0.0 if value in ("0", "0.0") else _seconds(value)


def _read(read: Callable[[str], Any], meaning: str) -> dict[str, Any]:
    """Return what a field of `Settings` carries: how its value is read and what it means."""
    return {"read": read, "meaning": meaning}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the service; defaults suit a trial on one machine."""

    host: str = field(default="127.0.0.1", metadata=_read(str, "Address to listen on."))
    port: int = field(
        default=8000, metadata=_read(_whole(0, 65535), "Port to listen on; 0 takes a free one.")
    )
    threads: int = field(
        default=8, metadata=_read(_whole(1, 256), "Requests answered at the same time.")
    )
    base_url: str = field(
        default="",
        metadata=_read(
            _base_url, "Public base URL, where it differs from the address listened on."
        ),
    )
    cards_dir: Path | None = field(
        default=None,
        metadata=_read(
            Path, "Directory of a site's own clinical content, instead of the one shipped."
        ),
    )
    site_parameters: Path | None = field(
        default=None,
        metadata=_read(Path, "YAML file with a site's values for parameters of the content."),
    )
    language: str = field(default="en", metadata=_read(_language, "Language of the card texts."))
    max_cards_per_order: int = field(
        default=2, metadata=_read(_whole(1, 20), "Most cards shown for one order.")
    )
    disabled_cards: tuple[str, ...] = field(
        default=(),
        metadata=_read(_words, "Card ids that are never shown, with commas between them."),
    )
    fhir_servers: tuple[str, ...] = field(
        default=LOOPBACK,
        metadata=_read(
            _servers, "FHIR servers that may be read: origins or base URLs with commas; or none."
        ),
    )
    fhir_private_networks: tuple[str, ...] = field(
        default=(),
        metadata=_read(
            _networks,
            "Private networks (CIDR) in which listed FHIR servers may lie, with commas between.",
        ),
    )
    fhir_ca_file: Path | None = field(
        default=None,
        metadata=_read(
            Path, "PEM file of the certificate authorities of FHIR servers, if not the public ones."
        ),
    )
    open_fhir: bool = field(
        default=False,
        metadata=_read(
            _flag, "Read an allowed FHIR server without a token too: for test servers only."
        ),
    )
    fhir_deadline: float = field(
        default=1.5,
        metadata=_read(_seconds, "Seconds that all FHIR reads of one call may take together."),
    )
    fhir_max_bytes: int = field(
        default=8 * _MIB, metadata=_read(_size, "Most bytes read from FHIR for one call.")
    )
    fhir_max_pages: int = field(
        default=10, metadata=_read(_whole(1, 100), "Most pages read of one FHIR search.")
    )
    max_body_bytes: int = field(default=10 * _MIB, metadata=_read(_size, "Largest request body."))
    max_body_depth: int = field(
        default=64, metadata=_read(_whole(16, 512), "Deepest nesting of a request body.")
    )
    cors_origins: tuple[str, ...] = field(
        default=(*LOOPBACK, "https://sandbox.cds-hooks.org"),
        metadata=_read(
            _origins, "Origins of browser clients that may call, with commas between; or none."
        ),
    )
    clients_file: Path | None = field(
        default=None,
        metadata=_read(
            Path, "YAML file of the clients that may call, with their keys; none: local mode."
        ),
    )
    open_discovery: bool = field(
        default=True, metadata=_read(_flag, "Let discovery be read without a token.")
    )
    journal_dir: Path | None = field(
        default=Path("~/.local/state/imaging-order-advisor"),
        metadata=_read(
            _directory, "Directory of the journal (database, spool, key); or none: no journal."
        ),
    )
    journal_url: str = field(
        default="",
        repr=False,
        metadata=_read(str, "Database of the journal; empty: SQLite in its directory."),
    )
    journal_key: str = field(
        default="",
        repr=False,
        metadata=_read(
            str, "Secret of the journal's pseudonyms, 32 characters or more; empty: made here."
        ),
    )
    journal_comment_key: str = field(
        default="",
        repr=False,
        metadata=_read(
            str, "Key that encrypts clinicians' comments, 32 bytes in base64; empty: dropped."
        ),
    )
    journal_spool_bytes: int = field(
        default=64 * _MIB,
        metadata=_read(_size, "Most bytes of events that wait on disk for the database."),
    )
    journal_retention: str = field(
        default="",
        metadata=_read(
            _duration, "How long the journal keeps what it holds, as P13M; empty: for ever."
        ),
    )
    replays_url: str = field(
        default="",
        repr=False,
        metadata=_read(str, "Redis that remembers used tokens; empty: the journal's database."),
    )
    replays_strict: bool = field(
        default=False,
        metadata=_read(
            _flag, "Refuse calls while the store of used tokens is away, instead of advising on."
        ),
    )
    metrics_public: bool = field(
        default=False, metadata=_read(_flag, "Answer /metrics to other machines too.")
    )
    drain_notice: float = field(
        default=0.0,
        metadata=_read(_wait, "Seconds between saying 'not ready' and ending, on SIGTERM."),
    )
    drain_grace: float = field(
        default=10.0,
        metadata=_read(_wait, "Most seconds that calls in flight are waited for, on SIGTERM."),
    )
    log_level: str = field(
        default="INFO",
        metadata=_read(
            _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "Least severe level that is logged."
        ),
    )
    log_format: str = field(
        default="console",
        metadata=_read(_one_of("console", "json"), "Shape of the log: console or json."),
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings in `environ`; an empty variable counts as not set.

        Raises:
            SettingsError: Values are wrong; the text has one line for each of them.
        """
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for item in fields(cls):
            if text := environ.get(variable(item.name), "").strip():
                try:
                    values[item.name] = item.metadata["read"](text)
                except ValueError as error:
                    wrong.append(f"  {variable(item.name)} {error}; it is {text!r}")
        if wrong:
            raise SettingsError("\n".join(["These settings have wrong values:", *wrong]))
        return cls(**values)


def variable(name: str) -> str:
    """Return the environment variable that sets the setting `name`."""
    return f"CDS_{name.upper()}"


def settings_table() -> str:
    """Return the table of all settings in Markdown, as the README shows it."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for item in fields(Settings):
        shown = _shown(item.name, item.default)
        rows.append(f"| `{variable(item.name)}` | {shown} | {item.metadata['meaning']} |")
    return "\n".join(rows) + "\n"


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


def _shown(name: str, default: object) -> str:
    if default in (None, "", ()):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if name.endswith("_bytes") and isinstance(default, int):
        return f"`{default // _MIB} MiB`"
    return f"`{default}`"
