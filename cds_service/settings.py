"""Settings of the service, read once from the environment.

The fields of `Settings` are the one list of settings: name, type, default and meaning. The
environment variable of a setting is its name in capitals after ``CDS_``. Parsing and the table in
the README both come from that list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cds_service import setting_readers as read
from cds_service.origins import LOOPBACK
from cds_service.setting_readers import MIB

_MOVED = {
    "CDS_SITE_PARAMETERS": "its lines go under 'parameters:'",
    "CDS_LANGUAGE": "write 'language:'",
    "CDS_MAX_CARDS_PER_ORDER": "write 'most-per-order:' under 'cards:'",
    "CDS_DISABLED_CARDS": "list the cards as 'switched-off:' under 'cards:'",
}
"""Variables of earlier versions, and what to write into the site file instead."""


class SettingsError(ValueError):
    """Raised when settings have wrong values; its text names every one of them."""


def _meant(reader: Callable[[str], Any], meaning: str) -> dict[str, Any]:
    """Return what a field of `Settings` carries: how its value is read and what it means."""
    return {"read": reader, "meaning": meaning}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the service; defaults suit a trial on one machine."""

    host: str = field(default="127.0.0.1", metadata=_meant(str, "Address to listen on."))
    port: int = field(
        default=8000,
        metadata=_meant(read.whole(0, 65535), "Port to listen on; 0 takes a free one."),
    )
    workers: int = field(
        default=0,
        metadata=_meant(
            read.whole(0, 64), "Worker processes; 0: as many as there are cores to use, at most 8."
        ),
    )
    threads: int = field(
        default=0,
        metadata=_meant(
            read.whole(0, 1024),
            "Calls in hand at once in each worker, with those that wait; 0: as many as may wait.",
        ),
    )
    backlog: int = field(
        default=1024,
        metadata=_meant(
            read.whole(16, 65535), "Connections that may wait to be accepted, in each worker."
        ),
    )
    connections: int = field(
        default=1024,
        metadata=_meant(read.whole(16, 65535), "Most connections open in each worker."),
    )
    idle_timeout: int = field(
        default=75,
        metadata=_meant(
            read.whole(1, 3600),
            "Seconds a connection may be idle, or take to send the head of a request.",
        ),
    )
    body_timeout: float = field(
        default=20.0,
        metadata=_meant(
            read.seconds, "Seconds a request body may take to arrive, before it is given up."
        ),
    )
    compute_slots: int = field(
        default=1,
        metadata=_meant(read.whole(1, 64), "Calls computed at the same time in each worker."),
    )
    queue_length: int = field(
        default=32,
        metadata=_meant(
            read.whole(0, 512),
            "Calls that may wait to be computed in each worker; more get 503 with Retry-After.",
        ),
    )
    queue_wait: float = field(
        default=1.0,
        metadata=_meant(read.seconds, "Longest seconds a call waits to be computed; then 503."),
    )
    fhir_calls: int = field(
        default=8,
        metadata=_meant(
            read.whole(1, 128),
            "Calls that may wait for FHIR reads in each worker; more do without the reads.",
        ),
    )
    pid_file: Path | None = field(
        default=None,
        metadata=_meant(
            Path, "File that says which process serves; empty: service-PORT.pid in the journal's."
        ),
    )
    base_url: str = field(
        default="",
        metadata=_meant(
            read.base_url, "Public base URL, where it differs from the address listened on."
        ),
    )
    cards_dir: Path | None = field(
        default=None,
        metadata=_meant(
            Path, "Directory of a site's own clinical content, instead of the one shipped."
        ),
    )
    site_file: Path | None = field(
        default=None,
        metadata=_meant(
            Path, "YAML file that says how this site uses the content: see docs/site.md."
        ),
    )
    fhir_servers: tuple[str, ...] = field(
        default=LOOPBACK,
        metadata=_meant(
            read.servers,
            "FHIR servers that may be read: origins or base URLs with commas; or none.",
        ),
    )
    fhir_private_networks: tuple[str, ...] = field(
        default=(),
        metadata=_meant(
            read.networks,
            "Private networks (CIDR) in which listed FHIR servers may lie, with commas between.",
        ),
    )
    fhir_ca_file: Path | None = field(
        default=None,
        metadata=_meant(
            Path, "PEM file of the certificate authorities of FHIR servers, if not the public ones."
        ),
    )
    open_fhir: bool = field(
        default=False,
        metadata=_meant(
            read.flag, "Read an allowed FHIR server without a token too: for test servers only."
        ),
    )
    fhir_deadline: float = field(
        default=1.5,
        metadata=_meant(read.seconds, "Seconds that all FHIR reads of one call may take together."),
    )
    fhir_max_bytes: int = field(
        default=8 * MIB, metadata=_meant(read.size, "Most bytes read from FHIR for one call.")
    )
    fhir_max_pages: int = field(
        default=10, metadata=_meant(read.whole(1, 100), "Most pages read of one FHIR search.")
    )
    max_body_bytes: int = field(
        default=10 * MIB, metadata=_meant(read.size, "Largest request body.")
    )
    max_body_depth: int = field(
        default=64, metadata=_meant(read.whole(16, 512), "Deepest nesting of a request body.")
    )
    cors_origins: tuple[str, ...] = field(
        default=(*LOOPBACK, "https://sandbox.cds-hooks.org"),
        metadata=_meant(
            read.origins, "Origins of browser clients that may call, with commas between; or none."
        ),
    )
    clients_file: Path | None = field(
        default=None,
        metadata=_meant(
            Path, "YAML file of the clients that may call, with their keys; none: local mode."
        ),
    )
    open_discovery: bool = field(
        default=True, metadata=_meant(read.flag, "Let discovery be read without a token.")
    )
    journal_dir: Path | None = field(
        default=Path("~/.local/state/imaging-order-advisor"),
        metadata=_meant(
            read.directory, "Directory of the journal (database, spool, key); or none: no journal."
        ),
    )
    journal_url: str = field(
        default="",
        repr=False,
        metadata=_meant(str, "Database of the journal; empty: SQLite in its directory."),
    )
    journal_key: str = field(
        default="",
        repr=False,
        metadata=_meant(
            str, "Secret of the journal's pseudonyms, 32 characters or more; empty: made here."
        ),
    )
    journal_comment_key: str = field(
        default="",
        repr=False,
        metadata=_meant(
            str, "Key that encrypts clinicians' comments, 32 bytes in base64; empty: dropped."
        ),
    )
    journal_spool_bytes: int = field(
        default=64 * MIB,
        metadata=_meant(read.size, "Most bytes of events that wait on disk for the database."),
    )
    journal_retention: str = field(
        default="",
        metadata=_meant(
            read.duration, "How long the journal keeps what it holds, as P13M; empty: for ever."
        ),
    )
    replays_url: str = field(
        default="",
        repr=False,
        metadata=_meant(str, "Redis that remembers used tokens; empty: the journal's database."),
    )
    replays_strict: bool = field(
        default=False,
        metadata=_meant(
            read.flag,
            "Refuse calls while the store of used tokens is away, instead of advising on.",
        ),
    )
    call_id_header: str = field(
        default="",
        metadata=_meant(
            read.header,
            "Header in which the proxy names each call, over any of the client's, so that it may"
            " repeat a call whose replica was lost; empty: never.",
        ),
    )
    demo: bool = field(
        default=False,
        metadata=_meant(
            read.flag, "Serve the order-entry page /demo in local mode, with synthetic patients."
        ),
    )
    demo_fhir: str = field(
        default="",
        metadata=_meant(
            read.base_url, "FHIR server that holds the charts of /demo; empty: prefetch is sent."
        ),
    )
    demo_fhir_token: str = field(
        default="",
        repr=False,
        metadata=_meant(str, "Token by which /demo reads that FHIR server and lets it be read."),
    )
    insights: str = field(
        default="local",
        metadata=_meant(
            read.one_of("local", "users", "proxy", "off"),
            "Who sees the page /insights: this machine, in local mode only; people with a password;"
            " whom a proxy has signed in; nobody.",
        ),
    )
    insights_users_file: Path | None = field(
        default=None,
        metadata=_meant(Path, "File with the names and password hashes of those people."),
    )
    insights_proxy: tuple[str, ...] = field(
        default=(),
        metadata=_meant(
            read.networks, "Addresses (CIDR) of that proxy, with commas; nobody else is believed."
        ),
    )
    insights_proxy_header: str = field(
        default="X-Forwarded-User",
        metadata=_meant(read.header, "Header in which that proxy names whom it has signed in."),
    )
    insights_time_zone: str = field(
        default="UTC",
        metadata=_meant(read.time_zone, "Zone in which the days of /insights begin and end."),
    )
    metrics_public: bool = field(
        default=False, metadata=_meant(read.flag, "Answer /metrics to other machines too.")
    )
    drain_notice: float = field(
        default=0.0,
        metadata=_meant(read.wait, "Seconds between saying 'not ready' and ending, on SIGTERM."),
    )
    drain_grace: float = field(
        default=10.0,
        metadata=_meant(read.wait, "Most seconds that calls in flight are waited for, on SIGTERM."),
    )
    log_level: str = field(
        default="INFO",
        metadata=_meant(
            read.one_of("DEBUG", "INFO", "WARNING", "ERROR"), "Least severe level that is logged."
        ),
    )
    log_format: str = field(
        default="console",
        metadata=_meant(read.one_of("console", "json"), "Shape of the log: console or json."),
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings in `environ`; an empty variable counts as not set.

        Raises:
            SettingsError: Values are wrong; the text has one line for each of them.
        """
        values: dict[str, Any] = {}
        wrong = [
            f"  {name} is no longer a setting: {instead} in the file that CDS_SITE_FILE names"
            for name, instead in _MOVED.items()
            if environ.get(name, "").strip()
        ]
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


def _shown(name: str, default: object) -> str:
    if default in (None, "", ()):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if name.endswith("_bytes") and isinstance(default, int):
        return f"`{default // MIB} MiB`"
    return f"`{default}`"
