import pytest

from cds_service.engine.chart import Source, SourceState
from cds_service.gather.prefetch import combine, read_value
from tests.gather.records import KINDS, PATIENT, bundle, record

COMPLETE, PARTIAL = SourceState.COMPLETE, SourceState.PARTIAL
FAILED, NOT_SUPPLIED = SourceState.FAILED, SourceState.NOT_SUPPLIED
ALL_KINDS = pytest.mark.parametrize("kind", KINDS.values())

ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
NEXT = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]


def read(value, kind="Condition"):
    reading = read_value(value, kind, "ada")
    assert (reading.source.reason == "") == (reading.source.state is COMPLETE)
    return reading


def ids(reading):
    return [resource["id"] for resource in reading.resources]


@ALL_KINDS
class TestEveryKey:
    def test_null_says_that_there_is_nothing(self, kind):
        assert read(None, kind).source.state is COMPLETE

    @pytest.mark.parametrize("entry", [{}, {"entry": []}, {"entry": None}, {"total": 0}])
    def test_a_bundle_without_entries_says_that_there_is_nothing(self, kind, entry):
        reading = read({"resourceType": "Bundle", **entry}, kind)
        assert (reading.resources, reading.source.state) == ((), COMPLETE)

    def test_a_bundle_without_further_pages_is_all_there_is(self, kind):
        reading = read(bundle(record(kind, "1"), record(kind, "2"), total=2), kind)
        assert (ids(reading), reading.source.state) == (["1", "2"], COMPLETE)

    def test_a_single_resource_is_used_but_does_not_say_it_is_the_only_one(self, kind):
        reading = read(record(kind, "1"), kind)
        assert (ids(reading), reading.source.state) == (["1"], PARTIAL)

    def test_a_bundle_with_a_next_page_is_partial_and_can_be_followed(self, kind):
        reading = read(bundle(record(kind, "1"), link=NEXT), kind)
        assert (ids(reading), reading.source.state) == (["1"], PARTIAL)
        assert reading.unfinished["link"] == NEXT

    @pytest.mark.parametrize("outcome", [ERROR, WARNING, {"resourceType": "OperationOutcome"}])
    def test_an_operation_outcome_in_place_of_records_is_a_failure(self, kind, outcome):
        assert read(outcome, kind).source.state is FAILED

    def test_a_warning_beside_the_records_is_dropped(self, kind):
        reading = read(bundle(record(kind, "1"), WARNING), kind)
        assert (ids(reading), reading.source.state) == (["1"], COMPLETE)

    @pytest.mark.parametrize("severity", ["error", "fatal"])
    def test_an_error_beside_the_records_makes_the_source_partial(self, kind, severity):
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity}]}
        reading = read(bundle(record(kind, "1"), outcome), kind)
        assert (ids(reading), reading.source.state) == (["1"], PARTIAL)

    def test_a_total_above_the_records_supplied_makes_the_source_partial(self, kind):
        assert read(bundle(record(kind, "1"), total=2), kind).source.state is PARTIAL

    @pytest.mark.parametrize("value", ["", "none", 7, 1.5, True, [], [{}], {}, {"id": "1"}])
    def test_what_is_no_resource_is_a_failure(self, kind, value):
        assert read(value, kind).source.state is FAILED

    def test_a_resource_of_another_type_is_a_failure(self, kind):
        assert read({"resourceType": "Basic", "id": "1"}, kind).source.state is FAILED

    def test_records_of_another_patient_are_left_out_with_a_remark(self, kind):
        reading = read(bundle(record(kind, "1"), record(kind, "2", "bob")), kind)
        assert ids(reading) == ["1"]
        assert reading.source == Source(PARTIAL, "1 record that is not about this patient left out")


def test_a_patient_is_one_resource_and_complete():
    assert read(PATIENT, "Patient").source.state is COMPLETE


def test_a_patient_found_by_search_is_as_good_as_one_read():
    assert read(bundle(PATIENT), "Patient").resources == (PATIENT,)


def test_the_empty_search_of_a_large_vendor_is_an_ordinary_empty_result():
    note = {
        "resource": {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "warning", "code": "processing"}],
        },
        "search": {"mode": "outcome"},
    }
    value = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": [note]}
    assert read(value).source.state is COMPLETE


@pytest.mark.parametrize("odd", [None, 3, "entry", [], {}, {"resource": None}, {"resource": {}}])
def test_an_odd_entry_costs_only_itself(odd):
    value = bundle(record("Condition", "1"), record("Condition", "2"))
    value["entry"].insert(1, odd)
    reading = read(value)
    assert (ids(reading), reading.source.state) == (["1", "2"], PARTIAL)


def test_one_entry_that_is_not_in_a_list_is_read():
    value = {"resourceType": "Bundle", "entry": {"resource": record("Condition", "1")}}
    assert ids(read(value)) == ["1"]


def test_included_records_are_evidence_and_neither_match_nor_disturb():
    value = bundle(record("MedicationRequest", "1"), total=1)
    medication = {"resourceType": "Medication", "id": "x"}
    value["entry"].append({"resource": medication, "search": {"mode": "include"}})
    reading = read(value, "MedicationRequest")
    assert (ids(reading), reading.source.state) == (["1", "x"], COMPLETE)


def test_a_bundle_with_nothing_of_the_type_asked_for_is_a_failure_but_still_evidence():
    reading = read(bundle(record("Procedure", "1")))
    assert (ids(reading), reading.source.state) == (["1"], FAILED)


def test_a_link_to_the_next_page_without_an_address_is_partial():
    assert read(bundle(link=[{"relation": "next"}])).source.state is PARTIAL


def test_an_answer_in_the_wrapping_of_old_clients_is_unwrapped():
    wrapped = {"response": {"status": "200 OK"}, "resource": bundle(record("Condition", "1"))}
    assert ids(read(wrapped)) == ["1"]


@pytest.mark.parametrize("resource", [{}, {"resource": None}, {"resource": bundle()}])
def test_a_wrapped_failure_is_a_failure(resource):
    assert read({"response": {"status": "404 Not Found"}, **resource}).source.state is FAILED


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/ada",
        "https://ehr.example/fhir/Patient/ada",
        "Patient/ada/_history/4",
        "ada",
        "urn:uuid:ada",
        "#ada",
        "Patient?identifier=1",
        "",
    ],
)
def test_every_way_to_name_the_patient_is_understood(reference):
    value = bundle({"resourceType": "Condition", "id": "1", "subject": {"reference": reference}})
    assert (ids(read(value)), read(value).source.state) == (["1"], COMPLETE)


@pytest.mark.parametrize(
    "reference",
    ["Patient/ad", "Patient/ada2", "https://ehr.example/Patient/bob", "urn:uuid:bob", "bob",
     "Group/ada", "Location/1"],
)  # fmt: skip
def test_whoever_else_is_named_is_not_the_patient(reference):
    value = bundle({"resourceType": "Condition", "id": "1", "subject": {"reference": reference}})
    assert (ids(read(value)), read(value).source.state) == ([], PARTIAL)


def test_a_patient_named_by_the_address_of_an_entry_is_found():
    value = bundle(PATIENT, record("Condition", "1"))
    value["entry"][0] = {"fullUrl": "urn:uuid:0-1", "resource": PATIENT,
                         "search": {"mode": "include"}}  # fmt: skip
    value["entry"][1]["resource"]["subject"] = {"reference": "urn:uuid:0-1"}
    assert read(value).source.state is COMPLETE


@pytest.mark.parametrize("subject", [None, [], [None], 7, {"display": "Ada"}, [{}]])
def test_a_record_that_names_nobody_is_kept(subject):
    value = bundle({"resourceType": "Condition", "id": "1", "subject": subject})
    assert ids(read(value)) == ["1"]


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ([COMPLETE, COMPLETE], COMPLETE),
        ([COMPLETE, FAILED], PARTIAL),
        ([COMPLETE, NOT_SUPPLIED], PARTIAL),
        ([PARTIAL, COMPLETE], PARTIAL),
        ([FAILED, FAILED], FAILED),
        ([FAILED, NOT_SUPPLIED], FAILED),
        ([NOT_SUPPLIED, NOT_SUPPLIED], NOT_SUPPLIED),
    ],
)
def test_a_source_asked_for_in_two_parts_is_complete_only_if_both_are(states, together):
    assert combine([Source(state) for state in states]).state is together


def test_each_reason_is_told_once():
    sources = [Source(FAILED, "a"), Source(FAILED, "a"), Source(COMPLETE), Source(PARTIAL, "b")]
    assert combine(sources) == Source(PARTIAL, "a; b")
