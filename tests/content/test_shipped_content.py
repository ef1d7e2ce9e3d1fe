"""The content that ships with the service keeps every rule."""

import re

import pytest

from cds_service.content.check import check
from cds_service.content.load import content_directory, load
from cds_service.content.model import ValueSet


@pytest.fixture(scope="module")
def shipped():
    return load(content_directory())


def test_the_shipped_content_has_no_errors(shipped):
    errors = [str(issue) for issue in check(shipped) if issue.severity == "error"]
    assert errors == [], "\n" + "\n".join(errors)


def test_the_shipped_content_has_something_of_every_part(shipped):
    kinds = {document.kind for document in shipped.documents.values()}
    assert {"value-set", "procedures", "findings", "topic", "variants", "ratings"} <= kinds


def test_results_have_short_names_of_our_own(shipped):
    """A long LOINC name would stand on the card of a result that the chart gives no words."""
    names = [
        concept.label
        for document in shipped.documents.values()
        if isinstance(document, ValueSet)
        for group in document.concepts
        if group.system == "loinc"
        for concept in group.codes
    ]
    assert names
    assert [name for name in names if len(name) > 70 or re.search(r"\[|\]|--| by ", name)] == []
