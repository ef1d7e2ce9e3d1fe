"""Which variant decides, and what happens where only the duration is unknown."""

from datetime import date
from typing import Any

from cds_service.content.library import Content
from cds_service.content.short_forms import (
    PATIENT,
    order_resource,
    patient_resource,
    record_resource,
)
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.engine.decide import decide
from cds_service.engine.policy import Policy
from cds_service.fhir.orders import read_order

AS_OF = date(2026, 11, 22)


def assessed(content: Content, *records: dict[str, Any], **policy: Any) -> Assessment:
    order = read_order(order_resource({}))
    assert order is not None
    made = [record_resource(record, number) for number, record in enumerate(records)]
    sources = {kind: Source(SourceState.COMPLETE) for kind in content.resource_types}
    chart = Chart(PATIENT, (patient_resource({}), *made), sources)
    return decide(chart, (order,), content, AS_OF, Policy(**policy))[0]


def selected(assessment: Assessment) -> list[str]:
    topic = assessment.topic
    assert topic is not None
    assert topic.selection is not None
    return [variant.id for variant in topic.selection.selected]


def test_acute_and_chronic_pain_are_told_apart_by_the_onset(content: Content) -> None:
    acute = {"condition": "snomed-ct 279039007", "onset": "2026-11-08"}
    chronic = {"condition": "snomed-ct 279039007", "onset": "2026-05-01"}
    assert selected(assessed(content, acute)) == ["low-back-pain-1"]
    assert selected(assessed(content, chronic)) == ["low-back-pain-2"]


def test_six_weeks_to_the_day_is_no_longer_acute(content: Content) -> None:
    six_weeks = {"condition": "snomed-ct 279039007", "onset": "2026-10-11"}
    a_day_less = {"condition": "snomed-ct 279039007", "onset": "2026-10-12"}
    assert selected(assessed(content, six_weeks)) == ["low-back-pain-2"]
    assert selected(assessed(content, a_day_less)) == ["low-back-pain-1"]


def test_without_an_onset_both_twins_decide_together_because_they_rate_alike(
    content: Content,
) -> None:
    assessment = assessed(content)
    assert selected(assessment) == ["low-back-pain-1", "low-back-pain-2"]
    assert assessment.topic is not None
    assert assessment.topic.rated_order is not None
    assert assessment.topic.rated_order.rating.value == "usually-not-appropriate"


def test_the_more_dangerous_question_takes_precedence(content: Content) -> None:
    cancer = {"condition": "icd-10-cm C50.911"}
    saddle = {"condition": "snomed-ct 449813001", "onset": "2026-11-21"}
    surgery = {"procedure": "snomed-ct 50172003", "date": "2020-01-01"}
    assert selected(assessed(content, cancer, saddle, surgery)) == ["low-back-pain-4"]
    assert selected(assessed(content, cancer, surgery)) == ["low-back-pain-7"]
    assert selected(assessed(content, surgery)) == ["low-back-pain-5"]


def test_the_trace_says_why_each_variant_did_not_decide(content: Content) -> None:
    cancer = {"condition": "icd-10-cm C50.911"}
    surgery = {"procedure": "snomed-ct 50172003", "date": "2020-01-01"}
    topic = assessed(content, cancer, surgery).topic
    assert topic is not None
    assert topic.selection is not None
    why = {state.variant.id: state.why for state in topic.selection.states}
    assert why["low-back-pain-7"] == "selected"
    assert why["low-back-pain-5"] == "applies, but low-back-pain-7 takes precedence"
    assert why["low-back-pain-1"] == "its findings do not hold"
    assert why["low-back-pain-3"] == "its findings are not all known"


def test_a_site_can_switch_a_card_off_and_the_trace_says_so(content: Content) -> None:
    quiet = assessed(content, disabled_cards=frozenset({"imaging-not-needed"}))
    assert quiet.advice == ()
    assert ("imaging-not-needed", "this site has switched the card off") in [
        (each.rule_id, each.why) for each in quiet.suppressed
    ]


def test_a_site_can_limit_the_cards_per_order_and_the_urgent_one_stays(content: Content) -> None:
    records = (
        {"device": "snomed-ct 14106009"},
        {"condition": "snomed-ct 449813001", "onset": "2026-11-21"},
    )
    assert [a.indicator.value for a in assessed(content, *records).advice] == ["critical"] * 2
    one = assessed(content, *records, max_cards_per_order=1)
    assert len(one.advice) == 1
    assert any("as many cards" in each.why for each in one.suppressed)
