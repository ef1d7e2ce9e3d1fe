"""Used tokens are remembered by the shared store, and by this process while that is away."""

from datetime import UTC, datetime, timedelta

import pytest

from cds_service.clients.replays import ReplaysUnavailable
from cds_service.journal.errors import JournalUnavailable
from cds_service.web.operations import SharedReplays

LATER = datetime.now(UTC) + timedelta(days=1)


class Store:
    """A store that another process uses too, and that can be away."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()
        self.away = False

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        if self.away:
            raise JournalUnavailable("away")
        new = (issuer, jti) not in self.used
        self.used.add((issuer, jti))
        return new


def test_a_token_used_at_another_process_is_refused():
    store = Store()
    store.used.add(("ehr", "1"))
    assert not SharedReplays(store).first_use("ehr", "1", LATER)


def test_while_the_store_is_away_the_memory_of_this_process_decides():
    store = Store()
    replays = SharedReplays(store)
    assert replays.first_use("ehr", "before", LATER)
    store.away = True
    assert replays.first_use("ehr", "during", LATER)
    assert not replays.first_use("ehr", "during", LATER)
    assert not replays.first_use("ehr", "before", LATER)
    store.away = False
    assert not replays.first_use("ehr", "during", LATER)


def test_a_strict_site_refuses_what_cannot_be_known():
    store = Store()
    store.away = True
    with pytest.raises(ReplaysUnavailable):
        SharedReplays(store, strict=True).first_use("ehr", "1", LATER)
