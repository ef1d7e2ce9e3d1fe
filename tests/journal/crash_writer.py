"""Run as a process of its own: write to the journal and tell what was acknowledged.

Lines on standard output: ``F ID SECONDS`` once a feedback event is acknowledged, ``R ID SECONDS``
once a consultation is recorded, with the clock of the machine.
"""

import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

from cds_service.journal.journal import Journal
from cds_service.journal.keys import SiteKey
from cds_service.journal.spool import Spool
from cds_service.journal.store import JournalStore
from tests.journal.events import CLIENT, Report, consultation


def main(url: str, spool: str) -> None:
    journal = Journal(
        JournalStore(url, longest=5.0), Spool(Path(spool), 1_000_000), SiteKey(b"k" * 32)
    )

    def report() -> None:
        while True:
            result = journal.feedback([Report(str(uuid4()))], CLIENT)
            sys.stdout.write(f"F {result.ids[0]} {time.time()}\n")
            sys.stdout.flush()

    for _ in range(4):
        threading.Thread(target=report, daemon=True).start()
    while True:
        event = consultation()
        journal.record(event)
        sys.stdout.write(f"R {event.id} {time.time()}\n")
        sys.stdout.flush()
        time.sleep(0.002)


main(*sys.argv[1:])
