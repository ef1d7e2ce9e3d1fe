"""Content, site file and clients file as one: read, checked, and put into force together."""

import hashlib

from cds_service.advisor import Advisor
from cds_service.cli.beside import Reading
from cds_service.cli.startup import ContentRefused, InForce, compiled
from cds_service.cli.surroundings import check_servers, open_clients
from cds_service.content.load import ContentNotFound, content_directory, load
from cds_service.serving.site import Site, SiteRefused
from cds_service.settings import Settings, SettingsError

_DIGITS = 16


def read_checked(
    settings: Settings, reading: Reading | None = None
) -> tuple[Site, tuple[str, ...]]:
    """Return what `settings` name, and the warnings about it; only in one thread.

    The content is read now, unless there is a `reading` of it.

    Raises:
        ContentRefused: the content or the site file has errors.
        ContentNotFound: there is no content.
        SettingsError: the site file or the clients file cannot be used.
    """
    loaded, problems = (reading or Reading(settings.cards_dir)).result()
    opened = compiled(loaded, settings, problems)
    return _site(opened, settings), tuple(map(str, opened.remarks))


def read_or_refuse(settings: Settings) -> tuple[Site, tuple[str, ...]]:
    """Return the same as `read_checked`, for whoever goes on with what there was before.

    Raises:
        SiteRefused: what is there now cannot be used.
    """
    try:
        return read_checked(settings)
    except ContentRefused as refused:
        raise SiteRefused(tuple(map(str, refused.issues))) from None
    except (ContentNotFound, SettingsError) as problem:
        raise SiteRefused((str(problem),)) from None


def read_again(settings: Settings) -> Site:
    """Return what `settings` name without checking it, for a process whose parent has.

    Raises:
        SiteRefused: it cannot be used, so that it has changed since it was checked.
    """
    try:
        loaded = load(content_directory(settings.cards_dir))
        return _site(compiled(loaded, settings, ()), settings)
    except Exception as fault:  # unchecked content can fail anyhow; its text may be long
        raise SiteRefused((type(fault).__name__,)) from None


def _site(opened: InForce, settings: Settings) -> Site:
    digest = hashlib.sha256()
    if settings.clients_file is not None:
        try:
            digest.update(settings.clients_file.read_bytes())
        except OSError:  # told below, in words
            digest.update(b"unreadable")
    clients = open_clients(settings, opened.content)
    check_servers(settings, clients)
    advisor = Advisor(opened.content, settings, policy=opened.policy)
    fingerprint = f"{opened.content.version} {digest.hexdigest()[:_DIGITS]}"
    return Site(advisor, clients, fingerprint)
