import socket
import threading
import time

import pytest

from cds_service.engine.chart import Source, SourceState
from cds_service.hooks.errors import RequestRefused
from tests.fhir_server import FhirServer, wait_until
from tests.gather.records import (
    KINDS,
    PATIENT,
    RECORDS,
    ContentStandIn,
    bundle,
    fever,
    full_prefetch,
    record,
)

COMPLETE, PARTIAL = SourceState.COMPLETE, SourceState.PARTIAL
FAILED, NOT_SUPPLIED = SourceState.FAILED, SourceState.NOT_SUPPLIED
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}
EVERYTHING = [PATIENT, *RECORDS]


def names(chart):
    return [f"{item['resourceType']}/{item.get('id', '')}" for item in chart.resources]


def states(chart):
    return {kind: source.state for kind, source in chart.sources.items()}


@pytest.fixture
def server():
    with FhirServer(EVERYTHING, token="t") as running:
        yield running


class TestPrefetch:
    def test_a_full_prefetch_makes_a_complete_chart_without_any_call(self, chart_of, server):
        chart = chart_of(full_prefetch(), server.base_url, "t")
        assert set(states(chart).values()) == {COMPLETE}
        assert len(chart.resources) == len(EVERYTHING)
        assert server.requests == []

    @pytest.mark.parametrize("key", KINDS)
    def test_null_is_not_asked_for_again(self, chart_of, server, key):
        chart = chart_of({**full_prefetch(), key: None}, server.base_url, "t")
        assert chart.source(KINDS[key]).complete
        assert not any(name.startswith(f"{KINDS[key]}/") for name in names(chart))
        assert server.requests == []

    @pytest.mark.parametrize("key", KINDS)
    def test_a_failed_prefetch_is_not_asked_for_again(self, chart_of, server, key):
        chart = chart_of({**full_prefetch(), key: OUTCOME}, server.base_url, "t")
        assert chart.source(KINDS[key]).state is FAILED
        assert server.requests == []

    @pytest.mark.parametrize("key", KINDS)
    def test_a_missing_key_without_fhir_access_is_not_supplied(self, chart_of, key):
        prefetch = full_prefetch()
        del prefetch[key]
        chart = chart_of(prefetch)
        assert chart.source(KINDS[key]) == Source(NOT_SUPPLIED, "not supplied by the client")
        assert [kind for kind, source in chart.sources.items() if not source.complete] == [
            KINDS[key]
        ]

    def test_unknown_keys_are_ignored(self, chart_of):
        with_more = {**full_prefetch(), "labs": bundle(fever("o9")), "observations2": None}
        assert chart_of(with_more) == chart_of(full_prefetch())

    def test_the_patient_alone_makes_a_chart(self, chart_of):
        chart = chart_of({"patient": PATIENT})
        assert names(chart) == ["Patient/ada"]
        assert states(chart)["Patient"] is COMPLETE
        assert set(states(chart).values()) == {COMPLETE, NOT_SUPPLIED}

    def test_only_what_the_content_reads_is_a_source(self, chart_of):
        chart = chart_of(full_prefetch(), content=ContentStandIn(("Condition",), ()))
        assert names(chart) == ["Condition/c1", "Condition/c2", "Patient/ada"]
        assert states(chart) == {"Patient": COMPLETE, "Condition": COMPLETE}

    def test_observations_without_any_code_to_ask_for_are_not_supplied(self, chart_of):
        chart = chart_of(full_prefetch(), content=ContentStandIn(("Observation",), ()))
        assert states(chart) == {"Patient": COMPLETE, "Observation": NOT_SUPPLIED}

    def test_observations_in_two_keys_are_complete_only_if_both_are(self, chart_of):
        codes = tuple(f"{number}-0" for number in range(10000, 10100))
        content = ContentStandIn(("Observation",), codes)
        first = {"patient": PATIENT, "observations": bundle(fever("o1"))}
        both = {**first, "observations2": bundle(fever("o2"))}
        assert states(chart_of(first, content=content))["Observation"] is PARTIAL
        assert states(chart_of(both, content=content))["Observation"] is COMPLETE
        assert names(chart_of(both, content=content))[:2] == ["Observation/o1", "Observation/o2"]


class TestOrder:
    def test_the_order_of_keys_and_entries_does_not_matter(self, chart_of):
        prefetch = full_prefetch()
        turned = {key: prefetch[key] for key in reversed(prefetch)}
        turned["conditions"] = bundle(
            *[e["resource"] for e in prefetch["conditions"]["entry"]][::-1]
        )
        assert chart_of(turned) == chart_of(prefetch)

    def test_a_record_supplied_twice_is_there_once(self, chart_of):
        twice = bundle(record("Condition", "c1"), record("Condition", "c1"))
        extra = bundle(fever("o1"))
        extra["entry"].append(
            {"resource": record("Condition", "c1"), "search": {"mode": "include"}}
        )
        chart = chart_of({"patient": PATIENT, "conditions": twice, "observations": extra})
        assert names(chart) == ["Condition/c1", "Observation/o1", "Patient/ada"]

    def test_of_two_versions_of_a_record_the_later_stays_in_whatever_order(self, chart_of):
        old = record("Condition", "c1", meta={"lastUpdated": "2026-01-01T00:00:00Z"})
        new = record("Condition", "c1", meta={"lastUpdated": "2026-02-01T00:00:00Z"}, note=[])
        for versions in ([old, new], [new, old]):
            chart = chart_of({"patient": PATIENT, "conditions": bundle(*versions)})
            assert chart.resources[0] == new

    def test_two_versions_of_unknown_age_give_one_result_in_whatever_order(self, chart_of):
        one, other = record("Condition", "c1", a="\ud800"), record("Condition", "c1", b=1)
        charts = [
            chart_of({"patient": PATIENT, "conditions": bundle(*versions)})
            for versions in ([one, other], [other, one])
        ]
        assert charts[0] == charts[1]

    def test_records_without_an_id_are_all_kept(self, chart_of):
        one, other = fever(""), fever("", code="1988-5")
        charts = [
            chart_of({"patient": PATIENT, "observations": bundle(*found)})
            for found in ([one, other], [other, one])
        ]
        assert len(charts[0].resources) == 3
        assert charts[0] == charts[1]


class TestFhirServer:
    def test_prefetch_only_fhir_only_and_mixed_make_the_same_chart(self, chart_of, server):
        prefetched = chart_of(full_prefetch())
        fetched = chart_of({}, server.base_url, "t")
        mixed = chart_of({"patient": PATIENT, "conditions": full_prefetch()["conditions"]},
                         server.base_url, "t")  # fmt: skip
        assert prefetched == fetched == mixed

    @pytest.mark.parametrize("key", ["patient", *KINDS])
    def test_only_missing_keys_are_fetched(self, chart_of, server, key):
        prefetch = full_prefetch()
        del prefetch[key]
        chart = chart_of(prefetch, server.base_url, "t")
        assert server.asked() == [KINDS.get(key, "Patient")]
        assert chart == chart_of(full_prefetch())

    def test_the_queries_are_the_published_templates_with_the_patient_filled_in(
        self, chart_of, server
    ):
        chart_of({}, server.base_url, "t")
        queries = {call.resource_type: call.query for call in server.requests}
        assert queries["Condition"] == {"patient": "ada", "_count": "200"}
        assert queries["Observation"] == {
            "patient": "ada",
            "code": "http://loinc.org|1988-5,http://loinc.org|8310-5",
            "_sort": "-date",
            "_count": "500",
        }
        assert [call.path for call in server.requests if call.resource_type == "Patient"] == [
            "/fhir/Patient/ada"
        ]

    def test_all_pages_are_read(self, chart_of):
        many = [record("Condition", f"c{number}") for number in range(7)]
        with FhirServer([PATIENT, *many], token="t", page_size=2) as server:
            chart = chart_of({}, server.base_url, "t")
        assert chart.source("Condition").complete
        assert len(chart.resources) == 8

    def test_of_earlier_orders_only_one_page_is_read_so_that_the_rest_has_time(self, chart_of):
        orders = [record("ServiceRequest", f"s{number}", status="active") for number in range(7)]
        conditions = [record("Condition", f"c{number}") for number in range(7)]
        content = ContentStandIn(resource_types=("Patient", "Condition", "ServiceRequest"))
        with FhirServer([PATIENT, *orders, *conditions], token="t", page_size=2) as server:
            chart = chart_of({}, server.base_url, "t", content=content)
            asked = [call.resource_type for call in server.requests]
        assert chart.source("Condition").complete
        assert chart.source("ServiceRequest").state is PARTIAL
        assert sum(name.startswith("ServiceRequest/") for name in names(chart)) == 2
        assert asked.count("ServiceRequest") == 1

    def test_further_pages_of_a_prefetched_bundle_are_read(self, chart_of):
        many = [record("Condition", f"c{number}") for number in range(5)]
        with FhirServer([PATIENT, *many], token="t", page_size=2) as server:
            link = f"{server.base_url}/Condition?patient=ada&_count=2&_offset=2"
            first = bundle(*many[:2], total=5, link=[{"relation": "next", "url": link}])
            prefetch = {**full_prefetch(), "conditions": first}
            chart = chart_of(prefetch, server.base_url, "t")
            alone = chart_of(prefetch)
        assert chart.source("Condition").complete
        assert sum(name.startswith("Condition/") for name in names(chart)) == 5
        assert alone.source("Condition").state is PARTIAL
        assert sum(name.startswith("Condition/") for name in names(alone)) == 2

    def test_a_prefetched_link_to_another_host_is_not_followed(self, chart_of, server):
        with FhirServer(EVERYTHING) as other:
            link = [{"relation": "next", "url": f"{other.base_url}/Condition?page=2"}]
            first = bundle(record("Condition", "c1"), link=link)
            chart = chart_of({**full_prefetch(), "conditions": first}, server.base_url, "t")
        assert other.requests == []
        assert chart.source("Condition").state is PARTIAL
        assert "Condition/c1" in names(chart)

    def test_a_server_is_not_asked_without_a_token(self, chart_of, server):
        chart = chart_of({"patient": PATIENT}, server.base_url)
        assert server.requests == []
        assert chart.source("Condition").state is NOT_SUPPLIED

    def test_an_open_server_is_asked_without_a_token_where_the_site_says_so(self, chart_of):
        with FhirServer(EVERYTHING) as server:
            chart = chart_of({}, server.base_url, open_fhir=True)
            assert all("Authorization" not in call.headers for call in server.requests)
        assert chart == chart_of(full_prefetch())

    def test_a_server_that_is_not_allowed_is_never_asked(self, chart_of, server):
        allowed = ("https://ehr.example",)
        chart = chart_of({"patient": PATIENT}, server.base_url, "t", fhir_servers=allowed)
        assert server.requests == []
        assert chart.source("Condition") == Source(
            NOT_SUPPLIED,
            "not supplied by the client; the FHIR server is not one that this service may ask",
        )

    def test_a_base_address_no_path_can_follow_is_not_asked(self, chart_of, server):
        chart = chart_of({"patient": PATIENT}, f"{server.base_url}?x=", "t")
        assert server.requests == []
        assert chart.source("Condition").state is FAILED

    @pytest.mark.parametrize("patient", ["ada,bob", "ada&x=1", "..", "a%2Cb", "a\\,b"])
    def test_an_id_that_would_mean_something_else_in_a_query_is_not_asked_for(
        self, chart_of, server, patient
    ):
        sent = {"patient": {"resourceType": "Patient", "id": patient}}
        chart = chart_of(sent, server.base_url, "t", patient)
        assert all(call.path != "/" for call in server.requests)
        assert patient == ".." or server.requests == []
        assert chart.source("Condition").state is (NOT_SUPPLIED if patient != ".." else COMPLETE)

    def test_a_type_the_server_does_not_know_is_told_as_such(self, chart_of):
        with FhirServer(EVERYTHING, without=["DeviceUseStatement"]) as server:
            chart = chart_of({}, server.base_url, open_fhir=True)
        assert chart.source("DeviceUseStatement") == Source(
            FAILED, "not offered by the FHIR server"
        )
        assert [kind for kind, s in chart.sources.items() if not s.complete] == [
            "DeviceUseStatement"
        ]

    @pytest.mark.parametrize(
        "fault",
        ["400", "403", "429", "500", "503", "html", "truncated", "outcome", "redirect", "huge"],
    )
    def test_one_search_that_goes_wrong_costs_only_its_source(self, chart_of, fault):
        with FhirServer(EVERYTHING, misbehave={"Condition": fault}) as server:
            chart = chart_of({}, server.base_url, open_fhir=True, fhir_max_bytes=4_000_000,
                             fhir_deadline=60.0)  # fmt: skip
        incomplete = {kind: s for kind, s in chart.sources.items() if not s.complete}
        assert "Condition" in incomplete
        assert incomplete["Condition"].state is FAILED
        assert incomplete["Condition"].reason
        assert set(incomplete) == {"Condition"}

    def test_pages_read_before_one_fails_are_kept(self, chart_of):
        many = [record("Condition", f"c{number}") for number in range(4)]
        faults = {"Condition": "next-fails"}
        with FhirServer([PATIENT, *many], misbehave=faults, page_size=2) as server:
            chart = chart_of({}, server.base_url, open_fhir=True)
        assert chart.source("Condition") == Source(
            PARTIAL, "the FHIR server answered with a server error"
        )
        assert names(chart) == ["Condition/c0", "Condition/c1", "Patient/ada"]

    def test_records_of_another_patient_from_the_server_are_left_out(self, chart_of):
        resources = [PATIENT, record("Condition", "c1"), record("Condition", "c9", "bob")]
        with FhirServer(resources, misbehave={"Condition": "other-patient"}) as server:
            chart = chart_of({}, server.base_url, open_fhir=True)
        assert names(chart) == ["Condition/c1", "Patient/ada"]
        assert chart.source("Condition").state is PARTIAL


class TestDeadline:
    @pytest.mark.parametrize("fault", ["slow", "drip", "drip-headers", "drip-redirect"])
    def test_a_slow_source_is_given_up_at_the_deadline_and_the_others_stay(self, chart_of, fault):
        with FhirServer(EVERYTHING, misbehave={"Condition": fault}) as server:
            start = time.monotonic()
            # long enough for the others on a slow machine
            chart = chart_of({}, server.base_url, open_fhir=True, fhir_deadline=5.0)
            assert time.monotonic() - start < 25  # the server would answer after 30
            assert chart.source("Condition").state is FAILED
            assert [kind for kind, s in chart.sources.items() if not s.complete] == ["Condition"]

    @pytest.mark.parametrize("fault", ["slow", "drip", "drip-headers", "drip-redirect"])
    def test_no_read_goes_on_in_the_background_after_the_deadline(self, chart_of, fault):
        with FhirServer(EVERYTHING, misbehave={"Condition": fault}) as server:
            prefetch = {"patient": PATIENT}  # without whom there is no chart, however late it is
            chart_of(prefetch, server.base_url, open_fhir=True, fhir_deadline=0.3)
            assert wait_until(
                lambda: not [t for t in threading.enumerate() if t.name.startswith("fhir-read")],
                seconds=25,  # the server would answer after 30
            )

    def test_a_server_that_says_nothing_in_the_tls_handshake_holds_nobody(self, chart_of):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            origin = f"https://127.0.0.1:{silent.getsockname()[1]}"
            start = time.monotonic()
            chart = chart_of({"patient": PATIENT}, f"{origin}/fhir", "t",
                             fhir_servers=(origin,), fhir_deadline=0.3)  # fmt: skip
            assert time.monotonic() - start < 60
            # The reads end while the server is there: Python leaves a socket open that is reset
            # just before its handshake, and a later test would be blamed for it.
            assert wait_until(
                lambda: not [t for t in threading.enumerate() if t.name.startswith("fhir-read")],
            )
        assert chart.source("Condition") == Source(FAILED, "the FHIR server did not answer in time")

    def test_a_prefetched_page_stays_when_the_next_comes_too_late(self, chart_of):
        with FhirServer(EVERYTHING, misbehave="slow") as server:
            link = [{"relation": "next", "url": f"{server.base_url}/Condition?page=2"}]
            first = bundle(record("Condition", "c1"), link=link)
            chart = chart_of({**full_prefetch(), "conditions": first}, server.base_url,
                             open_fhir=True, fhir_deadline=0.3)  # fmt: skip
        assert chart.source("Condition").state is PARTIAL
        assert "Condition/c1" in names(chart)


class TestRequiredPatient:
    def refusal(self, chart_of, *args, **settings):
        with pytest.raises(RequestRefused) as refused:
            chart_of(*args, **settings)
        assert "ada" not in refused.value.text + refused.value.diagnostics
        return refused.value.status, refused.value.issue_code

    @pytest.mark.parametrize(
        "patient",
        [{}, {"patient": None}, {"patient": bundle()}, {"patient": OUTCOME}, {"patient": "ada"},
         {"patient": record("Condition", "c1")}],
    )  # fmt: skip
    def test_without_a_patient_and_without_access_the_request_is_refused(self, chart_of, patient):
        assert self.refusal(chart_of, patient) == (412, "required")

    def test_a_patient_the_client_did_not_find_is_not_asked_for_again(self, chart_of, server):
        for value in (None, bundle()):
            prefetch = {**full_prefetch(), "patient": value}
            assert self.refusal(chart_of, prefetch, server.base_url, "t") == (412, "required")
        assert server.requests == []

    def test_a_patient_whose_prefetch_failed_is_read_once(self, chart_of, server):
        chart = chart_of({**full_prefetch(), "patient": OUTCOME}, server.base_url, "t")
        assert server.asked() == ["Patient"]
        assert chart == chart_of(full_prefetch())

    def test_a_patient_the_server_does_not_know_is_not_found(self, chart_of, server):
        prefetch = full_prefetch()
        del prefetch["patient"]
        missing = (prefetch, server.base_url, "t", "eve")
        assert self.refusal(chart_of, *missing) == (412, "not-found")

    def test_a_patient_that_comes_too_late_is_a_passing_failure(self, chart_of):
        with FhirServer(EVERYTHING, misbehave={"Patient": "slow"}) as server:
            late = self.refusal(chart_of, {}, server.base_url, open_fhir=True, fhir_deadline=0.3)
        assert late == (412, "transient")

    def test_a_token_that_is_refused_means_that_the_patient_is_wanted(self, chart_of, server):
        assert self.refusal(chart_of, {}, server.base_url, "wrong") == (412, "required")

    def test_a_server_that_answers_with_another_patient_has_not_answered(self, chart_of):
        other = [{**PATIENT, "id": "bob"}]
        with FhirServer(other, misbehave={"Patient": "other-patient"}) as server:
            assert self.refusal(chart_of, {}, server.base_url, open_fhir=True) == (412, "required")

    @pytest.mark.parametrize("wrapped", [lambda p: p, bundle])
    def test_another_patient_in_prefetch_is_refused(self, chart_of, server, wrapped):
        prefetch = {**full_prefetch(), "patient": wrapped({**PATIENT, "id": "bob"})}
        assert self.refusal(chart_of, prefetch, server.base_url, "t") == (400, "invalid")
        assert server.requests == []
