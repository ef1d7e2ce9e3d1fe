"""``imaging-advisor serve``: the service over HTTP, until it is told to stop."""

import argparse
import errno
import ipaddress
import os
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from cds_service import __version__, log, tracing
from cds_service.cli.output import complain, say
from cds_service.cli.startup import environment
from cds_service.cli.surroundings import at_home, check_surroundings, open_operations
from cds_service.cli.whole_site import read_again, read_checked, read_or_refuse
from cds_service.clients.model import Clients
from cds_service.content.library import Content
from cds_service.serving.board import Board
from cds_service.serving.collector import pause, settle
from cds_service.serving.cores import MOST_WORKERS, cores
from cds_service.serving.pidfile import AlreadyServed, PidFile, Status, pid_path
from cds_service.serving.site import Site, SiteRefused
from cds_service.serving.sockets import listeners
from cds_service.serving.supervisor import NOT_STARTED, Supervisor
from cds_service.serving.worker import Worker, close_all
from cds_service.settings import Settings, SettingsError, variable
from cds_service.web.discovery import SERVICES
from cds_service.web.gate import threads_needed
from cds_service.web.operations import Operations

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it

_LOCAL_MODE = (
    "LOCAL MODE: there is no clients file, so whoever calls from this machine is answered without",
    "authentication. Name the clients in CDS_CLIENTS_FILE before other machines may call.",
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


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "check the content and serve CDS Hooks over HTTP"
    command = commands.add_parser("serve", help=about, description=f"{about.capitalize()}.")
    for name, metavar in (("host", "H"), ("port", "P"), ("workers", "N"), ("threads", "N")):
        item = next(item for item in fields(Settings) if item.name == name)
        command.add_argument(
            f"--{name}",
            type=_argument(item.metadata["read"]),
            metavar=metavar,
            help=f"{item.metadata['meaning']} Default: {variable(name)}, else {item.default}.",
        )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 2 if the address cannot be had.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no content.
        SettingsError: settings are wrong or do not fit the content.
    """
    pause()
    given = {name: getattr(arguments, name) for name in ("host", "port", "workers", "threads")}
    settings = replace(
        environment(), **{name: value for name, value in given.items() if value is not None}
    )
    log.configure(settings)
    if settings.clients_file is None and not _loopback(settings.host):
        complain(*(line.format(host=settings.host) for line in _NOT_WITHOUT_CLIENTS))
        return NOT_STARTED
    site, remarks = read_checked(settings)
    complain(*remarks)
    settings = _measured(at_home(settings), site.clients)
    check_surroundings(settings, site.clients)
    try:
        sockets = listeners(settings.host, settings.port, settings.workers, settings.backlog)
    except (OSError, ValueError) as problem:
        complain(_cannot_listen(settings, problem))
        return NOT_STARTED
    with _figures() as figures, _pid_file(settings) as pid_file:
        code = _Service(settings, site, sockets, figures, pid_file).run()
    if code == 0:
        say("Stopped.")
    return code


class _Service:
    """The parent process of a service whose settings and content were checked."""

    def __init__(
        self,
        settings: Settings,
        site: Site,
        sockets: list[socket.socket],
        figures: Path,
        pid_file: PidFile | None,
    ) -> None:
        self._settings = settings
        self._site = site
        self._sockets = sockets
        self._figures = figures
        self._pid_file = pid_file
        self._board = Board(settings.workers)
        self._port = sockets[0].getsockname()[1]
        # closed by the end of this process, however that comes: workers see it
        self._lifeline, self._held = os.pipe()

    def run(self) -> int:
        supervisor = Supervisor(
            board=self._board,
            work=self._work,
            reread=self._reread,
            told=self._told,
            let_go=self._let_go,
            longest_end=self._settings.drain_notice + self._settings.drain_grace,
        )
        settle()
        return supervisor.run(self._site.fingerprint, self._greet)

    def _greet(self) -> None:
        if self._site.clients.local_mode:
            complain(*_LOCAL_MODE)
        say(*_greeting(self._settings, self._port, self._site.advisor.content))
        sys.stdout.flush()
        self._tell(0, ())

    def _work(self, number: int) -> int:
        """Be a worker; everything of the parent that a worker must not hold is closed first."""
        os.close(self._held)
        if self._pid_file is not None:
            os.close(self._pid_file.descriptor)
        listener = self._sockets[number]
        close_all(self._sockets, but=listener)
        tracing.configure()
        try:
            return Worker(
                number=number,
                settings=self._settings,
                site=self._site,
                board=self._board,
                listener=listener,
                lifeline=self._lifeline,
                figures=self._figures,
                open_parts=self._open_parts,
                read_again=lambda: read_again(self._settings),
            ).run()
        except SettingsError as problem:
            complain(str(problem))
            return NOT_STARTED
        finally:
            tracing.stop()

    def _open_parts(self, site: Site, number: int) -> AbstractContextManager[Operations]:
        return open_operations(
            self._settings,
            site.advisor,
            site.clients,
            figures=self._figures,
            prunes=number == 0,
        )

    def _reread(self) -> str:
        site, remarks = read_or_refuse(self._settings)
        if site.clients.local_mode != self._site.clients.local_mode:
            raise SiteRefused(("a reload cannot switch between local mode and authentication",))
        complain(*remarks)
        self._site = site
        settle()
        return site.fingerprint

    def _told(self, problems: tuple[str, ...]) -> None:
        generation = self._board.wanted.generation
        if problems:
            complain(*problems, "Nothing was changed: the service goes on with what it had.")
        else:
            say(f"Content {self._site.advisor.content_version} is in use, and the clients file.")
        sys.stdout.flush()
        self._tell(generation, problems)

    def _tell(self, generation: int, problems: tuple[str, ...]) -> None:
        if self._pid_file is None:
            return
        told = self._pid_file.reloads = self._pid_file.reloads + (generation > 0 or bool(problems))
        content = tuple(row.content for row in self._board.rows())
        self._pid_file.tell(Status(generation=told, problems=problems, content=content))

    def _let_go(self) -> None:
        for each in self._sockets:
            each.close()


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


def _argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return `read` with its complaints in the words of the command line."""

    def checked(value: str) -> Any:
        try:
            return read(value)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(f"{problem}; it is {value!r}") from None

    return checked


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


def _greeting(settings: Settings, port: int, content: Content) -> list[str]:
    base = settings.base_url or f"http://{_host(settings.host)}:{port}"
    return [
        f"Imaging-order advisor {__version__} on {base}",
        f"Content {content.version}: topics {len(content.topics)},"
        f" findings {len(content.findings)}, procedures {len(content.procedures)},"
        f" codes {len(_codes(content))}.",
        *([f"Site file {settings.site_file}."] if settings.site_file else ()),
        "Try it:",
        f"  {_program()} example | curl -s {base}/cds-services/{SERVICES[0].id}"
        " -H 'Content-Type: application/json' --data @-",
    ]


def _host(host: str) -> str:
    """Return the host by which this machine reaches what listens on `host`."""
    if host in ("0.0.0.0", "*", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _codes(content: Content) -> set[tuple[str, str]]:
    """Return the codes of value sets and procedures; a prefix or block counts as one."""
    return {
        (group.system, concept.code)
        for value_set in content.value_sets.values()
        for group in value_set.concepts
        for concept in group.codes
    } | {(code.system, code.value) for code in content.procedure_by_code}


def _program() -> str:
    """Return how this program is called from the shell it was started in."""
    name = "imaging-advisor"
    if shutil.which(name):
        return name
    started = Path(sys.argv[0])
    if started.name == name and started.exists():
        return shlex.quote(str(started))
    return f"{shlex.quote(sys.executable)} -m cds_service.cli"
