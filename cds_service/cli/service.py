"""The service as the command runs it: what its parent process does with content and files."""

import os
import socket
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from cds_service import tracing
from cds_service.cli.beside import done_beside
from cds_service.cli.greeting import greeting
from cds_service.cli.output import complain, say
from cds_service.cli.surroundings import open_operations, prepare_journal
from cds_service.cli.whole_site import read_again, read_or_refuse
from cds_service.serving.board import Board
from cds_service.serving.collector import settle
from cds_service.serving.pidfile import PidFile, Status
from cds_service.serving.site import Site, SiteRefused
from cds_service.serving.supervisor import NOT_STARTED, Supervisor
from cds_service.serving.worker import Worker, close_all
from cds_service.settings import Settings, SettingsError
from cds_service.web.operations import Operations

_LOCAL_MODE = (
    "LOCAL MODE: there is no clients file, so whoever calls from this machine is answered without",
    "authentication. Name the clients in CDS_CLIENTS_FILE before other machines may call.",
)
_LONGEST_FOR_TABLES = 2.0
"""Seconds in which tables are made or brought up to date before the workers try by themselves."""


class Service:
    """The parent process of a service whose settings and content were checked."""

    def __init__(
        self,
        settings: Settings,
        site: Site,
        sockets: list[socket.socket],
        figures: Path,
        pid_file: PidFile | None,
    ) -> None:
        """Keep all of them; `figures` is the directory for the metrics of all workers."""
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
        """Serve until told to end; return the exit code."""
        supervisor = Supervisor(
            board=self._board,
            work=self._work,
            reread=self._reread,
            told=self._told,
            let_go=self._let_go,
            longest_end=self._settings.drain_notice + self._settings.drain_grace,
        )
        with done_beside(lambda: prepare_journal(self._settings), _LONGEST_FOR_TABLES):
            settle()
        return supervisor.run(self._site.fingerprint, self._greet)

    def _greet(self) -> None:
        if self._site.clients.local_mode:
            complain(*_LOCAL_MODE)
        site = self._site
        say(*greeting(self._settings, self._port, site.advisor.content, site.clients))
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
