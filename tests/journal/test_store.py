"""The database keeps what is given, once, and tells what belongs together."""

import csv
import io
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import structs

from cds_service.journal.engines import RefusedByDatabase
from cds_service.journal.errors import JournalMisconfigured
from cds_service.journal.events import Consultation, Feedback
from cds_service.journal.keys import SiteKey
from cds_service.journal.privacy import feedback_event
from cds_service.journal.store import JournalStore
from tests.journal.events import CLIENT, NOW, Report, card_of, consultation

KEY = SiteKey(b"k" * 32)


def event(report: Report, client: str = CLIENT) -> Feedback:
    return feedback_event(report, client, KEY, None)


def told(store: JournalStore) -> list[dict[str, object]]:
    return [json.loads(line) for line in store.export()]


def accepted(advised: Consultation, minutes: float = 0) -> Report:
    return Report(
        card_of(advised),
        outcome="accepted",
        suggestions=advised.cards[0].suggestions[:1],
        outcome_at=NOW + timedelta(minutes=minutes),
    )


def test_a_consultation_written_twice_is_stored_once(store: JournalStore):
    first, second = consultation(), consultation()
    store.write([first])
    store.write([first, second])
    counts = store.counts()
    assert (counts["consultations"], counts["cards"], counts["suggestions"]) == (2, 2, 4)


@pytest.mark.conformance(183)
def test_a_repeated_report_is_one_event_and_a_change_of_mind_another(store: JournalStore):
    advised = consultation()
    store.write([advised])
    override = event(Report(card_of(advised), reason_system="urn:x", reason_code="other"))
    assert store.write_feedback([override]).new == 1
    repeated = store.write_feedback([override, override])
    assert (repeated.new, repeated.repeated) == (0, 2)
    assert store.write_feedback([event(accepted(advised, minutes=1))]).new == 1
    (line,) = told(store)
    outcomes = [each["outcome"] for each in line["cards"][0]["feedback"]]  # type: ignore[index]
    assert outcomes == ["overridden", "accepted"]


def test_the_order_of_suggestions_and_the_spelling_of_the_card_make_no_new_event(
    store: JournalStore,
):
    advised = consultation()
    one = Report(card_of(advised), outcome="accepted", suggestions=("x", "y"))
    other = Report(f"urn:uuid:{card_of(advised).upper()}", "accepted", suggestions=("y", "x", "x"))
    store.write_feedback([event(one)])
    assert store.write_feedback([event(other)]).repeated == 1


@pytest.mark.conformance(185)
def test_feedback_that_arrives_before_its_consultation_belongs_to_it_afterwards(
    store: JournalStore,
):
    advised = consultation()
    result = store.write_feedback([event(accepted(advised)), event(Report("123456"))])
    assert (result.new, result.unmatched) == (2, 2)
    store.write([advised])
    assert store.counts()["unmatched"] == 1
    line, unmatched = told(store)
    assert line["cards"][0]["feedback"][0]["outcome"] == "accepted"  # type: ignore[index]
    assert (unmatched["type"], unmatched["uuid"]) == ("unmatched-feedback", "123456")


def test_feedback_on_a_card_of_another_client_matches_nothing(store: JournalStore):
    advised = consultation()
    store.write([advised])
    result = store.write_feedback([event(accepted(advised), client="https://other.example")])
    assert result.unmatched == 1
    assert told(store)[0]["cards"][0]["feedback"] == []  # type: ignore[index]


def test_the_same_event_from_many_threads_is_new_once(store: JournalStore):
    reports = [event(Report(f"card-{number}")) for number in range(20)]
    results = []

    def send(batch: list[Feedback]) -> None:
        results.append(store.write_feedback(batch))

    store.prepare()
    batches = [reports, reports[::-1]] * 4
    threads = [threading.Thread(target=send, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert sum(result.new for result in results) == 20
    assert store.counts()["feedback"] == 20


def test_what_the_database_can_never_take_is_told_from_a_database_that_is_down(
    postgres_url: str, open_store: Callable[[str], JournalStore]
):
    store = open_store(postgres_url)
    with pytest.raises(RefusedByDatabase):
        store.write([consultation(), consultation(hook="a\x00b")])
    assert store.counts()["consultations"] == 0


@pytest.mark.conformance(203)
def test_two_stores_on_one_database_refuse_each_others_tokens(
    url: str, open_store: Callable[[str], JournalStore]
):
    one, other = open_store(url), open_store(url)
    soon = time.time() + 300
    assert one.first_use("https://ehr.example", "jti-1", soon)
    assert not other.first_use("https://ehr.example", "jti-1", soon)
    assert other.first_use("https://other.example", "jti-1", soon)
    assert not one.first_use("https://other.example", "jti-1", soon)


def test_a_call_that_comes_again_at_another_process_may_use_its_token(
    url: str, open_store: Callable[[str], JournalStore]
):
    one, other = open_store(url), open_store(url)
    soon = time.time() + 300
    assert one.first_use("iss", "repeated", soon, "call 1")
    assert other.first_use("iss", "repeated", soon, "call 1")
    assert not other.first_use("iss", "repeated", soon, "call 2")
    assert not other.first_use("iss", "repeated", soon)
    assert one.first_use("iss", "unnamed", soon)
    assert not other.first_use("iss", "unnamed", soon, "call 1")


def test_two_stores_on_one_database_share_feedback(
    url: str, open_store: Callable[[str], JournalStore]
):
    one, other = open_store(url), open_store(url)
    report = event(Report("card-1"))
    assert one.write_feedback([report]).new == 1
    assert other.write_feedback([report]).repeated == 1


def test_a_token_used_by_many_threads_at_once_is_used_once(store: JournalStore):
    store.prepare()
    used: list[bool] = []

    def use() -> None:
        used.append(store.first_use("https://ehr.example", "jti-1", time.time() + 60))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(used) == [False] * 7 + [True]


def test_tokens_are_forgotten_some_minutes_after_they_expire(store: JournalStore):
    now = time.time()
    assert store.first_use("iss", "just expired", now - 60)
    assert not store.first_use("iss", "just expired", now - 60)
    assert store.first_use("iss", "long expired", now - 3600)
    assert store.first_use("iss", "long expired", now - 3600)
    store._purge_at = 0.0
    store.first_use("iss", "new", now + 60)
    assert store.counts()["used_tokens"] == 2


def test_pruning_takes_old_consultations_with_their_feedback_and_nothing_else(
    store: JournalStore,
):
    old, new = consultation(minutes=-10), consultation(minutes=10)
    store.write([old, new])
    store.write_feedback([event(accepted(old, 11)), event(accepted(new, 12))])
    assert store.prune(NOW) == {"consultations": 1, "feedback": 1}
    counts = store.counts()
    assert (counts["consultations"], counts["cards"], counts["suggestions"]) == (1, 1, 2)
    assert (counts["feedback"], counts["unmatched"], counts["consultation_orders"]) == (1, 0, 1)


def test_pruning_takes_many_consultations_in_steps(store: JournalStore):
    store.write([consultation(minutes=-1) for _ in range(1200)])
    assert store.prune(NOW)["consultations"] == 1200
    assert store.prune(NOW)["consultations"] == 0


def test_unmatched_feedback_is_pruned_by_the_time_when_it_came(store: JournalStore):
    unmatched = event(Report("card-1"))
    store.write_feedback([unmatched])
    assert store.prune(unmatched.received_at)["feedback"] == 0
    assert store.prune(unmatched.received_at + timedelta(seconds=1))["feedback"] == 1


def test_export_goes_by_time_from_the_first_moment_up_to_but_without_the_last(
    store: JournalStore,
):
    events = [consultation(minutes=number) for number in range(1100)]
    store.write(events[::-1])
    span = (NOW + timedelta(minutes=10), NOW + timedelta(minutes=1050))
    lines = [json.loads(line)["consultation"] for line in store.export(*span)]
    assert lines == [str(each.id) for each in events[10:1050]]


def test_export_has_neither_keys_of_patients_and_orders_nor_comments(store: JournalStore):
    advised = consultation(orders=(), cards=consultation().cards)
    store.write([consultation(), advised])
    store.write_feedback([event(Report(card_of(advised), comment="call the son"))])
    for form in ("jsonl", "csv"):
        text = "\n".join(store.export(form=form))  # type: ignore[arg-type]
        assert "call the son" not in text
        assert "a" * 64 not in text
        assert "b" * 64 not in text


def test_the_table_has_a_row_for_each_card_and_answer(store: JournalStore):
    advised, silent = consultation(), consultation(minutes=1, cards=())
    store.write([advised, silent])
    store.write_feedback([event(Report(card_of(advised))), event(accepted(advised, 1))])
    store.write_feedback([event(Report("-1+2", reason_code="-x"))])
    rows = list(csv.DictReader(io.StringIO("\n".join(store.export(form="csv")))))
    assert [row["outcome"] for row in rows] == ["overridden", "accepted", "", "overridden"]
    assert rows[0]["procedure"] == "mri-lumbar-spine-without"
    assert rows[1]["accepted"] == advised.cards[0].suggestions[0]
    assert (rows[2]["consultation"], rows[2]["uuid"]) == (str(silent.id), "")
    assert rows[3]["reason_code"] == "'-x"


def test_a_suggestion_named_like_a_formula_is_guarded_as_every_text_is(store: JournalStore):
    advised = consultation()
    store.write([advised])
    taken = Report(card_of(advised), outcome="accepted", suggestions=("-A1",))
    store.write_feedback([event(taken)])
    _, row = csv.reader(store.export(form="csv"))
    assert "'-A1" in row


def test_a_card_about_one_of_two_orders_with_one_key_is_told_of_the_first(store: JournalStore):
    advised = consultation()  # drafts without an id have one key, as in the insights
    twice = structs.replace(advised, orders=advised.orders * 2)
    store.write([twice])
    assert told(store)[0]["cards"][0]["order"] == 0  # type: ignore[index]


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://ann:pw@x/y", "pw"])
def test_a_url_of_anything_else_is_refused_without_naming_it(url: str):
    with pytest.raises(JournalMisconfigured) as caught:
        JournalStore(url)
    assert "pw" not in str(caught.value)


def test_the_file_of_the_database_is_readable_by_us_alone(tmp_path, open_store):
    store = open_store(f"sqlite:///{tmp_path}/journal.sqlite3")
    store.write([consultation()])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
