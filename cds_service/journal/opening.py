"""From settings to a journal, the same way for the service and the command line."""

from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import URL

from cds_service.journal.errors import JournalMisconfigured
from cds_service.journal.journal import Journal
from cds_service.journal.keys import CommentCipher, SiteKey
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from cds_service.log import logger

DATABASE_FILE = "journal.sqlite3"
SPOOL_DIRECTORY = "spool"
_LONGEST_WAIT = 5.0
_CONNECTIONS = 8
"""Connections one process keeps; under load it opens as many again."""
_OWN_KEY = "the journal's key is of this directory alone: replicas need one CDS_JOURNAL_KEY for all"
_log = logger(__name__)


class JournalSettings(Protocol):
    """What the journal needs of the settings."""

    @property
    def journal_dir(self) -> Path | None:
        """Directory of the SQLite database, the spool and a key made by us; None for no journal."""
        ...

    @property
    def journal_url(self) -> str:
        """URL of a PostgreSQL database; empty for SQLite in the directory."""
        ...

    @property
    def journal_key(self) -> str:
        """Secret for pseudonyms, at least 32 characters; empty for one made by us."""
        ...

    @property
    def journal_comment_key(self) -> str:
        """Key for clinicians' comments, 32 bytes in base64; empty to drop them."""
        ...

    @property
    def journal_spool_bytes(self) -> int:
        """Most bytes of events that wait on disk for the database."""
        ...


def open_store(settings: JournalSettings, longest: float | None = None) -> JournalStore:
    """Return the journal's database that `settings` name; nothing connects yet.

    `longest` is how many seconds one use may wait for PostgreSQL; None waits as long as it takes.

    Raises:
        JournalMisconfigured: there is no journal, or a setting of it cannot be used.
    """
    url: str | URL = settings.journal_url
    if not url:
        url = URL.create("sqlite", database=str(_directory(settings) / DATABASE_FILE))
    return JournalStore(url, _CONNECTIONS, longest)


def open_journal(settings: JournalSettings) -> Journal:
    """Return the running journal that `settings` name; a database that is down now may come back.

    Raises:
        JournalMisconfigured: there is no journal, or a setting of it cannot be used.
    """
    store, spool, key, cipher = _parts(settings)
    return Journal(store, spool, key, cipher)


def check_journal(settings: JournalSettings) -> None:
    """Make sure that `open_journal` will do; the key and the directory are made on the way.

    Raises:
        JournalMisconfigured: there is no journal, or a setting of it cannot be used.
    """
    store, *_ = _parts(settings)
    store.close()


def prepare(settings: JournalSettings) -> None:
    """Bring the tables of the journal that `settings` name up to date.

    Raises:
        JournalMisconfigured: there is no journal, or a setting of it cannot be used.
        JournalUnavailable: the database cannot be used now, or only by a newer version.
    """
    store = open_store(settings, _LONGEST_WAIT)
    try:
        store.prepare()
    finally:
        store.close()


def _parts(
    settings: JournalSettings,
) -> tuple[JournalStore, Spool, SiteKey, CommentCipher | None]:
    cipher = None
    if settings.journal_comment_key:
        cipher = CommentCipher.configured(settings.journal_comment_key)
    directory = _directory(settings)
    store = open_store(settings, _LONGEST_WAIT)
    try:
        if settings.journal_key:
            key = SiteKey.configured(settings.journal_key)
        else:
            if settings.journal_url:
                _log.warning(_OWN_KEY)
            key = SiteKey.kept_in(directory)
        spool = Spool(directory / SPOOL_DIRECTORY, settings.journal_spool_bytes)
    except OSError as problem:
        raise _unwritable(directory, problem) from None
    return store, spool, key, cipher


def _directory(settings: JournalSettings) -> Path:
    """Return the journal's directory, made if it is not there."""
    if settings.journal_dir is None:
        raise JournalMisconfigured("There is no journal: no directory is set for it.")
    try:
        directory = settings.journal_dir.expanduser()
    except RuntimeError:
        raise JournalMisconfigured(
            "The journal's directory starts with ~, and this user has no home."
        ) from None
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise _unwritable(directory, problem) from None
    return directory


def _unwritable(directory: Path, problem: OSError) -> JournalMisconfigured:
    return JournalMisconfigured(
        f"The journal's directory {directory} cannot be used ({problem.strerror or problem})."
    )
