"""Settings of the service, read once from the environment.

The fields of `Settings` are the one list of settings: name, type, how its text is read, meaning
and default. The environment variable of a setting is its name in capitals after ``CDS_``. Parsing
and the table in the README both come from that list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the service; defaults suit a trial on one machine."""

    host: Annotated[str, str, "Address to listen on."] = "127.0.0.1"
    port: Annotated[int, read.whole(0, 65535), "Port to listen on; 0 takes a free one."] = 8000
    workers: Annotated[
        int, read.whole(0, 64), "Worker processes; 0: as many as there are cores to use, at most 8."
    ] = 0
    threads: Annotated[
        int,
        read.whole(0, 1024),
        "Calls in hand at once in each worker, with those that wait; 0: as many as may wait.",
    ] = 0
    backlog: Annotated[
        int, read.whole(16, 65535), "Connections that may wait to be accepted, in each worker."
    ] = 1024
    connections: Annotated[int, read.whole(16, 65535), "Most connections open in each worker."] = (
        1024
    )
    idle_timeout: Annotated[
        int,
        read.whole(1, 3600),
        "Seconds a connection may be idle, or take to send the head of a request.",
    ] = 75
    body_timeout: Annotated[
        float, read.seconds, "Seconds a request body may take to arrive, before it is given up."
    ] = 20.0
    compute_slots: Annotated[
        int, read.whole(1, 64), "Calls computed at the same time in each worker."
    ] = 1
    queue_length: Annotated[
        int,
        read.whole(0, 512),
        "Calls that may wait to be computed in each worker; more get 503 with Retry-After.",
    ] = 32
    queue_wait: Annotated[
        float, read.seconds, "Longest seconds a call waits to be computed; then 503."
    ] = 1.0
    fhir_calls: Annotated[
        int,
        read.whole(1, 128),
        "Calls that may wait for FHIR reads in each worker; more do without the reads.",
    ] = 8
    pid_file: Annotated[
        Path | None,
        Path,
        "File that says which process serves; empty: service-PORT.pid in the journal's.",
    ] = None
    base_url: Annotated[
        str, read.base_url, "Public base URL, where it differs from the address listened on."
    ] = ""
    cards_dir: Annotated[
        Path | None, Path, "Directory of a site's own clinical content, instead of the one shipped."
    ] = None
    site_file: Annotated[
        Path | None, Path, "YAML file that says how this site uses the content: see docs/site.md."
    ] = None
    fhir_servers: Annotated[
        tuple[str, ...],
        read.servers,
        "FHIR servers that may be read: origins or base URLs with commas; or none.",
    ] = LOOPBACK
    fhir_private_networks: Annotated[
        tuple[str, ...],
        read.networks,
        "Private networks (CIDR) in which listed FHIR servers may lie, with commas between.",
    ] = ()
    fhir_ca_file: Annotated[
        Path | None,
        Path,
        "PEM file of the certificate authorities of FHIR servers, if not the public ones.",
    ] = None
    open_fhir: Annotated[
        bool, read.flag, "Read an allowed FHIR server without a token too: for test servers only."
    ] = False
    fhir_deadline: Annotated[
        float, read.seconds, "Seconds that all FHIR reads of one call may take together."
    ] = 1.5
    fhir_max_bytes: Annotated[
        int, read.size, "Most bytes read from FHIR for one call; one answer may have half of them."
    ] = 8 * MIB
    fhir_max_pages: Annotated[int, read.whole(1, 100), "Most pages read of one FHIR search."] = 10
    max_body_bytes: Annotated[int, read.size, "Largest request body."] = 10 * MIB
    max_body_depth: Annotated[int, read.whole(16, 512), "Deepest nesting of a request body."] = 64
    cors_origins: Annotated[
        tuple[str, ...],
        read.origins,
        "Origins of browser clients that may call, with commas between; or none.",
    ] = (*LOOPBACK, "https://sandbox.cds-hooks.org")
    clients_file: Annotated[
        Path | None,
        Path,
        "YAML file of the clients that may call, with their keys; none: local mode.",
    ] = None
    open_discovery: Annotated[bool, read.flag, "Let discovery be read without a token."] = True
    journal_dir: Annotated[
        Path | None,
        read.directory,
        "Directory of the journal (database, spool, key); or none: no journal.",
    ] = Path("~/.local/state/imaging-order-advisor")
    journal_url: Annotated[str, str, "Database of the journal; empty: SQLite in its directory."] = (
        field(default="", repr=False)
    )
    journal_key: Annotated[
        str, str, "Secret of the journal's pseudonyms, 32 characters or more; empty: made here."
    ] = field(default="", repr=False)
    journal_comment_key: Annotated[
        str, str, "Key that encrypts clinicians' comments, 32 bytes in base64; empty: dropped."
    ] = field(default="", repr=False)
    journal_spool_bytes: Annotated[
        int, read.size, "Most bytes of events that wait on disk for the database."
    ] = 64 * MIB
    journal_retention: Annotated[
        str, read.duration, "How long the journal keeps what it holds, as P13M; empty: for ever."
    ] = ""
    replays_url: Annotated[
        str, str, "Redis that remembers used tokens; empty: the journal's database."
    ] = field(default="", repr=False)
    replays_strict: Annotated[
        bool,
        read.flag,
        "Refuse calls while the store of used tokens is away, instead of advising on.",
    ] = False
    call_id_header: Annotated[
        str,
        read.header,
        "Header in which the proxy names each call, over any of the client's, so that it may"
        " repeat a call whose replica was lost; empty: never.",
    ] = ""
    demo: Annotated[
        bool, read.flag, "Serve the order-entry page /demo in local mode, with synthetic patients."
    ] = False
    demo_fhir: Annotated[
        str, read.base_url, "FHIR server that holds the charts of /demo; empty: prefetch is sent."
    ] = ""
    demo_fhir_token: Annotated[
        str, str, "Token by which /demo reads that FHIR server and lets it be read."
    ] = field(default="", repr=False)
    insights: Annotated[
        str,
        read.one_of("local", "users", "proxy", "off"),
        "Who sees the page /insights: this machine, in local mode only; people with a password;"
        " whom a proxy has signed in; nobody.",
    ] = "local"
    insights_users_file: Annotated[
        Path | None, Path, "File with the names and password hashes of those people."
    ] = None
    insights_proxy: Annotated[
        tuple[str, ...],
        read.networks,
        "Addresses (CIDR) of that proxy, with commas; nobody else is believed.",
    ] = ()
    insights_proxy_header: Annotated[
        str, read.header, "Header in which that proxy names whom it has signed in."
    ] = "X-Forwarded-User"
    insights_time_zone: Annotated[
        str, read.time_zone, "Zone in which the days of /insights begin and end."
    ] = "UTC"
    metrics_public: Annotated[bool, read.flag, "Answer /metrics to other machines too."] = False
    drain_notice: Annotated[
        float, read.wait, "Seconds between saying 'not ready' and ending, on SIGTERM."
    ] = 0.0
    drain_grace: Annotated[
        float, read.wait, "Most seconds that calls in flight are waited for, on SIGTERM."
    ] = 10.0
    log_level: Annotated[
        str, read.one_of("DEBUG", "INFO", "WARNING", "ERROR"), "Least severe level that is logged."
    ] = "INFO"
    log_format: Annotated[
        str, read.one_of("console", "json"), "Shape of the log: console or json."
    ] = "console"

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
        for setting in every_setting():
            if text := environ.get(variable(setting.name), "").strip():
                try:
                    values[setting.name] = setting.read(text)
                except ValueError as error:
                    wrong.append(f"  {variable(setting.name)} {error}; it is {text!r}")
        if wrong:
            raise SettingsError("\n".join(["These settings have wrong values:", *wrong]))
        return cls(**values)


class Setting(NamedTuple):
    """One entry of the list: its name and default, how its text is read, and what it means."""

    name: str
    default: Any
    read: Callable[[str], Any]
    meaning: str


def every_setting() -> Iterator[Setting]:
    """Yield every setting, in the order of the list."""
    for item in fields(Settings):
        _, reader, meaning = get_args(item.type)
        yield Setting(item.name, item.default, reader, meaning)


def variable(name: str) -> str:
    """Return the environment variable that sets the setting `name`."""
    return f"CDS_{name.upper()}"
