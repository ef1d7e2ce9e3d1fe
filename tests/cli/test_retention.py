"""What is older than the site wants to keep leaves the journal by itself."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cds_service.cli.surroundings import prune_daily
from cds_service.fhir.dates import parse_duration
from cds_service.journal.events import Consultation
from cds_service.journal.store import JournalStore


def test_old_consultations_are_deleted_and_recent_ones_stay(tmp_path: Path) -> None:
    store = JournalStore(f"sqlite:///{tmp_path}/journal.sqlite3")
    store.prepare()
    now = datetime.now(UTC)
    store.write(
        [
            Consultation(id=uuid4(), at=now - timedelta(days=age), client="ehr")
            for age in (1, 89, 92)
        ]
    )
    ended = threading.Event()
    ended.set()
    prune_daily(store, parse_duration("P90D"), ended)
    assert store.counts()["consultations"] == 2
    store.close()
