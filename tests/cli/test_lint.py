import json

import pytest

from .conftest import add_record, records


@pytest.fixture
def linted(call, saved):
    def lint(body):
        ran = call("lint", saved(body))
        assert ran.err == ""
        return ran

    return lint


def line_with(ran, text: str) -> str:
    found = [line for line in ran.out.splitlines() if text in line]
    assert found, f"nothing says {text!r} in:\n{ran.out}"
    return found[0]


def condition(**more):
    return {
        "resourceType": "Condition",
        "id": "odd",
        "subject": {"reference": "Patient/case-patient"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1"}]},
        "onsetDateTime": "2026-01-01",
        **more,
    }


def test_a_request_as_we_would_like_it_has_no_remark(linted, patient):
    ran = linted(patient)
    assert (ran.code, ran.out) == (0, "0 errors, 0 warnings, 0 notes\n")


def test_a_remark_has_severity_place_resource_and_what_to_do(linted, patient):
    add_record(patient, "conditions", condition(onsetDateTime="a while ago"))
    line = line_with(linted(patient), "onsetDateTime")
    assert line.startswith(
        "warning: /prefetch/conditions/entry/2/resource/onsetDateTime [Condition/odd]: "
    )
    assert line.endswith("Send FHIR R4; until then it is read as far as possible.")


def test_the_structure_of_each_resource_is_compared_with_fhir_r4(linted, patient):
    odd = condition(evidance=[], category={"text": "x"})
    del odd["subject"]
    add_record(patient, "conditions", odd)
    ran = linted(patient)
    assert line_with(ran, "subject is required").startswith("warning")
    assert line_with(ran, "evidance is no element of this resource").startswith("note")
    assert line_with(ran, "category must be a list").startswith("warning")


def test_a_note_that_is_too_long_to_be_read_to_its_end_is_told(linted, patient):
    draft = patient["context"]["draftOrders"]["entry"][0]["resource"]
    draft["note"] = [{"text": "x" * 10_000}]
    assert linted(patient).out == "0 errors, 0 warnings, 0 notes\n"
    draft["note"] = [{"text": "x" * 10_001}]
    assert line_with(linted(patient), "up to 10,000 characters").startswith("warning")


def test_one_odd_entry_costs_only_itself(linted, patient):
    add_record(patient, "conditions", "nonsense")
    add_record(patient, "conditions", {"resourceType": "Spaceship", "id": "1"})
    add_record(patient, "conditions", condition(onsetDateTime="soon"))
    ran = linted(patient)
    assert ran.code == 1
    assert line_with(ran, "entry/2/resource: there is no resource").startswith("error")
    assert line_with(ran, "[Spaceship/1]: its resourceType is none of FHIR R4")
    assert line_with(ran, "onsetDateTime")


def test_draft_orders_are_compared_too(linted, patient):
    del patient["context"]["draftOrders"]["entry"][0]["resource"]["intent"]
    line = line_with(linted(patient), "intent is required")
    assert "/context/draftOrders/entry/0/resource/intent [ServiceRequest/case-order]" in line


def test_remarks_of_the_request_itself_are_told(linted, patient):
    del patient["context"]["userId"]
    patient["context"]["selections"] = ["ServiceRequest/other"]
    ran = linted(patient)
    assert line_with(ran, "context.userId is missing").startswith("warning: /context/userId")
    assert line_with(ran, "1 selections match no draft order")


def test_a_request_that_would_be_refused_is_an_error_and_the_rest_is_still_read(linted, patient):
    del patient["hookInstance"]
    records(patient, "conditions")[0]["code"]["coding"][0].pop("system")
    ran = linted(patient)
    assert ran.code == 1
    assert line_with(ran, "no hookInstance").startswith("error: /:")
    assert line_with(ran, "without a system")


@pytest.mark.parametrize("body", [{"a": 1}, {}, {"resourceType": "Patient", "id": "1"}])
def test_what_is_no_request_at_all_is_told_in_one_line(linted, body):
    ran = linted(body)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "error: /: this is no CDS Hooks request: it has no hook, no hookInstance and no context."
        " Send what the EHR sends to a CDS service.",
        "1 error, 0 warnings, 0 notes",
    ]


@pytest.mark.parametrize("prefetch", [None, {}, []])
def test_a_request_with_nothing_to_read_says_so_once(linted, patient, prefetch):
    del patient["hookInstance"]
    patient["prefetch"] = prefetch
    first, second, *_ = linted(patient).out.splitlines()
    assert "no hookInstance" in first
    assert second == (
        "error: /prefetch: there is no prefetch, and there is no FHIR server to read from."
        " Fill the templates that discovery publishes, or send fhirServer with fhirAuthorization."
    )


def test_missing_and_unknown_prefetch_keys_are_told(linted, patient):
    patient["prefetch"]["problems"] = patient["prefetch"].pop("conditions")
    ran = linted(patient)
    assert line_with(ran, "/prefetch/conditions: the key is not there").startswith("warning")
    assert line_with(ran, "/prefetch/problems: the key is none of ours").startswith("note")
    assert ran.code == 0


def test_a_missing_patient_is_an_error(linted, patient):
    del patient["prefetch"]["patient"]
    ran = linted(patient)
    assert ran.code == 1
    assert line_with(ran, "/prefetch/patient").startswith("error")


def test_a_key_that_can_be_read_from_the_server_is_only_a_note(linted, patient):
    del patient["prefetch"]["conditions"]
    patient["fhirServer"] = "https://ehr.example/fhir"
    patient["fhirAuthorization"] = {"access_token": "t", "token_type": "Bearer"}
    assert line_with(linted(patient), "/prefetch/conditions").startswith("note")


def test_a_source_that_failed_or_is_partial_is_told(linted, patient):
    patient["prefetch"]["observations"] = {"resourceType": "OperationOutcome", "issue": []}
    patient["prefetch"]["conditions"]["link"] = [{"relation": "next", "url": "https://e.example/2"}]
    ran = linted(patient)
    assert line_with(ran, "the source is failed").startswith("error: /prefetch/observations")
    assert line_with(ran, "the source is partial").startswith("warning: /prefetch/conditions")


def test_resources_of_another_patient_are_an_error(linted, patient):
    add_record(patient, "conditions", condition(subject={"reference": "Patient/other"}))
    ran = linted(patient)
    assert ran.code == 1
    said = line_with(ran, "what is about another patient is left out (resources: 1)")
    assert said.startswith("error")


def test_codings_without_a_system_or_with_an_unknown_one_are_counted_by_system(linted, patient):
    for number in range(3):
        local = {"coding": [{"system": "urn:oid:1.2.3", "code": "x"}]}
        add_record(patient, "conditions", condition(id=f"local-{number}", code=local))
    add_record(patient, "conditions", condition(id="bare", code={"coding": [{"code": "M54.5"}]}))
    ran = linted(patient)
    assert line_with(ran, "'urn:oid:1.2.3'").startswith("warning")
    assert "codings in the code system 'urn:oid:1.2.3' are not read (3 of them" in ran.out
    assert "codings without a system are not read (1 of them" in ran.out


def test_an_unknown_system_beside_a_known_one_is_only_a_note(linted, patient):
    coding = records(patient, "conditions")[0]["code"]["coding"]
    coding.append({"system": "https://ehr.example/codes", "code": "77"})
    assert line_with(linted(patient), "https://ehr.example/codes").startswith("note")


def test_orders_that_are_not_recognised_are_told_with_their_codes(linted, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": "http://loinc.org", "code": "99999-9"}]}
    line = line_with(linted(patient), "no procedure we know (loinc 99999-9)")
    assert line.startswith("note: /context/draftOrders/entry/0/resource/code")
    order["category"] = [{"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]}]
    assert line_with(linted(patient), "imaging, but no procedure we know").startswith("warning")


def test_an_order_whose_codes_contradict_each_other_is_an_error(linted, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"]["coding"].append({"system": "http://loinc.org", "code": "39818-0"})
    ran = linted(patient)
    assert ran.code == 1
    assert line_with(ran, "stand for different procedures").startswith("error")


def test_an_order_without_an_id_has_nothing_to_accept(linted, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    del order["id"]
    assert line_with(linted(patient), "the draft order has no id").startswith("warning")


def test_other_kinds_of_draft_orders_are_noted(linted, patient):
    drug = {"resourceType": "MedicationRequest", "id": "m"}
    patient["context"]["draftOrders"]["entry"].append({"resource": drug})
    assert line_with(linted(patient), "of a type that cannot order imaging").startswith("note")


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ({"value": 38.6, "unit": "kelvins"}, "the unit 'kelvins', which cannot be compared"),
        ({"value": 38.6}, "no unit, which cannot be compared"),
        (None, "no numeric valueQuantity"),
    ],
)
def test_a_value_whose_unit_cannot_be_used_is_told(linted, patient, quantity, said):
    records(patient, "observations")[0]["valueQuantity"] = quantity
    line = line_with(linted(patient), said)
    assert line.startswith("warning: /prefetch/observations/entry/0/resource")
    assert "UCUM unit such as Cel" in line


def test_a_condition_without_a_date_is_told(linted, patient):
    undated = condition()
    del undated["onsetDateTime"]
    add_record(patient, "conditions", undated)
    assert line_with(linted(patient), "the Condition has no date").startswith("warning")


def test_the_same_remark_on_many_records_is_one_line_with_a_count(linted, patient):
    for number in range(40):
        odd = condition(id=f"c{number}", onsetDateTime="soon", recordedDate="2026-01-01")
        add_record(patient, "conditions", odd)
    ran = linted(patient)
    assert "(and 39 more like it)" in line_with(ran, "onsetDateTime")
    assert len(ran.out.splitlines()) < 5


def test_the_gravest_remarks_come_first(linted, patient):
    patient["prefetch"]["extra"] = None
    del patient["prefetch"]["devices"]
    add_record(patient, "conditions", 5)
    severities = [line.partition(":")[0] for line in linted(patient).out.splitlines()[:-1]]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert set(severities) == {"error", "warning", "note"}


def test_nothing_of_the_patient_is_printed(call, saved, patient):
    secret = "Ada-Lovelace-1815"
    patient["prefetch"]["patient"]["name"] = [{"family": secret, secret: secret}]
    patient["prefetch"]["patient"]["birthDate"] = secret
    patient["prefetch"][f"{secret} <b>"] = {"resourceType": secret}
    patient["context"]["draftOrders"]["entry"][0]["resource"]["note"] = secret
    add_record(
        patient,
        "conditions",
        condition(code={"text": secret}, onsetDateTime=secret, note=[{"text": [secret]}]),
    )
    records(patient, "observations")[0]["valueQuantity"]["value"] = secret
    records(patient, "observations")[0][f"{secret} said so"] = 1
    path = saved(patient)
    for arguments in ([], ["--json"]):
        ran = call("lint", path, *arguments)
        assert ran.out
        assert "1815" not in ran.out


def test_a_fhir_server_without_a_token_is_told_from_none(linted, patient):
    del patient["prefetch"]["devices"]
    assert "there is no FHIR server to read from" in line_with(linted(patient), "/devices")
    patient["fhirServer"] = "http://127.0.0.1:8080/fhir"
    said = line_with(linted(patient), "/devices")
    assert "fhirServer cannot be read without fhirAuthorization" in said
    assert said.startswith("warning")


def test_a_code_without_a_system_is_quoted_without_a_gap(linted, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"code": "LWS-CT"}]}
    ran = linted(patient)
    assert "no procedure we know (LWS-CT)" in line_with(ran, "no procedure")
    assert ran.out.splitlines()[-1] == "0 errors, 1 warning, 1 note"


def test_a_text_that_contradicts_the_code_is_said_to(linted, patient):
    order = patient["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"]["text"] = "CT head without contrast"
    said = line_with(linted(patient), "stand for different procedures")
    assert "the codes (loinc 30679-5) and the text" in said


def test_remarks_as_json_have_the_same_members_each(call, saved, patient):
    del patient["prefetch"]["devices"]
    (remark,) = call("lint", saved(patient), "--json").json["remarks"]
    assert set(remark) == {"severity", "location", "message", "todo", "about", "times"}
    assert (remark["severity"], remark["location"]) == ("warning", "/prefetch/devices")


def test_the_request_may_come_on_standard_input(call, patient):
    assert call("lint", "-", stdin=json.dumps(patient).encode()).code == 0


@pytest.mark.parametrize("body", [b"", b"[1]", b"{"])
def test_what_is_no_json_object_is_refused_in_words(call, body):
    ran = call("lint", "-", stdin=body)
    assert ran.code == 1
    assert "refused (400 structure)" in ran.err


def test_a_request_of_the_oddest_shape_is_still_answered(call):
    for body in ({}, {"context": 5, "prefetch": []}, {"context": {"draftOrders": {"entry": 5}}}):
        ran = call("lint", "-", stdin=json.dumps(body).encode())
        assert ran.code == 1
        assert "error: /:" in ran.out
