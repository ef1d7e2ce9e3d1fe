"""The readers of texts, compiled once from the shipped content."""

import pytest

from tests.text.accuracy import Readers, readers


@pytest.fixture(scope="session")
def read() -> Readers:
    return readers()


@pytest.fixture(scope="session")
def says(read):
    """Say what a text asserts of a value set, as a set of words; empty if it is not mentioned."""

    def _says(text, value_set):
        return {
            str(each.assertion)
            for each in read.mentions.mentions(text)
            if each.value_set == value_set
        }

    return _says
