import json

import pytest

from .conftest import add_record, records


def section(text: str, heading: str) -> str:
    """Return the lines under a heading, up to the next one, drawn together."""
    _, found, rest = text.partition(f"\n{heading}")
    assert found, f"no heading {heading!r}"
    return " ".join(rest.split("\n\n")[0].split())


@pytest.fixture
def explained(call, saved):
    def explain(body, *arguments):
        ran = call("explain", saved(body), "--as-of", "2026-11-23", *arguments)
        assert ran.err == ""
        assert ran.code == 0
        return ran.out

    return explain


def test_the_way_from_order_to_card_is_told_in_order(explained, patient):
    out = explained(patient)
    headings = [
        "Request",
        "Chart of patient",
        "What was ordered",
        "Findings present",
        "Not known",
        "Absent",
        "Guideline: ACR",
        "Safety",
        "Rules that speak",
        "Cards",
    ]
    places = [out.index(f"\n{heading}") for heading in headings]
    assert places == sorted(places)


def test_no_line_is_wider_than_a_terminal(explained, patient):
    patient["context"]["draftOrders"]["entry"][0]["resource"]["code"]["text"] = "MRI " * 60
    assert max(map(len, explained(patient).splitlines())) <= 96


def test_a_finding_is_shown_with_reference_label_value_and_date(explained, patient):
    present = section(explained(patient), "Findings present")
    assert "Observation/observation-3: Body temperature, 38.6 °C, 2026-11-22" in present
    assert "Condition/condition-1: Breast cancer, in remission" in present


def test_an_allergy_is_shown_with_what_happened(explained, patient):
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "code": {"text": "Gadolinium"},
        "patient": {"reference": f"Patient/{patient['context']['patientId']}"},
        "reaction": [
            {"manifestation": [{"text": "Anaphylaxis\x1b[0m"}], "severity": "severe"},
            {"manifestation": [{"text": "Hives"}], "onset": "2019-05"},
        ],
    }
    add_record(patient, "allergies", allergy)
    out = explained(patient)
    assert "reaction: Anaphylaxis" in out
    assert "reaction: Hives, 2019-05" in " ".join(out.split())
    assert "\x1b" not in out


def test_a_suspected_finding_is_shown_with_its_record_and_why_it_is_open(explained, patient):
    cancer = records(patient, "conditions")[0]
    cancer["verificationStatus"] = {"coding": [{"code": "provisional"}]}
    unknown = section(explained(patient), "Not known")
    assert "History of cancer: suspected" in unknown
    assert "leaves it open; suspected, planned or not specific" in unknown


def test_a_source_that_failed_is_named_with_what_it_leaves_unknown(explained, patient):
    patient["prefetch"]["observations"] = {"resourceType": "OperationOutcome"}
    out = explained(patient)
    assert "laboratory results and vital signs failed: the search was answered" in section(
        out, "Chart of patient"
    )
    assert "fever" in section(out, "Not known")


def test_a_record_that_speaks_against_a_finding_is_shown_under_absent(explained, patient):
    records(patient, "observations")[0]["valueQuantity"]["value"] = 37
    absent = section(explained(patient), "Absent")
    assert "Looked at for fever" in absent
    assert "not above the threshold" in absent


def test_the_deciding_variant_is_marked_and_the_others_say_why_not(explained, patient):
    out = explained(patient)
    guideline = section(out, "Guideline: ACR")
    assert "> Variant 7" in guideline
    assert "selected; for it: history of cancer, fever" in guideline
    assert "its findings do not hold; against it: history of cancer, fever" in guideline


def test_an_inferred_rating_is_never_shown_as_the_guidelines(explained, patient):
    rows = [line for line in explained(patient).splitlines() if " inferred " in line]
    assert rows
    assert all("(usually not appropriate)" in row for row in rows)


def test_ratings_show_how_they_are_known_and_the_radiation_level(explained, patient):
    lines = explained(patient).splitlines()
    (ct,) = [line for line in lines if line.startswith("  CT lumbar spine with IV contrast")]
    assert ct.split()[-3:] == ["two", "sources", "☢☢☢"]


def test_safety_is_told_for_the_order_and_for_the_alternative(explained, patient):
    safety = section(explained(patient), "Safety")
    assert "Ordered: MRI lumbar spine without IV contrast - MRI and" in safety
    assert "- MRI and cardiac implantable electronic devices: HOLD" in safety
    assert "- MRI and neurostimulators: nothing on record" in safety
    assert "Alternative: CT lumbar spine with IV contrast - Iodinated contrast" in safety


def test_rules_that_are_silent_say_why(explained, patient):
    rules = section(explained(patient), "Rules that speak")
    assert "+ mri-cardiac-device.status-unknown-or-unsafe: critical" in rules
    assert "- add-contrast: silent, because a safety rule holds the order" in rules


def test_a_card_is_shown_with_its_indicator_and_what_accepting_does(explained, patient):
    cards = section(explained(patient), "Cards (1)")
    assert "[CRITICAL] Hold MRI" in cards
    assert "Accept (recommended): Change to CT lumbar spine with IV contrast" in cards
    assert "which updates ServiceRequest/case-order: CT lumbar spine with IV contrast" in cards


def test_an_order_that_is_right_gets_no_card(explained, patient):
    patient["prefetch"]["devices"]["entry"] = []
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"]["coding"][0]["code"] = "24967-2"
    order["code"]["text"] = "MRI lumbar spine without and with contrast"
    assert "None: there is nothing to add" in section(explained(patient), "Cards (0)")


def test_an_order_that_is_no_imaging_is_none_of_our_business(explained, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"text": "Physiotherapy"}
    out = explained(patient)
    assert "not recognised as imaging" in out
    assert "as sent: Physiotherapy" in out
    assert "No imaging order is selected" in out


def test_a_local_code_that_is_not_mapped_is_shown_as_it_was_sent(explained, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": "urn:oid:1.2.3.4.5", "code": "IMG1001"}]}
    assert "as sent: urn:oid:1.2.3.4.5 IMG1001" in explained(patient)
    order["code"] = {}
    assert "as sent: neither code nor text" in explained(patient)


def test_a_text_that_contradicts_the_code_is_not_blamed_on_the_codes(explained, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"]["text"] = "CT head without contrast"
    assert "its codes, or codes and text, name different studies" in section(
        explained(patient), "What was ordered"
    )


def test_a_topic_that_does_not_speak_says_why(explained, patient):
    patient["prefetch"]["patient"]["birthDate"] = "2018-01-01"
    assert "the topic is for adults" in section(explained(patient), "Guideline: ACR")


def test_an_imaging_order_we_do_not_know_is_said_to_be_unknown(explained, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"text": "Something new"}
    order["category"] = [{"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]}]
    out = explained(patient)
    assert "imaging by its category, but no procedure we know" in out
    assert "No safety rule can be tried" in out


def test_the_day_decides_what_is_recent(call, saved, patient):
    later = call("explain", saved(patient), "--as-of", "2027-06-01").out
    assert "Fever [red flag]" not in later


def test_a_draft_order_that_is_not_selected_can_be_asked_for(explained, patient):
    patient["context"]["selections"] = []
    assert "No imaging order is selected" in explained(patient)
    for name in ("case-order", "ServiceRequest/case-order"):
        assert "Hold MRI" in explained(patient, "--order", name)


def test_a_draft_order_that_is_not_there_is_answered_with_those_there_are(call, saved, patient):
    ran = call("explain", saved(patient), "--order", "other")
    assert ran.code == 1
    assert "no draft order other; it has: ServiceRequest/case-order" in ran.err


def test_control_characters_of_a_chart_never_reach_the_terminal(explained, patient):
    records(patient, "conditions")[0]["code"]["text"] = "\x1b[2J\x07cancer\u202e\r\n"
    out = explained(patient)
    assert "cancer" in out
    assert not set(out) & {"\x1b", "\x07", "\r", "\u202e"}


def test_a_record_with_an_odd_shape_costs_only_itself(explained, patient):
    add_record(patient, "conditions", "nonsense")
    add_record(patient, "conditions", {"resourceType": "Condition", "code": ["x", None]})
    out = explained(patient)
    assert "problem list                         partial" in out
    assert "Hold MRI" in out


def test_the_request_may_come_on_standard_input(call, patient):
    ran = call("explain", "-", stdin=json.dumps(patient).encode())
    assert ran.code == 0
    assert "Hold MRI" in ran.out


def test_the_trace_as_json_keeps_numbers_as_they_were_written(call, saved, patient):
    path = saved(patient)
    text = path.read_text(encoding="utf-8").replace("38.6", "38.60")
    path.write_text(text, encoding="utf-8")
    ran = call("explain", path, "--as-of", "2026-11-23", "--json")
    assert ran.code == 0
    assert ran.json["asOf"] == "2026-11-23"
    assert ran.json["request"]["draftOrders"][0]["selected"] is True
    assert "38.60 °C" in json.dumps(ran.json, ensure_ascii=False)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"\xff\xfe", "not"),
        (b"{}", "no hook"),
        (b'{"hook": "patient-view", "hookInstance": "1"}', "answers the hook"),
    ],
)
def test_what_is_no_request_is_refused_in_words(call, body, said):
    ran = call("explain", "-", stdin=body)
    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""


def test_a_request_without_the_patient_is_refused_as_the_service_would(call, saved, patient):
    del patient["prefetch"]["patient"]
    ran = call("explain", saved(patient))
    assert ran.code == 1
    assert "refused (412" in ran.err
    assert "prefetch key 'patient'" in ran.err


def test_a_file_that_cannot_be_read_is_said_in_words(call, tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        ran = call("explain", path)
        assert ran.code == 1
        assert ran.err.startswith(f"{path} cannot be read: "), "no request was refused"


def test_a_date_that_is_none_is_wrong_usage(call):
    ran = call("explain", "-", "--as-of", "yesterday")
    assert ran.code == 2
    assert "'yesterday' is not a date" in ran.err


def test_broken_content_explains_nothing(call, saved, patient, monkeypatch, small):
    (small / "broken.yaml").write_text("kind: nothing\n", encoding="utf-8")
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    ran = call("explain", saved(patient))
    assert ran.code == 2
    assert "broken.yaml:1:7: SCHEMA001 error" in ran.err
    assert ran.out == ""
