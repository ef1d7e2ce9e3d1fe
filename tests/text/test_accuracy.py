"""Texts are read as well as before, in the part that rules are chosen on and the one held out."""

import pytest

from tests.text.accuracy import FLOORS, KINDS, figures, halves


@pytest.mark.parametrize(
    ("kind", "half"), [(kind, half) for kind in KINDS for half in halves(kind)]
)
def test_each_half_holds_its_floor(kind, half, read):
    precision, recall = FLOORS[kind, half]
    found = figures(kind, half, read)
    assert found.labels > 300
    assert found.precision >= precision
    assert found.recall >= recall
