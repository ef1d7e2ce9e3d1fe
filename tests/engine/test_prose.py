"""Text that is too long, or too much, to be searched: what was not read is never taken for a no."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from cds_service.content.library import Content
from cds_service.engine import prose
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import SourceState
from cds_service.engine.decide import decide
from cds_service.engine.prose import Prose
from cds_service.gather.chart import gather
from cds_service.hooks.json_body import decode_call, encode
from cds_service.hooks.request import read_request
from cds_service.settings import Settings
from cds_service.text.tokens import LONGEST_TEXT
from tests.hook_request import BACK_PAIN, BREAST_CANCER, MRI_WITHOUT, order, resources
from tests.hook_request import request as hook_request

SETTINGS = Settings()
TODAY = date(2026, 11, 22)
FILLING = "seen by the physiotherapist and felt well. "
LONG = FILLING * (LONGEST_TEXT // len(FILLING) + 1)


def condition(text: str, number: int = 0, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": f"text-{number}", "code": {"text": text}, **more}


def assessed(
    content: Content,
    *conditions: dict[str, Any],
    operations: tuple[dict[str, Any], ...] = (),
    **of_order: Any,
) -> Assessment:
    sent = {**order(MRI_WITHOUT), **of_order}
    request = hook_request(sent, resources(BACK_PAIN))
    for key, added in (("conditions", conditions), ("procedures", operations)):
        request["prefetch"][key]["entry"] += [{"resource": each} for each in added]
    call = read_request(decode_call(encode(request), SETTINGS), frozenset({"order-select"}))
    (found,) = decide(gather(call, content, SETTINGS), call.orders, content, TODAY)
    return found


def states(assessment: Assessment, *names: str) -> list[str]:
    return [assessment.findings[name].state.value for name in names]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make the most text that is searched a few sentences."""
    most = 10 * len(FILLING)
    monkeypatch.setattr(prose, "MOST_TEXT", most)
    yield most


def test_a_long_text_is_read_to_its_end(content: Content) -> None:
    told = (LONG[: LONGEST_TEXT - 40] + " fever since monday")[:LONGEST_TEXT]
    found = assessed(content, condition(told))
    assert states(found, "fever", "chills") == ["unknown", "absent"]  # undated: a question
    assert found.not_checked == ()


def test_what_follows_in_a_text_that_is_too_long_is_not_taken_for_absent(content: Content) -> None:
    found = assessed(content, condition(f"{LONG} fever since monday"))
    assert states(found, "fever", "chills", "history-of-cancer") == ["unknown"] * 3
    assert found.not_checked == ("Condition",)
    assert "some of its text is too long to be read" in found.findings["chills"].reasons[0]


def test_what_the_beginning_of_a_text_that_is_too_long_says_counts(content: Content) -> None:
    found = assessed(content, condition(f"history of breast cancer. {LONG}"))
    assert states(found, "history-of-cancer", "chills") == ["present", "unknown"]


def test_findings_of_other_sources_are_absent_all_the_same(content: Content) -> None:
    found = assessed(content, condition(LONG))
    assert states(found, "elderly") == ["absent"]


def test_a_reason_on_the_order_that_is_too_long_leaves_open_what_a_reason_may_say(
    content: Content,
) -> None:
    found = assessed(content, reasonCode=[{"text": f"low back pain. {LONG} r/o mets"}])
    assert states(found, "history-of-cancer", "elderly") == ["unknown", "absent"]
    assert found.not_checked == ("ServiceRequest",)


def test_a_note_that_is_too_long_is_as_bad_as_a_reason(content: Content) -> None:
    found = assessed(content, note=[{"text": LONG}])
    assert found.not_checked == ("ServiceRequest",)


def test_an_order_of_usual_length_leaves_nothing_open(content: Content) -> None:
    found = assessed(content, note=[{"text": LONG[:LONGEST_TEXT]}])
    assert found.not_checked == ()
    assert found.evidence.unread == frozenset()


@pytest.mark.usefixtures("little")
def test_after_too_much_text_codes_still_count(content: Content) -> None:
    prosaic = [condition(f"{number} {FILLING}", number) for number in range(20)]
    coded = condition("", 99, code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm",
                                                "code": "C50.911"}]})  # fmt: skip
    found = assessed(content, *prosaic, coded)
    assert states(found, "history-of-cancer", "fever") == ["present", "unknown"]
    assert found.not_checked == ("Condition",)


def test_a_text_that_recurs_is_too_much_only_once(content: Content, little: int) -> None:
    prosaic = [condition(FILLING, number) for number in range(little)]
    assert assessed(content, *prosaic).not_checked == ()


@pytest.mark.usefixtures("little")
def test_what_was_left_unread_in_one_chart_is_read_in_the_next(content: Content) -> None:
    system = "https://hospital.example/problems"
    local = {"coding": [{"system": system, "code": "7", "display": f"fever, {FILLING}"}]}
    last = condition("", 99, code=local)
    prosaic = [condition(f"{number} {FILLING}", number) for number in range(20)]
    assert assessed(content, *prosaic, last).not_checked == ("Condition",)
    alone = assessed(content, last)
    assert alone.not_checked == ()
    assert alone.findings["fever"].items


@pytest.mark.usefixtures("little")
def test_a_procedure_left_unread_in_one_chart_is_read_in_the_next(content: Content) -> None:
    coding = {"system": "https://hospital.example/operations", "code": "8"}
    local = {"coding": [{**coding, "display": f"insertion of pacemaker, {FILLING}"}]}
    operation = {"resourceType": "Procedure", "id": "p", "status": "completed", "code": local}
    prosaic = [condition(f"{number} {FILLING}", number) for number in range(20)]
    crowded = assessed(content, *prosaic, operations=(operation,))
    assert crowded.not_checked == ("Condition", "Procedure")
    alone = assessed(content, operations=(operation,))
    assert alone.not_checked == ()
    assert alone.findings["pacemaker"].items


@pytest.mark.usefixtures("little")
def test_all_orders_of_a_call_share_what_may_be_read(content: Content) -> None:
    first = {**order(MRI_WITHOUT), "note": [{"text": FILLING * 8}]}
    second = {**first, "id": "second", "note": [{"text": f"again {FILLING * 8}"}]}
    request = hook_request(first, resources(BREAST_CANCER, BACK_PAIN))
    request["context"]["draftOrders"]["entry"].append({"resource": second})
    call = read_request(decode_call(encode(request), SETTINGS), frozenset({"order-select"}))
    found = decide(gather(call, content, SETTINGS), call.orders, content, TODAY)
    assert [each.not_checked for each in found] == [(), ("ServiceRequest",)]


def test_what_is_not_read_is_told_until_it_is_asked_for_again(content: Content) -> None:
    searched = Prose(content)
    searched.mentions(LONG)
    assert searched.cut
    searched.cut = False
    assert searched.mentions("fever")
    assert not searched.cut
    searched.mentions(LONG)
    assert searched.cut


def test_the_source_says_itself_that_its_text_was_too_long(content: Content) -> None:
    found = assessed(content, condition(LONG))
    assert found.findings.chart.source("Condition").state is SourceState.TOO_MUCH_TEXT
    assert found.findings.chart.source("Procedure").state is SourceState.COMPLETE
