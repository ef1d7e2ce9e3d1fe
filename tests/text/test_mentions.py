"""What a text mentions: value sets in their roles."""

import pytest

from cds_service.text.assertion import Assertion, Cue, End
from cds_service.text.mentions import Mention, Phrase, TextIndex, _sentences

NO = Cue(Assertion.ABSENT, False, 3, "items", 0)


def index(*phrases, **more):
    return TextIndex([*phrases, ("no", NO), ("but", End(False))], **more)


def test_a_phrase_that_is_excluded_hides_what_it_holds():
    read = index(("fever", Phrase("fever", "include")), ("hay fever", Phrase("fever", "exclude")))
    assert read.mentions("hay fever") == ()
    assert read.mentions("fever") == (Mention("fever", "include", Assertion.PRESENT),)


def test_one_word_may_count_for_several_value_sets():
    read = index(("urosepsis", Phrase("sepsis", "include")), ("urosepsis", Phrase("uti", "weak")))
    assert {each.value_set for each in read.mentions("urosepsis")} == {"sepsis", "uti"}


def test_a_phrase_of_one_value_set_does_not_hide_those_of_another():
    read = index(
        ("pacemaker removed", Phrase("removal", "include")),
        ("pacemaker", Phrase("pacemaker", "include")),
    )
    assert {each.value_set for each in read.mentions("pacemaker removed")} == {
        "removal",
        "pacemaker",
    }


def test_a_denying_phrase_says_that_it_is_not_so():
    read = index(("afebrile", Phrase("fever", "deny")))
    assert read.mentions("afebrile") == (Mention("fever", "include", Assertion.ABSENT),)


def test_denying_a_narrower_thing_does_not_deny_the_broader_one():
    read = index(("sciatica", Phrase("back-pain", "narrower")))
    assert read.mentions("sciatica") == (Mention("back-pain", "include", Assertion.PRESENT),)
    assert read.mentions("no sciatica") == ()


def test_denying_a_broader_thing_denies_the_narrower_one():
    read = index(("steroid", Phrase("long-term-steroid", "broader")))
    assert read.mentions("steroids") == ()
    assert read.mentions("hx of steroids") == ()
    assert read.mentions("no steroids") == (
        Mention("long-term-steroid", "include", Assertion.ABSENT),
    )


def test_a_cue_inside_a_phrase_reaches_nothing_outside_it():
    read = index(
        ("bladder no emptying", Phrase("retention", "include")),
        ("fever", Phrase("fever", "include")),
    )
    assert read.mentions("bladder no emptying fever")[-1].assertion is Assertion.PRESENT


def test_a_mention_is_given_once_for_each_assertion():
    read = index(("fever", Phrase("fever", "include")))
    assert [each.assertion for each in read.mentions("no fever but fever fever")] == [
        Assertion.ABSENT,
        Assertion.PRESENT,
    ]


@pytest.mark.parametrize("text", ["", "nothing of the kind", "...", "no"])
def test_a_text_that_mentions_nothing_has_no_mentions(text):
    assert index(("fever", Phrase("fever", "include"))).mentions(text) == ()


def test_long_texts_are_read_like_short_ones():
    read = index(("fever", Phrase("fever", "include")))
    assert read.mentions("fever" + " and so on" * 20) == read.mentions("fever")


@pytest.mark.parametrize(
    ("text", "value_set"),
    [
        ("fever blister on lip", "fever"),
        ("colon cancer screening", "active-malignancy"),
        ("saddle embolus", "saddle-anaesthesia"),
        ("fall risk", "spine-trauma"),
        ("TENS unit", "neurostimulator"),
        ("shellfish allergy", "iodinated-contrast-allergy"),
        ("kidney transplant evaluation", "transplant"),
        ("stress incontinence", "urinary-retention"),
        ("injection of the knee", "spinal-infection"),
        ("iodinated contrast allergy", "contrast-allergy-unspecified"),
        ("arm weakness", "leg-weakness"),
        ("intentional weight loss", "unexplained-weight-loss"),
    ],
)
def test_look_alikes_are_no_mention(text, value_set, says):
    assert says(text, value_set) == set()


@pytest.mark.parametrize(
    ("text", "value_set"),
    [
        ("urinery retension", "urinary-retention"),
        ("PVR 450 mL", "urinary-retention"),
        ("T 39.2", "fever"),
        ("power 3/5 dorsiflexion", "leg-weakness"),
        ("no improvement with 6 weeks of PT", "failed-conservative-therapy"),
        ("lost 20 lbs", "unexplained-weight-loss"),
        ("POD 3 lumbar fusion", "recent-spinal-procedure"),
        ("#L1", "spine-trauma"),
    ],
)
def test_clinicians_words_are_understood(text, value_set, says):
    assert says(text, value_set) == {"present"}


def test_normal_findings_are_absent(says):
    assert says("strength 5/5, saddle sensation intact", "leg-weakness") == {"absent"}
    assert says("strength 5/5, saddle sensation intact", "saddle-anaesthesia") == {"absent"}


def test_a_text_without_a_full_stop_is_read_in_pieces_of_bounded_length():
    pieces = list(_sentences(["no"] * 250 + ["fever"]))
    assert [len(piece) for piece in pieces] == [101, 101, 52]
    assert all(piece[-1] == "." for piece in pieces)
