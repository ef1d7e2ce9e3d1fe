"""Phrases are found in texts: the longest first, with alternatives, numbers and gaps."""

import pytest

from cds_service.text.lexicon import Lexicon
from cds_service.text.patterns import parse
from cds_service.text.tokens import tokens


def found(phrases, text, known=()):
    book = Lexicon([(phrase, phrase) for phrase in phrases], known)
    return [each.meaning for each in book.find(book.spelt(tokens(text)))]


def test_the_longest_phrase_hides_the_shorter_ones_inside_it():
    assert found(["fever", "yellow fever"], "yellow fever vaccine, no fever") == [
        "yellow fever",
        "fever",
    ]


def test_one_of_the_alternatives_is_enough_and_an_empty_one_may_be_left_out():
    phrase = "{,severe }{low,lower} back {pain,ache}"
    assert found([phrase], "severe lower back ache") == [phrase]
    assert found([phrase], "low back pain") == [phrase]
    assert found([phrase], "upper back pain") == []


@pytest.mark.parametrize(("text", "is_fever"), [("temp 38", True), ("temp 37.9", False)])
def test_a_range_stands_for_the_numbers_in_it(text, is_fever):
    assert bool(found(["temp [38-42.9]"], text)) is is_fever


def test_a_gap_holds_four_words_and_no_comma():
    phrase = "failed * physiotherapy"
    assert found([phrase], "failed six weeks of formal physiotherapy") == [phrase]
    assert found([phrase], "failed one two three four five physiotherapy") == []
    assert found([phrase], "failed surgery, physiotherapy") == []


@pytest.mark.parametrize("word", ["scaitica", "sciatca", "sciattica", "sciarica"])
def test_one_wrong_letter_is_forgiven(word):
    assert found(["sciatica"], word) == ["sciatica"]


@pytest.mark.parametrize("word", ["pian", "ciatica", "sciacta"])
def test_short_words_first_letters_and_two_mistakes_are_not_forgiven(word):
    assert found(["sciatica", "pain"], word) == []


def test_a_known_word_is_not_taken_for_a_misspelt_one():
    assert found(["infection"], "injection") == ["infection"]
    assert found(["infection"], "injection", known=["injection"]) == []


def test_a_spelling_between_two_listed_words_is_neither():
    assert found(["infection", "injection"], "inection") == []


def test_an_open_brace_is_refused():
    with pytest.raises(ValueError, match="not closed"):
        Lexicon([("{low,lower back", "")])


def test_the_forms_of_a_phrase_are_all_it_stands_for():
    assert set(parse("{no,without} {,new }pain").forms(10)) == {
        ("no", "pain"),
        ("no", "new", "pain"),
        ("without", "pain"),
        ("without", "new", "pain"),
    }
    assert len(parse("{a1,b1}{c1,d1}").forms(3)) == 3
