"""Texts become words in one spelling each."""

import pytest

from cds_service.text.tokens import LONGEST_TEXT, tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("saddle anaesthesia", "Saddle Anesthesia"),
        ("spinal tumour", "spinal tumors"),
        ("faecal incontinence", "fecal incontinence"),
        ("L-spine", "l spine"),
        ("Pott's disease", "Pott\u2019s disease"),
        ("fevers and chills", "fever & chill"),
        ("bowel/bladder", "bowel and bladder"),
        ("skin abscesses", "skin abscess"),
        ("pain in the leg", "pain of leg"),
        ("pain w/ fever", "pain with fever"),
    ],
)
def test_two_spellings_are_the_same_words(one, other):
    assert tokens(one) == tokens(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("w/o contrast", ["without", "contrast"]),
        ("r/o CES", ["r/o", "ces"]),
        ("temp 38.6", ["temp", "38.6"]),
        ("strength 5/5", ["strength", "5", "and", "5"]),
        ("HIV+", ["hiv", "positive"]),
        ("fever (-)", ["fever", "negative"]),
        ("(-) fever", ["no", "fever"]),
        ("?CES", ["?", "ces"]),
        ("CES?", ["ces", "(?)"]),
        ("4,000 mL", ["4000", "ml"]),
        ("allergy - hives", ["allergy", "--", "hive"]),
        ("mets", ["mets"]),
    ],
)
def test_signs_are_words_by_their_place(text, words):
    assert tokens(text) == words


def test_the_stop_of_an_abbreviation_ends_no_sentence():
    assert "." not in tokens("hx. of S. aureus bacteremia")
    assert "." in tokens("68 F. back pain")


def test_only_the_beginning_of_an_endless_text_is_read():
    assert len(tokens("fever " * LONGEST_TEXT)) <= LONGEST_TEXT / len("fever ") + 1


def test_a_text_without_words_has_none():
    assert tokens("  \u2603 ~ ") == []
