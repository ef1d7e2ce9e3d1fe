"""From settings to what stands around the advice: the clients, the journal, the used tokens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

from cds_service.advisor import Advisor
from cds_service.clients.model import LOCAL_CLIENTS, Clients
from cds_service.clients.read import ClientsRefused, read_clients
from cds_service.content import strict_yaml
from cds_service.content.library import Content
from cds_service.fhir.dates import Duration, before, parse_duration
from cds_service.fhir.origins import AllowList
from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable
from cds_service.journal.opening import check_journal, open_journal, prepare
from cds_service.journal.replays import RedisReplays
from cds_service.journal.store import JournalStore
from cds_service.log import logger
from cds_service.settings import Settings, SettingsError, variable
from cds_service.web.auth import NO_ADDRESS
from cds_service.web.insights import sign_in
from cds_service.web.operations import Operations, operations

_log = logger(__name__)
_A_DAY = 24 * 3600.0


def open_clients(settings: Settings, content: Content) -> Clients:
    """Return the clients in the file that `settings` name; without one, the local mode.

    Raises:
        SettingsError: the file cannot be read or used; the text names every problem.
    """
    path = settings.clients_file
    if path is None:
        return LOCAL_CLIENTS
    try:
        data, positions, issues = strict_yaml.read(path)
    except OSError as problem:
        raise SettingsError(
            f"{variable('clients_file')} names the file {path}, which cannot be read"
            f" ({problem.strerror or 'no reason given'})."
        ) from None
    if issues:
        raise _refused(path, [str(each) for each in issues])
    try:
        clients = read_clients(data, lambda keys: f"{path}:%d:%d" % positions.key(keys))
    except ClientsRefused as refused:
        raise _refused(path, list(refused.problems)) from None
    if unknown := list(_unknown(clients, content)):
        raise _refused(path, unknown)
    return clients


def check_surroundings(settings: Settings, clients: Clients) -> None:
    """Make sure that `open_operations` will do, without connecting to anything.

    Raises:
        SettingsError: the journal, the store of used tokens, a FHIR server or the way in to the
            insights cannot be used.
    """
    check_servers(settings, clients)
    if not clients.local_mode and not settings.base_url:
        raise SettingsError(NO_ADDRESS)
    sign_in.gate(settings, local_mode=clients.local_mode)
    try:
        if settings.replays_url:
            RedisReplays(settings.replays_url).close()
        if settings.journal_dir:
            check_journal(at_home(settings))
    except JournalMisconfigured as problem:
        raise SettingsError(str(problem)) from None


def prepare_journal(settings: Settings) -> None:
    """Bring the journal's tables up to date, if there is a journal.

    Raises:
        JournalUnavailable: the database cannot be used now, or only by a newer version.
    """
    if settings.journal_dir:
        prepare(at_home(settings))


@contextmanager
def open_operations(
    settings: Settings,
    advisor: Advisor,
    clients: Clients,
    *,
    figures: Path | None = None,
    prunes: bool = True,
) -> Iterator[Operations]:
    """Open the parts of the service besides the advisor, and close them at the end.

    `figures` is where several workers keep their metrics together. Of these, one `prunes` the
    journal.

    Raises:
        SettingsError: the journal or the store of used tokens cannot be used.
    """
    try:
        tokens = RedisReplays(settings.replays_url) if settings.replays_url else None
        journal = open_journal(at_home(settings)) if settings.journal_dir else None
    except JournalMisconfigured as problem:
        raise SettingsError(str(problem)) from None
    ended = threading.Event()
    if journal is not None and settings.journal_retention and prunes:
        keep = parse_duration(settings.journal_retention)
        prune = threading.Thread(
            target=prune_daily, args=(journal.store, keep, ended), name="retention", daemon=True
        )
        prune.start()
    try:
        yield operations(
            settings, advisor, clients=clients, journal=journal, tokens=tokens, figures=figures
        )
    finally:
        ended.set()
        if journal is not None:
            journal.close()
        if tokens is not None:
            tokens.close()


def check_servers(settings: Settings, clients: Clients) -> None:
    """Refuse FHIR servers that could never be asked, before the first patient comes.

    Raises:
        SettingsError: an address cannot be used.
    """
    for name, servers in (
        (variable("fhir_servers"), settings.fhir_servers),
        *((f"client {client.id}: fhir_servers", client.fhir_servers) for client in clients.all),
    ):
        try:
            AllowList.of(servers, settings.fhir_private_networks)
        except ValueError as problem:
            raise SettingsError(f"{name} holds an address that cannot be used: {problem}") from None


def prune_daily(store: JournalStore, keep: Duration, ended: threading.Event) -> None:
    """Delete what is older than `keep`, now and once a day, until `ended`."""
    while True:
        first = datetime.combine(before(datetime.now(UTC).date(), keep), time(), UTC)
        try:
            removed = sum(store.prune(first).values())
            _log.info("journal pruned", remarks=[f"{removed} records deleted"])
        except JournalUnavailable as problem:
            _log.warning("the journal was not pruned", exception_type=type(problem).__name__)
        if ended.wait(_A_DAY):
            return


def at_home(settings: Settings) -> Settings:
    """Return `settings` with ``~`` in the journal's directory replaced by the user's home.

    Raises:
        SettingsError: this user has no home directory.
    """
    directory = settings.journal_dir
    try:
        return replace(settings, journal_dir=directory.expanduser() if directory else None)
    except RuntimeError:
        raise SettingsError(
            f"This user has no home directory: set {variable('journal_dir')}, or set it to none."
        ) from None


def _refused(path: Path, problems: list[str]) -> SettingsError:
    return SettingsError("\n".join([f"The clients file {path} cannot be used:", *problems]))


def _unknown(clients: Clients, content: Content) -> Iterator[str]:
    """Yield what clients name that the content does not have."""
    for client in clients.all:
        for procedure in client.order_codes:
            if procedure not in content.procedures:
                yield f"client {client.id}: order_codes names no procedure with {procedure!r}"
        for card in client.disabled_cards or ():
            if card not in content.texts:
                yield f"client {client.id}: disabled_cards names no card with {card!r}"
