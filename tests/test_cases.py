"""The cases beside the content, each as one test."""

import pytest

from cds_service.casebook import run_case
from cds_service.content.cases import Case, read_cases
from cds_service.content.library import Content
from cds_service.content.load import load
from tests.conftest import CARDS

ALL = [case for path, doc in load(CARDS).cases.items() for case in read_cases(doc, path)]


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_case(case: Case, content: Content) -> None:
    outcome = run_case(case, content)
    assert outcome.holds, f"{case.path}: {'; '.join(outcome.failures)}"
