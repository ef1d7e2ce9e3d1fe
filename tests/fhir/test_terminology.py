"""Asking a terminology server: whole expansions, or a reason why there is none."""

from typing import Any

import pytest

from cds_service.fhir.refusals import Problem, TerminologyUnavailable, problem_of
from cds_service.fhir.terminology import Bounds, Expansion, Filter, TerminologyServer
from tests import terminology_server as fake
from tests.terminology_server import HEADING, HIERARCHY, MALIGNANT, OLD, RARE, RARER, SKIN, TUMOUR


def expand(
    server: fake.TerminologyServer,
    code: str = TUMOUR,
    *without: str,
    token: str = "",
    **bounds: Any,
) -> Expansion:
    with TerminologyServer(server.base_url, token, bounds=Bounds(**bounds)) as asked:
        left_out = [Filter("concept", "is-a", each) for each in without]
        return asked.expand("snomed-ct", [Filter("concept", "is-a", code)], left_out)


def refused(misbehave: str, **bounds: Any) -> TerminologyUnavailable:
    with (
        fake.TerminologyServer(misbehave=misbehave) as server,
        pytest.raises(TerminologyUnavailable) as error,
    ):
        expand(server, **bounds)
    return error.value


def test_all_codes_below_come_with_their_display_and_the_release() -> None:
    with fake.TerminologyServer() as server:
        found = expand(server)
    assert set(found.displays) == set(HIERARCHY) - {HEADING}
    assert found.displays[RARE] == f"Disorder\t{RARE[:2]}"
    assert found.versions == {fake.RELEASE}


def test_inactive_codes_come_and_abstract_ones_do_not() -> None:
    with fake.TerminologyServer() as server:
        found = expand(server, MALIGNANT)
    assert OLD in found.displays
    assert HEADING not in found.displays
    assert RARER in found.displays


def test_what_is_left_out_is_left_out_with_all_below() -> None:
    with fake.TerminologyServer() as server:
        assert not {SKIN, RARE, RARER} & set(expand(server, MALIGNANT, SKIN).displays)


@pytest.mark.parametrize(
    ("misbehave", "asked"), [("", [0, 3, 6]), ("nested", [0, 3, 6]), ("no-total", [0, 3, 6, 8])]
)
def test_pages_are_read_to_the_end(misbehave: str, asked: list[int]) -> None:
    with fake.TerminologyServer(misbehave=misbehave) as server:
        found = expand(server, page=3)
        offsets = [call["parameter"][1]["valueInteger"] for call in server.calls]
    assert set(found.displays) == set(HIERARCHY) - {HEADING}
    assert offsets == asked


def test_a_full_last_page_is_not_taken_for_more() -> None:
    with fake.TerminologyServer(misbehave="no-total") as server:
        assert set(expand(server, page=4).displays) == set(HIERARCHY) - {HEADING}


@pytest.mark.parametrize("misbehave", ["", "no-total"])
def test_a_server_that_pages_smaller_than_asked_is_read_to_the_end(misbehave: str) -> None:
    with fake.TerminologyServer(page_size=2, misbehave=misbehave) as server:
        assert set(expand(server).displays) == set(HIERARCHY) - {HEADING}


def test_a_server_that_does_not_page_is_read_once() -> None:
    with fake.TerminologyServer(misbehave="ignores-paging") as server:
        assert set(expand(server, page=3).displays) == set(HIERARCHY) - {HEADING}
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    "misbehave", ["repeats", "repeats-with-total", "ends-early", "changes-release"]
)
@pytest.mark.parametrize("page", [3, 5])
def test_half_an_expansion_is_none(misbehave: str, page: int) -> None:
    assert refused(misbehave, page=page).problem is Problem.INCOMPLETE


def test_a_server_that_ignores_paging_and_fits_a_page_is_whole() -> None:
    with fake.TerminologyServer(misbehave="repeats") as server:
        assert set(expand(server).displays) == set(HIERARCHY) - {HEADING}


def test_a_server_that_never_ends_is_stopped() -> None:
    assert refused("", page=3, codes=5).problem is Problem.TOO_LARGE


@pytest.mark.parametrize(
    ("misbehave", "problem"),
    [
        ("html", Problem.NOT_FHIR),
        ("other-resource", Problem.NOT_FHIR),
        ("no-expansion", Problem.NOT_FHIR),
        ("other-system", Problem.NOT_FHIR),
        ("redirect", Problem.REDIRECTED),
        ("500", Problem.FAILED),
        ("unclosed", Problem.TOO_COSTLY),
        ("unknown-system", Problem.UNKNOWN_SYSTEM),
    ],
)
def test_what_is_no_expansion_is_told_apart(misbehave: str, problem: Problem) -> None:
    assert refused(misbehave).problem is problem


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    assert refused("slow", seconds=0.2).problem is Problem.TIME_OUT


def test_an_answer_that_is_too_large_is_not_read() -> None:
    assert refused("huge", answer_bytes=1_000_000).problem is Problem.TOO_LARGE


def test_too_costly_is_said_with_the_servers_words() -> None:
    with (
        fake.TerminologyServer(most=3) as server,
        pytest.raises(TerminologyUnavailable, match="more than 3 codes") as error,
    ):
        expand(server)
    assert error.value.problem is Problem.TOO_COSTLY


def test_a_code_the_server_does_not_know_is_not_a_missing_code_system() -> None:
    with fake.TerminologyServer() as server, pytest.raises(TerminologyUnavailable) as error:
        expand(server, fake.sctid(99))
    assert error.value.problem is Problem.UNKNOWN_CODE


def test_a_token_is_sent_and_never_told() -> None:
    with fake.TerminologyServer(token="sesame-0001") as server:
        assert expand(server, token="sesame-0001").displays
        with pytest.raises(TerminologyUnavailable) as error:
            expand(server, token="sesame-0002")
    assert error.value.problem is Problem.REFUSED
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    "base",
    [
        "http://terminology.example/fhir",
        "ftp://127.0.0.1/fhir",
        "https://user:word@terminology.example/fhir",
        "https://terminology.example/fhir?x=1",
        "terminology.example",
    ],
)
def test_only_https_or_this_machine_is_asked(base: str) -> None:
    with pytest.raises(TerminologyUnavailable) as error:
        TerminologyServer(base)
    assert error.value.problem is Problem.BAD_ADDRESS


def test_nobody_there_is_unreachable() -> None:
    with fake.TerminologyServer() as server:
        base = server.base_url
    with TerminologyServer(base) as asked, pytest.raises(TerminologyUnavailable) as error:
        asked.expand("snomed-ct", [Filter("concept", "is-a", TUMOUR)])
    assert error.value.problem is Problem.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "answer", "problem"),
    [
        (403, {}, Problem.REFUSED),
        (502, {}, Problem.FAILED),
        (404, {}, Problem.NOT_FHIR),
        (200, fake.outcome("not-found", "CodeSystem not found"), Problem.UNKNOWN_SYSTEM),
        (400, fake.outcome("invalid", "bad filter"), Problem.REFUSED),
        (500, fake.outcome("too-costly", ""), Problem.TOO_COSTLY),
        (404, fake.outcome("not-found", "no such thing"), Problem.REFUSED),
        (422, {"resourceType": "OperationOutcome", "issue": None}, Problem.REFUSED),
    ],
)
def test_an_answer_is_read_for_what_it_means(
    status: int, answer: dict[str, Any], problem: Problem
) -> None:
    assert problem_of(status, answer, [fake.SYSTEM], ["12345"]).problem is problem
