"""What the command "serve" does, with an advisor that takes its time. Run by test_shutdown."""

import os
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from cds_service.advisor import Consultation
from cds_service.clients.model import LOCAL_CLIENTS
from cds_service.serving.board import Board
from cds_service.serving.site import Site
from cds_service.serving.sockets import listeners
from cds_service.serving.supervisor import Supervisor
from cds_service.serving.worker import Worker, close_all
from cds_service.settings import Settings
from cds_service.web.operations import operations


def tell(word: str) -> None:
    sys.stdout.write(word + "\n")  # in one piece, whatever other processes say
    sys.stdout.flush()


class SlowAdvisor:
    """Answers after as many seconds as the patient's id says, or once `released` is there."""

    def __init__(self, released: Path) -> None:
        self._released = released
        self.prefetch_templates = {"patient": "Patient/{{context.patientId}}"}
        self.content_version = "content-1"

    def consult(self, request: Any, _client: Any) -> Consultation:
        tell("asked")
        seconds = request.patient_id.removeprefix("wait-")
        if seconds == "held":
            while not self._released.exists():
                time.sleep(0.01)
        else:
            time.sleep(float(seconds))
        tell("answered")
        return Consultation(date(2026, 11, 22), None, (), [])


def main(notice: float, grace: float, workers: int, released: Path) -> int:
    settings = Settings(
        drain_notice=notice,
        drain_grace=grace,
        workers=workers,
        threads=90,
        compute_slots=2,
        queue_wait=60.0,
    )
    sockets = listeners("127.0.0.1", 0, workers, 128)
    board = Board(workers)
    lifeline, held = os.pipe()
    advisor: Any = SlowAdvisor(released)

    @contextmanager
    def parts(_site: Site, _number: int) -> Any:
        try:
            yield operations(settings, advisor, figures=Path(figures))
        finally:
            tell("journal closed")

    def work(number: int) -> int:
        site = Site(advisor, LOCAL_CLIENTS, "content-1 x")
        listener = sockets[number]
        os.close(held)
        close_all(sockets, but=listener)
        return Worker(
            number=number,
            settings=settings,
            site=site,
            board=board,
            listener=listener,
            lifeline=lifeline,
            figures=Path(figures),
            open_parts=parts,
            read_again=lambda: site,
        ).run()

    def let_go() -> None:
        for each in sockets:
            each.close()

    with tempfile.TemporaryDirectory() as figures:
        supervisor = Supervisor(
            board=board,
            work=work,
            reread=lambda: "content-1 x",
            told=lambda _problems: None,
            let_go=let_go,
            longest_end=notice + grace,
        )
        return supervisor.run("content-1 x", lambda: tell(str(sockets[0].getsockname()[1])))


if __name__ == "__main__":
    notice, grace, workers, released = sys.argv[1:]
    sys.exit(main(float(notice), float(grace), int(workers), Path(released)))
