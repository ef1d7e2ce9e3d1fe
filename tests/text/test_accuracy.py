"""Texts are read well enough: in the half that rules are chosen on, and in the one held out."""

import pytest

from tests.text.accuracy import HALVES, KINDS, PRECISION, RECALL, figures


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("kind", KINDS)
def test_both_halves_hold_the_floor(kind, half, read):
    found = figures(kind, half, read)
    assert found.labels > 300
    assert round(found.precision, 3) >= PRECISION
    assert round(found.recall, 3) >= RECALL
