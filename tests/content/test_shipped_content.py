"""The content that ships with the service keeps every rule."""

import pytest

from cds_service.content.check import check
from cds_service.content.load import content_directory, load


@pytest.fixture(scope="module")
def shipped():
    return load(content_directory())


def test_the_shipped_content_has_no_errors(shipped):
    errors = [str(issue) for issue in check(shipped) if issue.severity == "error"]
    assert errors == [], "\n" + "\n".join(errors)


def test_the_shipped_content_has_something_of_every_part(shipped):
    kinds = {document.kind for document in shipped.documents.values()}
    assert {"value-set", "procedures", "findings", "topic", "variants", "ratings"} <= kinds
