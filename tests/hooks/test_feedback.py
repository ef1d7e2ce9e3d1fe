"""Feedback is read as clients send it; one bad item costs only itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.feedback import EPIC_REASON, FeedbackItem, read_feedback

SENT = Path(__file__).parents[1] / "contract" / "sandbox"
CARD = "9dbb92dd-6673-4e28-8d08-cc46005d35ce"
AT = "2026-11-22T08:20:17.617Z"


def item(**changes: Any) -> dict[str, Any]:
    whole = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": AT, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def accepted(*suggestions: Any, **changes: Any) -> dict[str, Any]:
    return item(outcome="accepted", acceptedSuggestions=list(suggestions), **changes)


def only(value: Any) -> FeedbackItem:
    batch = read_feedback({"feedback": [value]})
    assert batch.rejected == ()
    assert batch.refusal is None
    return batch.items[0]


def wrong(value: Any) -> str:
    batch = read_feedback({"feedback": [value]})
    assert batch.items == ()
    ((index, text),) = batch.rejected
    assert index == 0
    return text


@pytest.mark.conformance(175)
@pytest.mark.parametrize(
    "body", [[], None, "text", {}, {"feedback": None}, {"feedback": {}}, {"feedback": "x"}]
)
def test_a_body_without_an_array_of_feedback_is_refused(body: Any):
    with pytest.raises(RequestRefused) as caught:
        read_feedback(body)
    assert caught.value.status == 400


@pytest.mark.conformance(175)
def test_an_empty_array_is_fine():
    batch = read_feedback({"feedback": []})
    assert (batch.items, batch.rejected, batch.refusal) == ((), (), None)


def test_a_batch_of_more_than_a_thousand_items_is_refused():
    assert len(read_feedback({"feedback": [item()] * 1000}).items) == 1000
    with pytest.raises(RequestRefused) as caught:
        read_feedback({"feedback": [item()] * 1001})
    assert caught.value.status == 413


@pytest.mark.conformance(174, 179, 181)
@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [
        ("feedback-accepted.json", "accepted", ""),
        ("feedback-dismissed.json", "overridden", ""),
        ("feedback-overridden.json", "overridden", "emergency"),
    ],
)
def test_what_the_public_sandbox_sends_is_read(name: str, outcome: str, code: str):
    batch = read_feedback(json.loads((SENT / name).read_bytes()))
    (read,) = batch.items
    assert (read.outcome, read.reason_code) == (outcome, code)
    assert bool(read.suggestions) == (outcome == "accepted")
    assert batch.remarks == ()


@pytest.mark.conformance(176)
@pytest.mark.parametrize("card", [None, "", "  ", 7, ["x"], "x" * 256])
def test_an_item_without_a_card_is_rejected(card: Any):
    assert wrong(item(card=card)).startswith("feedback[0].card ")


@pytest.mark.conformance(176)
@pytest.mark.parametrize("card", ["123456", CARD, "x" * 255])
def test_a_card_need_not_be_a_uuid(card: str):
    assert only(item(card=card)).card == card


@pytest.mark.conformance(177)
@pytest.mark.parametrize("outcome", [None, "", "ignored", "Accepted", 1, ["accepted"], {}])
def test_any_other_outcome_is_rejected(outcome: Any):
    assert wrong(item(outcome=outcome)).startswith("feedback[0].outcome ")


@pytest.mark.conformance(178)
def test_an_acceptance_names_its_suggestions():
    assert only(accepted({"id": "one"}, {"id": "two"}, {"id": "one"})).suggestions == ("one", "two")
    assert only(accepted({"id": "one"}, {}, None)).suggestions == ("one",)
    assert only(item(outcome="accepted", acceptedSuggestions={"id": "one"})).suggestions == ("one",)


@pytest.mark.conformance(178)
@pytest.mark.parametrize(
    "suggestions",
    [None, [], [{}], [{"id": ""}], [{"id": 7}], ["one"], "one", [{"id": "x" * 256}]],
)
def test_an_acceptance_without_a_suggestion_is_rejected(suggestions: Any):
    text = wrong(item(outcome="accepted", acceptedSuggestions=suggestions))
    assert text.startswith("feedback[0].acceptedSuggestions")


@pytest.mark.conformance(179)
def test_an_override_needs_no_reason():
    assert only(item()).reason_code == ""
    read = only({**item(), "overrideReason": None})
    assert (read.reason_system, read.reason_code, read.comment) == ("", "", "")


@pytest.mark.conformance(180)
@pytest.mark.parametrize(
    "reason",
    [
        {},
        {"reason": None},
        {"userComment": ""},
        {"reason": {}},
        {"reason": {"system": "urn:x"}},
        {"reason": "other"},
        {"userComment": 7},
        {"userComment": "x" * 4097},
        {"reason": {"code": "x" * 256}},
        {"reason": {"code": "x", "system": "x" * 256}},
        "other",
        ["other"],
    ],
)
def test_an_override_reason_without_reason_and_comment_is_rejected(reason: Any):
    assert wrong(item(overrideReason=reason)).startswith("feedback[0].overrideReason")


@pytest.mark.conformance(180, 181)
def test_reason_and_comment_are_read_each_with_or_without_the_other():
    coding = {"code": "other", "system": "urn:x", "display": "Free display"}
    read = only(item(overrideReason={"reason": coding, "userComment": " why "}))
    assert (read.reason_system, read.reason_code, read.comment) == ("urn:x", "other", "why")
    assert only(item(overrideReason={"userComment": "x" * 4096})).comment == "x" * 4096
    assert only(item(overrideReason={"reason": coding})).comment == ""


@pytest.mark.conformance(181)
def test_a_reason_without_a_system_is_kept_with_a_remark():
    batch = read_feedback({"feedback": [item(overrideReason={"reason": {"code": "other"}})] * 2})
    assert batch.items[0].reason_code == "other"
    assert batch.remarks == ("overrideReason.reason has no system (2 items)",)


@pytest.mark.conformance(182)
@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-01-01T00:05:31Z", (2026, 1, 1, 0, 5, 31)),
        ("2026-01-01T00:05:31.250Z", (2026, 1, 1, 0, 5, 31, 250_000)),
        ("2026-01-01T00:05:31.123456789Z", (2026, 1, 1, 0, 5, 31, 123_456)),
        ("2026-01-01t00:05:31z", (2026, 1, 1, 0, 5, 31)),
        ("2026-01-01T02:05:31+02:00", (2026, 1, 1, 0, 5, 31)),
        ("2025-12-31T19:05:31.5-05:00", (2026, 1, 1, 0, 5, 31, 500_000)),
        ("2016-12-31T23:59:60Z", (2016, 12, 31, 23, 59, 59)),
    ],
)
def test_the_time_is_rfc_3339_and_converted_to_utc(given: str, read: tuple[int, ...]):
    assert only(item(outcomeTimestamp=given)).outcome_at == datetime(*read, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.conformance(182)
@pytest.mark.parametrize(
    ("given", "remark"),
    [
        ("2020-12-16", "outcomeTimestamp is only a date: it counts as midnight UTC (1 items)"),
        ("2020-12-16T00:00:00", "outcomeTimestamp has no zone: it counts as UTC (1 items)"),
    ],
)
def test_a_bare_date_or_no_zone_counts_as_utc_with_a_remark(given: str, remark: str):
    batch = read_feedback({"feedback": [item(outcomeTimestamp=given)]})
    assert batch.items[0].outcome_at == datetime(2020, 12, 16, tzinfo=UTC)
    assert batch.remarks == (remark,)


@pytest.mark.conformance(182)
@pytest.mark.parametrize(
    "given",
    [
        *(None, "", 1763800000, "yesterday", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z"),
        *("0001-01-01T00:00:00+14:00", "0000-01-01", "2026-01-01T00:00:00+25:00", "20260101"),
        *("2026-01-01T00:00:00Z extra", "٢٠٢٦-01-01", "2026-01", "2026-01-01T00:00Z"),
    ],
)
def test_an_item_without_a_time_is_rejected(given: Any):
    assert wrong(item(outcomeTimestamp=given)).startswith("feedback[0].outcomeTimestamp ")


EPIC = {
    f"{EPIC_REASON}reasonCategory": "45",
    f"{EPIC_REASON}reasonDisplay": "Not applicable",
    f"{EPIC_REASON}reasonTitle": "Not applicable",
}


@pytest.mark.conformance(184)
@pytest.mark.parametrize("shape", [lambda one: one, lambda one: [one], lambda one: [one, one]])
def test_epics_plural_reasons_are_read_as_one(shape: Any):
    whole = item(card="123456", overrideReasons=shape({"extension": EPIC, "userComment": "why"}))
    read = only(whole)
    assert read.reason_system == "com.epic.cdshooks.feedback.overrideReason.reasonCategory"
    assert (read.reason_code, read.comment) == ("45", "why")


@pytest.mark.conformance(184)
def test_epics_plural_reasons_may_hold_the_reason_of_the_standard():
    coding = {"reason": {"code": "other", "system": "urn:x"}, "extension": EPIC}
    read = only(item(overrideReasons=coding))
    assert (read.reason_system, read.reason_code) == ("urn:x", "other")
    assert only(item(overrideReasons=[])).reason_code == ""


@pytest.mark.conformance(183)
def test_several_items_for_one_card_are_all_read():
    assert len(read_feedback({"feedback": [item(), item(), accepted({"id": "one"})]}).items) == 3


@pytest.mark.conformance(186)
def test_one_bad_item_does_not_lose_the_good_ones_and_is_told_without_its_values():
    bad = item(outcome="canary", overrideReason={"userComment": "canary"})
    batch = read_feedback({"feedback": [item(), bad, accepted({"id": "one"}), 7, None]})
    assert len(batch.items) == 2
    assert [index for index, _ in batch.rejected] == [1, 3, 4]
    refusal = batch.refusal
    assert refusal
    assert refusal.status == 400
    assert refusal.text == "3 of 5 feedback items were not stored, the others were."
    assert refusal.diagnostics.startswith("feedback[1].outcome must be accepted or overridden; ")
    assert "canary" not in refusal.text + refusal.diagnostics


def test_if_all_items_are_bad_the_answer_says_so():
    refusal = read_feedback({"feedback": [7] * 80}).refusal
    assert refusal
    assert refusal.text == "80 of 80 feedback items were not stored."
    assert refusal.diagnostics.count(";") == 49


@pytest.mark.conformance(189)
def test_a_comment_does_not_show_in_what_is_printed_of_an_item():
    assert "canary" not in repr(only(item(overrideReason={"userComment": "canary"})))


@pytest.mark.parametrize("extra", [{"extension": {"x": 1}}, {"more": None}, {"overrideReason": 7}])
def test_members_that_are_not_ours_change_nothing(extra: dict[str, Any]):
    assert only({**accepted({"id": "one"}), **extra}).suggestions == ("one",)
