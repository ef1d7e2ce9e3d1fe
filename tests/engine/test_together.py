"""The orders of one call taken together: counted once, only when asked, and never wrongly."""

from datetime import date

import pytest

from cds_service.content.library import Content
from cds_service.content.short_forms import order_resource, patient_resource, record_resource
from cds_service.engine import together
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.engine.decide import decide
from cds_service.fhir.orders import DraftOrder, read_order

AS_OF = date(2026, 11, 22)
LEVEL = "spine-level.cord-compression-suspected"
LUMBAR, THORACIC, CERVICAL = ("loinc 30679-5", "loinc 36532-0", "loinc 30667-0")


def ordered(code: str) -> DraftOrder:
    order = read_order(order_resource({"code": code, "priority": "stat"}))
    assert order is not None
    return order


def assessed(
    content: Content,
    records: list[dict[str, str]],
    order: DraftOrder,
    *beside: DraftOrder,
) -> Assessment:
    chart = Chart(
        "case-patient",
        (patient_resource({}), *map(record_resource, records)),
        {kind: Source(SourceState.COMPLETE) for kind in content.resource_types},
    )
    return decide(chart, (order,), content, AS_OF, beside=beside)[0]


COMPRESSION = [{"condition": "icd-10-cm G95.20", "onset": "2026-11-21"}]
CANCER_AND_THORACIC_PAIN = [
    {"condition": "icd-10-cm M54.6", "onset": "2026-11-01"},
    {"condition": "snomed-ct 254837009", "onset": "2019-03-01"},
    {"condition": "snomed-ct 279039007", "onset": "2026-11-08"},
]


def given(assessment: Assessment) -> set[str]:
    return {advice.rule_id for advice in assessment.advice}


def why(assessment: Assessment) -> dict[str, str]:
    return {each.rule_id: each.why for each in assessment.suppressed}


def test_the_trace_says_that_the_orders_together_ask_for_it(content: Content) -> None:
    three = [ordered(code) for code in (LUMBAR, THORACIC, CERVICAL)]
    found = assessed(content, COMPRESSION, three[0], *three)
    assert given(found) == set()
    assert why(found)[LEVEL] == "the orders of this call together ask for it"
    decided = [v.state.id for v in found.safety if v.rule.id == "spine-level" and v.state]
    assert decided == ["cord-compression-suspected"], "the situation holds all the same"


def test_no_topic_rule_changes_one_order_of_several(content: Content) -> None:
    three = [ordered(code) for code in (LUMBAR, THORACIC, CERVICAL)]
    alone = assessed(content, CANCER_AND_THORACIC_PAIN, three[0])
    assert given(alone) == {"spine-level.red-flag-above-lumbar"}
    found = assessed(content, CANCER_AND_THORACIC_PAIN, three[0], *three)
    assert given(found) == set()
    told = "the order is one of several that together ask for what a safety rule wants"
    assert why(found)["add-contrast"] == told


def test_without_the_other_orders_each_is_judged_alone(content: Content) -> None:
    assert LEVEL in given(assessed(content, COMPRESSION, ordered(LUMBAR)))


def test_an_order_that_contradicts_itself_covers_no_level(content: Content) -> None:
    others = [ordered(code) for code in (THORACIC, CERVICAL)]
    torn = read_order(
        {
            **order_resource({"code": LUMBAR, "text": "CT lumbar spine", "priority": "stat"}),
            "id": "torn",
        }
    )
    assert torn is not None
    assert torn.texts == ("CT lumbar spine",)
    assert LEVEL in given(assessed(content, COMPRESSION, torn, torn, *others))


def test_orders_beside_are_read_only_when_a_rule_asks(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = [ordered(code) for code in (LUMBAR, THORACIC, CERVICAL)]
    monkeypatch.delattr(together, "recognise")
    assert given(assessed(content, [], three[0], *three)) == {"imaging-not-needed"}
    with pytest.raises(NameError):
        assessed(content, COMPRESSION, three[0], *three)
