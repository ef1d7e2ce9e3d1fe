"""The start of a service: everything is checked, and the address taken, before it answers."""

import errno
import ipaddress
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from cds_service import log
from cds_service.cli.beside import Reading
from cds_service.cli.output import complain, say, speak
from cds_service.cli.service import Service
from cds_service.cli.surroundings import at_home, check_surroundings
from cds_service.cli.whole_site import read_checked
from cds_service.clients.model import Clients
from cds_service.origins import in_the_clear
from cds_service.serving.cores import MOST_WORKERS, cores
from cds_service.serving.pidfile import AlreadyServed, PidFile, pid_path
from cds_service.serving.sockets import listeners
from cds_service.serving.supervisor import NOT_STARTED
from cds_service.settings import Settings, SettingsError, every_setting, variable
from cds_service.web.gate import threads_needed

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it

_PREFIX = variable("")
_ALIKE = 0.85
_NO_DEMO = "There is a clients file, so the order-entry page /demo is off."
_IN_THE_CLEAR = (
    f"{variable('base_url')} does not begin with https://: tokens of clients and data of patients",
    "go over the network in the clear. End TLS in front of the service: docs/security.md.",
)
_NOT_WITHOUT_CLIENTS = (
    "{host} can be reached from other machines, and there is no clients file: without",
    "authentication this service listens on this machine only. Name the clients that may call in",
    "CDS_CLIENTS_FILE, or listen on 127.0.0.1.",
)


_ONE_WORKER = (
    "One worker only: without a journal and without CDS_REPLAYS_URL, no other process could know",
    "that a client's token was used before.",
)


def start(settings: Settings, reading: Reading) -> int:
    """Serve with the content that `reading` reads, as `run` of the command promises."""
    log.configure(settings)
    speak(settings.log_format)
    complain(*_mistyped(os.environ))
    if settings.clients_file is None and not _loopback(settings.host):
        complain(*(line.format(host=settings.host) for line in _NOT_WITHOUT_CLIENTS))
        return NOT_STARTED
    site, remarks = read_checked(settings, reading)
    complain(*remarks)
    if not site.clients.local_mode:
        complain(*_about_clients(settings))
    settings = _measured(at_home(settings), site.clients)
    check_surroundings(settings, site.clients)
    try:
        sockets = listeners(settings.host, settings.port, settings.workers, settings.backlog)
    except (OSError, ValueError) as problem:
        complain(_cannot_listen(settings, problem))
        return NOT_STARTED
    with _figures() as figures, _pid_file(settings) as pid_file:
        code = Service(settings, site, sockets, figures, pid_file).run()
    if code == 0:
        say("Stopped.")
    return code


def _mistyped(names: Iterable[str]) -> Iterator[str]:
    """Yield a line for each variable that is no setting but is written almost like one."""
    known = [variable(setting.name) for setting in every_setting()]
    for name in sorted(names):
        if name.startswith(_PREFIX) and name not in known:
            for meant in get_close_matches(name, known, n=1, cutoff=_ALIKE):
                yield f"{name} is no setting and has no effect. Is {meant} meant?"


def _measured(settings: Settings, clients: Clients) -> Settings:
    """Return `settings` with the number of workers and threads instead of 0.

    Raises:
        SettingsError: there would be too few threads.
    """
    workers = settings.workers or min(cores(), MOST_WORKERS)
    needs_store = not clients.local_mode and settings.journal_dir is None
    if workers > 1 and needs_store and not settings.replays_url:
        complain(*_ONE_WORKER)
        workers = 1
    least = threads_needed(settings)
    if settings.threads and settings.threads < least:
        raise SettingsError(
            f"{variable('threads')} must be 0 or at least {least}, so that calls may wait as other"
            f" settings say ({variable('compute_slots')}, {variable('queue_length')},"
            f" {variable('fhir_calls')}); it is {settings.threads}."
        )
    return replace(settings, workers=workers, threads=settings.threads or least)


def _about_clients(settings: Settings) -> Iterator[str]:
    """Yield what is to be told where clients authenticate."""
    if settings.demo:
        yield _NO_DEMO
    if settings.base_url and in_the_clear(settings.base_url):
        yield from _IN_THE_CLEAR


@contextmanager
def _figures() -> Iterator[Path]:
    """Give a private directory for the figures of all workers, and remove it at the end."""
    usual = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else None
    try:
        made = tempfile.TemporaryDirectory(
            prefix="imaging-advisor-", dir=usual, ignore_cleanup_errors=True
        )
    except OSError as problem:
        raise SettingsError(
            "There is no directory for the figures of the workers: neither /dev/shm nor the"
            f" directory for temporary files can be written ({problem.strerror or problem})."
        ) from None
    with made as name:
        yield Path(name)


@contextmanager
def _pid_file(settings: Settings) -> Iterator[PidFile | None]:
    """Give the file by which other commands find this service; None where there is none."""
    path = pid_path(settings)
    if path is None:
        yield None
        return
    try:
        pid_file = PidFile(path)
    except AlreadyServed:
        complain(f"Another service holds {path}: 'imaging-advisor reload' will reload that one.")
        yield None
        return
    except OSError as problem:
        raise SettingsError(
            f"{variable('pid_file')}: {path} cannot be written"
            f" ({problem.strerror or 'no reason given'})."
        ) from None
    try:
        yield pid_file
    finally:
        pid_file.remove()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _cannot_listen(settings: Settings, problem: Exception) -> str:
    where = f"{settings.host} port {settings.port}"
    if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
        return (
            f"Something else already listens on {where}: stop it, or choose another port"
            " with --port (0 takes a free one)."
        )
    if isinstance(problem, OSError) and problem.errno == errno.EACCES:
        return f"This user may not listen on {where}: choose a port from 1024 with --port."
    return f"Listening on {where} is not possible: {str(problem).rstrip('.')}."
