"""Nothing that tells who the patient is reaches the disk."""

import base64
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from msgspec import structs

from cds_service.journal.events import ConsultedOrder
from cds_service.journal.journal import Journal
from cds_service.journal.keys import CommentCipher, SiteKey
from cds_service.journal.privacy import without_ids
from cds_service.journal.store import JournalStore
from tests.journal.events import CLIENT, Report, card_of, consultation
from tests.journal.test_journal import FakeStore, until

KEY = SiteKey(b"k" * 32)
CANARIES = (
    "CanaryName",
    "1961-07-14",
    "eyJhbGciOiJSUzM4NCJ9.canary-token",
    "canary free text",
    "pat-canary-77",
    "order-canary-88",
)


def _everything_said(journal: Journal) -> list[Report]:
    """Record all canaries in every place that a client or a careless caller can reach."""
    name, born, token, text, patient, order = CANARIES
    card = consultation().cards[0]
    journal.record(
        consultation(
            hook_instance=f"{name} {born}",
            patient_key=patient,
            orders=(ConsultedOrder(order_key=order),),
            cards=(
                type(card)(uuid=card.uuid, card="c", rule="r", indicator="info", order_key=order),
            ),
        )
    )
    advised = consultation(
        patient_key=journal.key.pseudonym("Patient", patient),
        hook_instance=f"Bearer {token}",
    )
    journal.record(advised)
    return [
        Report(f"{name} born {born}", reason_code=text, reason_system=f"{text} system"),
        Report(card_of(advised), comment=f"{name} {born} {token} {text}"),
        Report(card_of(advised), "accepted", suggestions=(f"{text} {patient}",)),
    ]


def _found(data: bytes) -> list[str]:
    return [canary for canary in CANARIES if canary.encode() in data]


def _bytes_below(directory: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


@pytest.mark.conformance(189, 214, 216)
@pytest.mark.parametrize("cipher", [None, CommentCipher(b"c" * 32)])
def test_no_file_of_the_database_holds_a_canary(
    cipher: CommentCipher | None, tmp_path: Path, open_store, open_journal
):
    store = open_store(f"sqlite:///{tmp_path}/journal.sqlite3")
    journal: Journal = open_journal(store, cipher=cipher)
    reports = _everything_said(journal)
    assert journal.feedback(reports, CLIENT).new == 3
    until(lambda: journal.figures().written == 2)
    data = _bytes_below(tmp_path)
    assert b"journal_version" in data
    assert _found(data) == []


@pytest.mark.conformance(189, 214, 216)
def test_no_row_in_postgresql_holds_a_canary(
    postgres_url: str, open_store: Callable[[str], JournalStore], open_journal
):
    journal: Journal = open_journal(open_store(postgres_url), cipher=CommentCipher(b"c" * 32))
    reports = _everything_said(journal)
    assert journal.feedback(reports, CLIENT).new == 3
    until(lambda: journal.figures().written == 2)
    with psycopg.connect(postgres_url) as connection:
        tables = ("consultations", "consultation_orders", "cards", "suggestions", "feedback")
        rows = b""
        for table in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:  # type: ignore[call-overload]
                rows += b"".join(map(bytes, copy))
    assert b"hidden:" in rows
    assert _found(rows) == []


@pytest.mark.conformance(189, 214, 216)
def test_no_file_of_the_spool_holds_a_canary(tmp_path: Path, open_journal):
    fake = FakeStore()
    fake.down = True
    journal: Journal = open_journal(fake)
    _everything_said(journal)
    until(lambda: journal.figures().spooled == 2)
    data = _bytes_below(tmp_path)
    assert b"hook_instance" in data
    assert _found(data) == []


def test_an_event_in_which_no_id_was_left_goes_on_as_it_is():
    for event in (consultation(), consultation(hook_instance="", patient_key="", orders=())):
        assert without_ids(event, KEY) is event


def test_one_id_that_was_left_becomes_a_pseudonym_wherever_it_is():
    event = consultation()
    (order,), (card,) = event.orders, event.cards
    left_in_an_order = structs.replace(order, order_key=CANARIES[5])
    left_in_a_card = structs.replace(card, order_key=CANARIES[5])
    key = KEY.pseudonym("order", CANARIES[5])
    hidden = [
        without_ids(structs.replace(event, **change), KEY)
        for change in (
            {"orders": (order, left_in_an_order)},
            {"cards": (card, left_in_a_card)},
            {"patient_key": CANARIES[4]},
            {"patient_key": "A" * 64},
            {"patient_key": "a" * 64 + "\n"},
            {"hook_instance": CANARIES[0] + " " + CANARIES[1]},
        )
    ]
    assert hidden[0].orders == (order, structs.replace(order, order_key=key))
    assert hidden[1].cards == (card, structs.replace(card, order_key=key))
    assert hidden[2].patient_key == KEY.pseudonym("Patient", CANARIES[4])
    assert hidden[3].patient_key == KEY.pseudonym("Patient", "A" * 64)
    assert hidden[4].patient_key == KEY.pseudonym("Patient", "a" * 64 + "\n")
    assert hidden[5].hook_instance.startswith("hidden:")


@pytest.mark.parametrize("spelled", [str.upper, "urn:uuid:{}".format, "{{{}}}".format])
def test_a_uuid_is_kept_in_one_spelling(spelled: Callable[[str], str]):
    event = consultation()
    given = structs.replace(event, hook_instance=spelled(event.hook_instance))
    assert without_ids(given, KEY) == event


@pytest.mark.conformance(189)
def test_a_comment_is_dropped_unless_a_key_is_set_and_that_there_was_one_is_kept(
    tmp_path: Path, open_store, open_journal
):
    url = f"sqlite:///{tmp_path}/journal.sqlite3"
    key = base64.b64encode(b"c" * 32).decode()
    open_journal(open_store(url)).feedback([Report("card-1", comment="one"), Report("card-2")], "")
    cipher = CommentCipher.configured(key)
    open_journal(open_store(url), cipher=cipher).feedback([Report("card-3", comment="three")], "")
    store = open_store(url)
    with store._database.unit(writes=False) as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, commented, comment FROM feedback ORDER BY card"
        ).all()
    assert [(bool(row.commented), row.comment is None) for row in rows] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert cipher.decrypt(rows[2].comment, rows[2].id) == "three"
