"""The database goes away and workers are killed: what was recorded arrives all the same."""

import os
import signal
from uuid import uuid4

from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.store import JournalStore
from tests.fhir_server import wait_until
from tests.hook_request import SELECT
from tests.journal.servers import postgres_server
from tests.serving.running import Running

CALLS = 30


def stored(store: JournalStore) -> int:
    """Return how many consultations are stored; -1 while the database is away."""
    try:
        return store.counts()["consultations"]
    except JournalUnavailable:
        return -1


def test_workers_share_a_spool_and_take_over_what_a_killed_one_left(tmp_path, body):
    with postgres_server() as postgres:
        url = postgres.new_database(f"spool-{uuid4()}")
        settings = {
            "CDS_JOURNAL_DIR": str(tmp_path),
            "CDS_JOURNAL_URL": url,
            "CDS_JOURNAL_KEY": "k" * 40,
        }
        with Running(**settings) as service:
            assert service.post(SELECT, body).status_code == 200
            store = JournalStore(url)
            assert wait_until(lambda: store.counts()["consultations"] == 1)
            postgres.stop(abruptly=True)
            answers = [service.post(SELECT, body).status_code for _ in range(CALLS)]
            assert answers == [200] * CALLS, "advice does not wait for the journal"
            spool = tmp_path / "spool"

            def lines() -> int:
                return sum(
                    path.read_bytes().count(b"\n") for path in spool.glob("consultations-*.jsonl")
                )

            assert wait_until(lambda: lines() == CALLS)
            segments = list(spool.glob("consultations-*.jsonl"))
            assert len(segments) > 1, "each worker has segments of its own"
            assert service.ready()["status"] == "degraded"
            for worker in service.workers:
                os.kill(worker, signal.SIGKILL)
            assert wait_until(lambda: len(service.workers) == 2)
            postgres.start()
            assert wait_until(lambda: stored(store) == CALLS + 1)
            store.close()
            assert wait_until(lambda: not list(spool.glob("consultations-*.jsonl")))
            assert wait_until(lambda: service.ready()["status"] == "ready")
            replayed = ("cds_journal_records_total", "replayed")
            assert wait_until(lambda: service.figures()[replayed] == CALLS)
            assert service.figures()["cds_journal_records_total", "lost"] == 0
