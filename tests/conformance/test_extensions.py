"""Extensions are objects under reverse-DNS names, and those of one client go to no other."""

import re

import pytest

from tests.conformance.exchange import Json, members

conformance = pytest.mark.conformance
NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9_-]+)+|systemActions")


@conformance(223, 224)
def test_extensions_are_objects_with_reverse_dns_names(answers: dict[str, Json]) -> None:
    for whole in answers.values():
        for path, value in members(whole):
            if path.endswith("/extension"):
                assert isinstance(value, dict)
                assert all(NAME.fullmatch(name) for name in value)


@conformance(225)
def test_nothing_meant_for_one_vendor_goes_to_everybody(answers: dict[str, Json]) -> None:
    assert "com.epic" not in str(answers)
