"""Texts with places: what is a place, what is not, and what fills them."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.template import PLACES, Template, template

PIECES = st.sampled_from(
    ["{a}", "{b-c}", "{", "}", "{}", "{A}", "{a b}", "{{a}}", "%", "%s", "%(a)s", "ö ", "\n\n", "x"]
)
VALUES = st.fixed_dictionaries({"a": st.text(), "b-c": st.lists(PIECES).map("".join)})


@pytest.mark.parametrize(
    ("text", "places", "filled"),
    [
        ("", (), ""),
        ("Always.", (), "Always."),
        ("{a} to {b-c}, not {a}", ("a", "b-c", "a"), "MRI to CT, not MRI"),
        ("{} {A} {a b} { } 50 % %s", (), "{} {A} {a b} { } 50 % %s"),
        ("{{a}}", ("a",), "{MRI}"),
    ],
)
def test_only_a_name_in_braces_is_a_place(text: str, places: tuple[str, ...], filled: str) -> None:
    taken_apart = Template(text)
    assert taken_apart.places == places
    assert taken_apart.fill({"a": "MRI", "b-c": "CT"}) == filled


def test_what_a_value_says_is_never_filled_again() -> None:
    assert Template("{a}").fill({"a": "{b} %s {a}", "b": "other"}) == "{b} %s {a}"


def test_a_place_without_a_value_is_a_fault() -> None:
    with pytest.raises(KeyError, match="b-c"):
        Template("{a} {b-c}").fill({"a": "MRI"})


def _only_known_places(text: str) -> bool:
    """Say whether the pieces of `text` did not happen to make up a place without a value."""
    return set(PLACES.findall(text)) <= {"a", "b-c"}


@given(st.lists(PIECES).map("".join).filter(_only_known_places), VALUES)
def test_filling_is_putting_each_value_in_its_place(text: str, values: Mapping[str, str]) -> None:
    assert Template(text).fill(values) == re.sub(PLACES, lambda found: values[found[1]], text)


def test_a_text_is_taken_apart_once() -> None:
    assert template("Change {a}") is template("Change " + "{a}")
