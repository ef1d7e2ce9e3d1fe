"""A CDS Hooks call is read as it was meant; only what prevents an answer is refused."""

from typing import Any

import pytest

from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.request import HookRequest, read_request

Json = dict[str, Any]
HOOKS = frozenset({"order-select", "order-sign"})


def order(identity: str | None = "draft-1", **changes: Any) -> Json:
    resource: Json = {
        "resourceType": "ServiceRequest",
        "id": identity,
        "status": "draft",
        "intent": "plan",
        "code": {"text": "MRI lumbar spine"},
        "subject": {"reference": "Patient/pat-1"},
        **changes,
    }
    return {name: value for name, value in resource.items() if value is not None}


def bundle(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": item} for item in resources]}


def call(hook: str = "order-select", **changes: Any) -> Json:
    """Return a valid call; `changes` go to the root, or to context as ``context_<name>``."""
    body: Json = {
        "hook": hook,
        "hookInstance": "0f5f2b36-7a2e-4f0d-9d0c-5c4c7f1d1001",
        "context": {
            "userId": "Practitioner/prac-1",
            "patientId": "pat-1",
            "selections": ["ServiceRequest/draft-1"],
            "draftOrders": bundle(order()),
        },
    }
    for name, value in changes.items():
        target, key = (
            (body["context"], name.removeprefix("context_"))
            if name.startswith("context_")
            else (body, name)
        )
        if value is ABSENT:
            target.pop(key, None)
        else:
            target[key] = value
    return body


ABSENT = object()


def read(body: Any) -> HookRequest:
    return read_request(body, HOOKS)


def selected(body: Any) -> list[str]:
    return [chosen.reference for chosen in read(body).selected]


def refused(body: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        read(body)
    assert caught.value.status == 400
    return caught.value


# --- envelope ----------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("value", [ABSENT, None, "", "  ", 7, [], ["x"], True])
def test_a_call_without_a_usable_envelope_member_is_refused_by_name(member: str, value: Any):
    assert member in refused(call(**{member: value})).text


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_a_call_that_is_not_an_object_is_refused(body: Any):
    assert refused(body).issue_code == "structure"


@pytest.mark.parametrize("hook", ["patient-view", "Order-Select", "order-select/../x"])
def test_a_hook_that_is_not_served_is_refused_and_the_expected_ones_are_named(hook: str):
    error = refused(call(hook))
    assert error.issue_code == "not-supported"
    assert "order-select" in error.text
    assert "order-sign" in error.text


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("f399c67c-c703-11ea-af16-460231621f93", "f399c67c-c703-11ea-af16-460231621f93"),
        ("00000000-007b-9f33-e810-e841a57c502c", "00000000-007b-9f33-e810-e841a57c502c"),
        ("urn:uuid:f399c67c-c703", "f399c67c-c703"),
        ("not a uuid", "not a uuid"),
    ],
)
def test_any_string_serves_as_hook_instance(given: str, understood: str):
    assert read(call(hookInstance=given)).hook_instance == understood


def test_unknown_members_at_any_level_change_nothing():
    odd = call(
        extension={"n": [1, {"x": None}]},
        user="x",
        item2={"resource": {}},
        item16=[1],
        context_extra={"a": []},
    )
    odd["context"]["draftOrders"]["surprise"] = 1
    odd["context"]["draftOrders"]["entry"][0]["surprise"] = {}
    assert read(odd) == read(call())


# --- context -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [ABSENT, None, "", 12, ["pat-1"], "a b", "x?y=1", "..", "a&b", "x" * 501]
)
def test_a_call_without_a_usable_patient_id_is_refused(value: Any):
    assert "context.patientId" in refused(call(context_patientId=value)).text


@pytest.mark.parametrize(
    "value", ["pat-1", "Patient/pat-1", " pat-1 ", "https://ehr.example/fhir/Patient/pat-1"]
)
def test_the_patient_is_named_by_bare_id_or_by_reference(value: str):
    request = read(call(context_patientId=value))
    assert request.patient_id == "pat-1"
    assert len(request.selected) == 1


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("value", [ABSENT, None, "", 5])
def test_a_missing_user_is_remarked_and_the_call_is_answered(hook: str, value: Any):
    request = read(call(hook, context_userId=value))
    assert request.user_id == ""
    assert request.remarks == ("context.userId is missing",)


@pytest.mark.parametrize(("value", "understood"), [(None, ""), (ABSENT, ""), ("enc-1", "enc-1")])
def test_the_encounter_is_optional(value: Any, understood: str):
    assert read(call(context_encounterId=value)).encounter_id == understood


# --- draft orders and selections ---------------------------------------------------------------


@pytest.mark.parametrize("selections", [ABSENT, None, []])
def test_order_select_before_anything_was_chosen_has_no_orders(selections: Any):
    request = read(call(context_draftOrders=ABSENT, context_selections=selections))
    assert (request.orders, request.selected) == ((), ())


def test_selections_without_draft_orders_are_refused_with_a_hint_at_scopes():
    error = refused(call(context_draftOrders=ABSENT))
    assert error.issue_code == "required"
    assert "unsigned orders" in error.text


def test_order_sign_without_draft_orders_is_refused_with_a_hint_at_scopes():
    body = call("order-sign", context_draftOrders=ABSENT, context_selections=ABSENT)
    assert "unsigned orders" in refused(body).text


@pytest.mark.parametrize("value", ["Bundle/1", [order()], 3, True])
def test_draft_orders_that_are_no_bundle_are_refused(value: Any):
    assert "context.draftOrders" in refused(call(context_draftOrders=value)).text


@pytest.mark.parametrize(
    "value",
    [{}, {"resourceType": "Bundle"}, {"entry": None}, {"entry": []}, {"entry": [None, {}, 3]}],
)
def test_a_bundle_without_orders_is_no_error(value: Json):
    assert read(call(context_draftOrders=value)).orders == ()


def test_only_selected_orders_are_advised_on_and_the_others_stay_in_sight():
    body = call(context_draftOrders=bundle(order(), order("draft-2")))
    assert selected(body) == ["ServiceRequest/draft-1"]
    assert len(read(body).orders) == 2


@pytest.mark.parametrize(
    "selection",
    [
        "ServiceRequest/draft-1",
        "draft-1",
        "https://ehr.example/fhir/ServiceRequest/draft-1",
        "https://ehr.example/fhir/ServiceRequest/draft-1/_history/3",
        "urn:uuid:7b0c",
        {"reference": "ServiceRequest/draft-1"},
        {"resourceType": "ServiceRequest", "id": "draft-1"},
    ],
)
def test_a_selection_names_its_order_in_any_of_the_usual_ways(selection: Any):
    orders = bundle(order(), order("draft-2"))
    orders["entry"][0]["fullUrl"] = "urn:uuid:7b0c"
    body = call(context_draftOrders=orders, context_selections=[selection])
    assert selected(body) == ["ServiceRequest/draft-1"]
    assert read(body).remarks == ()


def test_an_order_without_id_is_selected_by_its_full_url():
    orders = bundle(order(None), order(None))
    orders["entry"][1]["fullUrl"] = "urn:uuid:7b0c"
    request = read(call(context_draftOrders=orders, context_selections=["ServiceRequest/7b0c"]))
    assert [item is request.orders[1] for item in request.selected] == [True]


def test_a_selection_of_another_type_with_the_same_id_is_not_our_order():
    assert selected(call(context_selections=["MedicationRequest/draft-1"])) == []


def test_a_selection_that_matches_nothing_is_skipped_with_a_remark():
    body = call(context_selections=["ServiceRequest/gone", None, 4, [], "ServiceRequest/draft-1"])
    assert selected(body) == ["ServiceRequest/draft-1"]
    assert read(body).remarks == ("4 selections match no draft order",)


def test_a_selected_medication_is_neither_an_order_of_ours_nor_an_oddity():
    medication = {"resourceType": "MedicationRequest", "id": "m1"}
    body = call(
        context_draftOrders=bundle(medication, {"resourceType": "Medication", "id": "x"}),
        context_selections=["MedicationRequest/m1"],
    )
    request = read(body)
    assert (request.orders, request.selected, request.remarks) == ((), (), ())


def test_an_order_selected_twice_is_advised_on_once():
    assert selected(call(context_selections=["draft-1", "ServiceRequest/draft-1"])) == [
        "ServiceRequest/draft-1"
    ]


@pytest.mark.parametrize("value", [ABSENT, None, 5, True])
def test_order_select_without_selections_selects_all_orders_with_a_remark(value: Any):
    request = read(call(context_selections=value))
    assert len(request.selected) == 1
    assert "context.selections is missing" in request.remarks[0]


def test_an_empty_list_of_selections_selects_nothing():
    assert selected(call(context_selections=[])) == []


def test_order_sign_selects_all_orders_whatever_selections_say():
    body = call(
        "order-sign",
        context_draftOrders=bundle(order(), order("draft-2", status="active")),
        context_selections=["ServiceRequest/draft-2"],
    )
    assert len(selected(body)) == 2


@pytest.mark.parametrize(
    "subject",
    ["Patient/pat-2", "https://ehr.example/Patient/pat-2", "Group/pat-1", "pat-2"],
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_for_another_patient_is_left_out_with_a_remark(subject: str, hook: str):
    orders = bundle(order(subject={"reference": subject}))
    request = read(call(hook, context_draftOrders=orders))
    assert (request.orders, request.selected) == ((), ())
    assert request.remarks == ("1 draft orders are for another patient",)


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {"display": "someone"},
        {"reference": "pat-1"},
        {"reference": "https://ehr.example/Patient/pat-1"},
        {"reference": "urn:uuid:9d2a"},
        {"reference": "Patient?identifier=x"},
    ],
)
def test_an_order_whose_subject_may_be_the_patient_is_advised_on(subject: Any):
    assert len(selected(call(context_draftOrders=bundle(order(subject=subject))))) == 1


@pytest.mark.parametrize(
    "status", ["revoked", "entered-in-error", "completed", "cancelled", "Revoked"]
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_closed_order_is_not_advised_on(status: str, hook: str):
    request = read(call(hook, context_draftOrders=bundle(order(status=status))))
    assert request.selected == ()
    assert "closed" in request.remarks[0]


def test_an_order_not_to_perform_is_not_advised_on():
    assert selected(call(context_draftOrders=bundle(order(doNotPerform=True)))) == []


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "Xactive", None])
@pytest.mark.parametrize("intent", ["plan", "order", "proposal", None])
def test_status_and_intent_are_no_filter_otherwise(status: str | None, intent: str | None):
    assert len(selected(call(context_draftOrders=bundle(order(status=status, intent=intent))))) == 1


def test_a_very_long_draft_id_comes_through_unchanged():
    identity = "e" + "A1b2-C3d4." * 20
    body = call(
        context_draftOrders=bundle(order(identity)),
        context_selections=[f"ServiceRequest/{identity}"],
    )
    assert read(body).selected[0].resource["id"] == identity


@pytest.mark.parametrize(
    "odd",
    [
        {"resourceType": {"a": 1}},
        {"resourceType": ["ServiceRequest"]},
        order(code={"coding": [{}]}, reasonCode=[]),
        order(code=None, reasonCode={}, category={"coding": {}}),
        order(code=[None], subject=[], status={}, priority=[]),
        order(contained=[{"resourceType": "Medication"}]),
    ],
)
def test_an_odd_entry_costs_only_itself(odd: Json):
    body = call(
        context_draftOrders=bundle(odd, order("draft-9")), context_selections=["draft-9", "draft-1"]
    )
    assert "ServiceRequest/draft-9" in selected(body)


# --- FHIR access -------------------------------------------------------------------------------


def authorization(**changes: Any) -> Json:
    full = {
        "access_token": "token-1",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/Condition.read",
        "subject": "advisor",
        **changes,
    }
    return {name: value for name, value in full.items() if value is not ABSENT}


@pytest.mark.parametrize("server", ["https://ehr.example/fhir", "https://ehr.example/fhir/"])
def test_server_and_token_give_access(server: str):
    request = read(call(fhirServer=server, fhirAuthorization=authorization()))
    assert request.fhir_access is not None
    assert request.fhir_access.base_url == "https://ehr.example/fhir"
    assert request.fhir_access.token == "token-1"


def test_the_token_does_not_show_when_the_request_is_printed():
    request = read(call(fhirServer="https://ehr.example", fhirAuthorization=authorization()))
    assert "token-1" not in repr(request)


@pytest.mark.parametrize("server", [ABSENT, None, "", 4])
def test_a_token_without_server_is_refused(server: Any):
    assert "fhirServer" in refused(call(fhirServer=server, fhirAuthorization=authorization())).text


@pytest.mark.parametrize(
    "given",
    [
        {},
        "token-1",
        ["token-1"],
        authorization(access_token=ABSENT),
        authorization(access_token=""),
        authorization(access_token="two words"),
        authorization(access_token="line\nbreak"),
        authorization(access_token=5),
        authorization(token_type="mac"),
        authorization(token_type=ABSENT),
        authorization(patient="pat-2"),
    ],
)
def test_an_unusable_token_gives_no_access_but_an_answer_with_a_remark(given: Any):
    request = read(call(fhirServer="https://ehr.example", fhirAuthorization=given))
    assert request.fhir_access is None
    assert request.fhir_server == "https://ehr.example"
    assert len(request.remarks) == 1


@pytest.mark.parametrize(
    "given",
    [
        authorization(expires_in=ABSENT),
        authorization(expires_in="300"),
        authorization(scope="user/*.read"),
        authorization(scope="patient/Condition.rs"),
        authorization(scope=ABSENT, subject=ABSENT),
        authorization(patient="pat-1"),
        authorization(patient="Patient/pat-1"),
        authorization(token_type="bearer"),
    ],
)
def test_lifetime_and_scopes_are_not_judged(given: Json):
    request = read(call(fhirServer="https://ehr.example", fhirAuthorization=given))
    assert request.fhir_access is not None
    assert request.remarks == ()


def test_a_server_alone_gives_no_access():
    request = read(call(fhirServer="http://127.0.0.1:8080/fhir", fhirAuthorization=None))
    assert (request.fhir_access, request.fhir_server) == (None, "http://127.0.0.1:8080/fhir")


def test_a_server_that_is_no_web_address_is_not_used():
    request = read(call(fhirServer="file:///etc/passwd", fhirAuthorization=authorization()))
    assert (request.fhir_access, request.fhir_server) == (None, "")


# --- prefetch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [ABSENT, None, [], "x", 3, {}])
def test_prefetch_that_is_no_object_is_no_prefetch(value: Any):
    assert read(call(prefetch=value)).prefetch == {}


def test_prefetch_values_come_through_as_they_are():
    prefetch = {"conditions": {"resourceType": "Bundle"}, "labs": None, "odd": 3}
    assert read(call(prefetch=prefetch)).prefetch == prefetch


def test_a_value_wrapped_as_before_version_1_keeps_its_status_for_the_chart():
    prefetch = {"labs": {"response": {"status": "404"}, "resource": None}}
    assert read(call(prefetch=prefetch)).prefetch == prefetch


def test_the_chart_of_another_patient_is_refused():
    error = refused(call(prefetch={"patient": {"resourceType": "Patient", "id": "pat-2"}}))
    assert "not the patient" in error.text


def test_orders_that_name_themselves_in_more_text_than_there_is_time_for_are_refused() -> None:
    def named(characters: int) -> Json:
        codings = [{"display": "x" * 1000}] * (characters // 1000 - 1)
        return order(code={"text": "y" * 1000, "coding": codings})

    assert read(call(context_draftOrders=bundle(named(200_000)))).orders
    with pytest.raises(RequestRefused) as caught:
        read(call(context_draftOrders=bundle(named(100_000), order(), named(100_000))))
    assert (caught.value.status, caught.value.issue_code) == (413, "too-costly")
    assert "200000 characters" in caught.value.text


# --- privacy -----------------------------------------------------------------------------------


def test_neither_remarks_nor_errors_repeat_what_came_from_the_client():
    body = call(
        context_patientId="canary1",
        context_userId=None,
        context_selections=["ServiceRequest/canary2", "canary3"],
        context_draftOrders=bundle(
            order("canary4"), order("canary5", subject={"reference": "Patient/canary6"})
        ),
        fhirServer="canary7",
        prefetch="canary8",
    )
    request = read(body)
    assert request.remarks
    assert "canary" not in " ".join(request.remarks)
    assert "canary" not in refused(call("canary9")).text
