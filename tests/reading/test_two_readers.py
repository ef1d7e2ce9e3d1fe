"""A chart read at a glance comes to the same as the same chart decoded whole."""

import json
import random
import re
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.advisor import Advisor
from cds_service.content.cases import Case, read_cases
from cds_service.content.library import Content
from cds_service.content.load import load
from cds_service.fhir.glance import Glanced
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode, decode_call, encode
from cds_service.hooks.request import read_request
from cds_service.settings import Settings
from tests.bench import charts
from tests.conftest import CARDS
from tests.fuzz.bodies import call, places
from tests.hook_request import BACK_PAIN, order, prefetch, request, resources

SETTINGS = Settings()
HOOKS = frozenset({"order-select", "order-sign"})
CASES = [case for path, doc in load(CARDS).cases.items() for case in read_cases(doc, path)]
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONLY_WHEN_READ = ("JSON.", "nested deeper")
"""What is refused in a part of the chart only if that part is read."""


@pytest.fixture(scope="module")
def advisor(content: Content) -> Advisor:
    return Advisor(content, SETTINGS, clock=lambda: date(2026, 11, 22))


def outcome(advisor: Advisor, body: bytes, read: Any) -> Any:
    """Return all that a call came to: the refusal, or cards, findings, evidence and sources."""
    try:
        consulted = advisor.consult(read_request(read(body, SETTINGS), HOOKS))
    except RequestRefused as refused:
        return refused.status, refused.issue_code, refused.text
    chart = consulted.chart
    return {
        "cards": UUID.sub(b"id", encode(consulted.cards)),
        "sources": chart and chart.sources,
        "records": chart and len(chart.resources),
        "assessments": [
            (dict(each.findings), each.advice, each.evidence.read, each.evidence.studies,
             each.suppressed, each.not_checked)
            for each in consulted.assessments
        ],
    }  # fmt: skip


def assert_the_same(advisor: Advisor, body: bytes) -> None:
    whole = outcome(advisor, body, decode)
    glanced = outcome(advisor, body, decode_call)
    if isinstance(whole, tuple) and any(each in whole[2] for each in ONLY_WHEN_READ):
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            assert glanced == whole
        return  # a number out of range, or a deep element, that nobody reads
    assert glanced == whole
    again = outcome(advisor, body, decode_call)
    assert again == whole, "what is remembered from a request changes the next one"


def body_of(case: Case) -> bytes:
    """Return the case as a client would send it."""
    hidden = {kind for kind, state in case.missing.items() if state != "partial"}
    kept = [each for each in case.resources if each["resourceType"] not in hidden]
    chart = kept if "Patient" not in hidden else [{"resourceType": "Patient"}, *kept]
    return json.dumps(request([case.order], chart)).encode()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case(advisor: Advisor, case: Case) -> None:
    assert_the_same(advisor, body_of(case))


@pytest.mark.parametrize("hit", [True, False])
@pytest.mark.parametrize("resources", [0, 1, 10, 300])
def test_charts_as_large_ehrs_write_them(advisor: Advisor, resources: int, hit: bool) -> None:
    assert_the_same(advisor, charts.request(resources, hit=hit))


@pytest.mark.parametrize("number", range(400))
def test_odd_bodies(advisor: Advisor, number: int) -> None:
    _, body, _ = call(number, seed=7)
    assert_the_same(advisor, body)


ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, "", " ", "x", {}, [], [None], [{}], {"coding": None},
     {"coding": {"code": "x", "system": "http://loinc.org"}}, {"reference": 7}, "2026-13-40",
     {"reference": "Patient/other"}, {"reference": "https://ehr.example/Patient/case-patient"},
     "entered-in-error", {"value": "38,6"}, {"value": True}, {"value": 39.50, "code": "Cel"},
     {"start": "2026-11-20"}, [{"valueQuantity": {"value": 39, "code": "Cel"}}], "Cel", "K",
     {"extension": []}, [{"url": "x"}], {"text": "no fever"}, {"text": "fever", "coding": []}]
)  # fmt: skip
NAMES = st.sampled_from(
    ["id", "status", "code", "subject", "patient", "valueQuantity", "valueString", "component",
     "valueBoolean", "valueCodeableConcept", "effectiveDateTime", "effectivePeriod", "meta",
     "modifierExtension", "interpretation", "referenceRange", "resourceType", "text", "coding",
     "medicationReference", "contained", "doNotPerform", "intent", "performedPeriod", "value"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_element_of_any_record_may_be_odd(advisor: Advisor, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES), label="case")
    others = data.draw(st.lists(st.sampled_from(CASES), max_size=2), label="others")
    records = [r for other in others for r in other.resources if r["resourceType"] != "Patient"]
    chart = json.loads(json.dumps([*case.resources, *records]))
    by_type = prefetch(chart)  # a record stays where it was, whatever it says of itself then
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        _change(data.draw(st.sampled_from(chart), label="record"), data)
    body = {**request([case.order], [*case.resources]), "prefetch": by_type}
    assert_the_same(advisor, json.dumps(body).encode())


def _change(record: Any, data: st.DataObject) -> None:
    """Replace, remove or add one element somewhere in `record`."""
    if not (found := places(record)):
        return  # all of it was removed before
    place = data.draw(st.sampled_from(found), label="place")
    parent = record
    for step in place[:-1]:
        parent = parent[step]
    if data.draw(st.booleans(), label="remove"):
        del parent[place[-1]]
    elif isinstance(parent, dict) and data.draw(st.booleans(), label="add"):
        parent[data.draw(NAMES, label="name")] = deepcopy(data.draw(ODD, label="value"))
    else:
        parent[place[-1]] = deepcopy(data.draw(ODD, label="value"))


@pytest.mark.parametrize("number", ["39", "39.0", "39.50", "3.95e1", "1e400", "-0.0", "0.1e-500"])
def test_numbers_keep_their_spelling_at_a_glance(advisor: Advisor, number: str) -> None:
    fever = {
        "resourceType": "Observation",
        "id": "fever",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
        "effectiveDateTime": "2026-11-21",
        "valueQuantity": {"code": "Cel", "value": "NUMBER"},
    }
    case = CASES[0]
    body = json.dumps(request([case.order], [*case.resources, fever]))
    assert_the_same(advisor, body.replace('"NUMBER"', number).encode())


def test_what_is_not_plain_is_decoded_whole_and_nothing_else_with_it(advisor: Advisor) -> None:
    body = json.loads(charts.request(40, hit=True))
    entries = body["prefetch"]["conditions"]["entry"]
    entries[1]["resource"]["status"] = {"an": "object"}
    call_ = read_request(decode_call(json.dumps(body).encode(), SETTINGS), HOOKS)
    chart = advisor.consult(call_).chart
    assert chart is not None
    whole = [each for each in chart.resources if not isinstance(each, Glanced)]
    names = sorted((each["resourceType"], each["id"]) for each in whole)
    assert names == [("Condition", entries[1]["resource"]["id"]), ("Patient", charts.PATIENT)]


def test_the_order_of_the_members_of_a_record_does_not_matter(advisor: Advisor) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(list(value))}
        return [turned(each) for each in value] if isinstance(value, list) else value

    body = json.loads(charts.request(60, hit=True))
    straight = outcome(advisor, json.dumps(body).encode(), decode_call)
    body["prefetch"] = turned(body["prefetch"])
    assert outcome(advisor, json.dumps(body).encode(), decode_call) == straight
    random.Random(1).shuffle(body["prefetch"]["observations"]["entry"])
    assert outcome(advisor, json.dumps(body).encode(), decode_call) == straight


KINDS = st.sampled_from(
    [("8310-5", "Cel", "36.9"), ("8310-5", "Cel", "38.9"), ("8310-5", "[degF]", "101.8"),
     ("8867-4", "/min", "121"), ("8480-6", "mm[Hg]", "84"), ("85354-9", "mm[Hg]", "84"),
     ("1988-5", "mg/L", "80"), ("1988-5", "mg/L", "2"), ("2160-0", "mg/dL", "4.8"),
     ("2160-0", "mg/dL", "0.9"), ("2160-0", "", "4.8"), ("33914-3", "mL/min/{1.73_m2}", "22"),
     ("98979-8", "mL/min/{1.73_m2}", "75")]
)  # fmt: skip
DAYS = st.sampled_from(
    ["2026-11-22", "2026-11-21T23:30:00-08:00", "2026-11-08", "2026-11-07", "2026-11", "2026",
     "2025-11-22", "2025-11-21", "2025", "2019-04-03", "2019-04-02T08:00:00Z", "2027-01-01",
     "yesterday", ""]
)  # fmt: skip
STATUSES = st.sampled_from(["final", "final", "final", "registered", "cancelled", "not-done"])
MEASUREMENTS = st.lists(
    st.tuples(KINDS, DAYS, STATUSES, st.sampled_from(["", "", "<", "H", "fever: no"])), max_size=14
)


@settings(max_examples=300, deadline=None)
@given(drawn=MEASUREMENTS, code=st.sampled_from(["loinc 24967-2", "loinc 30679-5"]))
def test_years_of_measurements(advisor: Advisor, drawn: list[Any], code: str) -> None:
    chart = [*resources(BACK_PAIN), *(_measured(*each, n) for n, each in enumerate(drawn))]
    assert_the_same(advisor, json.dumps(request(order(code), chart)).encode())


def _measured(kind: Any, day: str, status: str, said: str, number: int) -> dict[str, Any]:
    code, unit, value = kind
    record: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"m{number}",
        "status": status,
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
    }
    if said == "fever: no":
        record["code"] = {"text": said}
    quantity = {"value": float(value), "unit": unit, "code": unit}
    if said == "<":
        quantity["comparator"] = said
    if said == "H":
        record["interpretation"] = [{"coding": [{"code": said}]}]
    if code == "85354-9":
        systolic = {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}
        record["component"] = [{"code": systolic, "valueQuantity": quantity}]
    else:
        record["valueQuantity"] = quantity
    return record | ({"effectiveDateTime": day} if day else {})
