"""What a card says after its own text: what else stands against the order, and what is left."""

from typing import Any

from cds_service.casebook import assess
from cds_service.content.cases import read_cases
from cds_service.content.library import Content
from cds_service.render.cards import cards

BACK_PAIN = {"condition": "snomed-ct 279039007", "onset": "2026-11-08"}
CANCER = {"condition": "snomed-ct 254837009", "clinical-status": "remission", "onset": "2019-03-01"}
PACEMAKER = {"device": "snomed-ct 14106009"}
STIMULATOR = {"condition": "icd-10-cm Z96.82"}
IODINE_REACTION = {"allergy": "text: Iohexol", "severity": "severe"}
GADOLINIUM_REACTION = {"allergy": "text: Gadobutrol", "severity": "severe"}
KNEE = {"code": "text: MRI knee without contrast", "reasons": ["snomed-ct 49218002"]}
PLAIN, BOTH = {"code": "loinc 30679-5"}, {"code": "loinc 24967-2"}


def details(content: Content, order: dict[str, Any], *records: dict[str, Any]) -> list[str]:
    """Return summary and detail of every card for a woman of 51 on 23 November 2026."""
    given = {"records": list(records), "order": order}
    case = {"name": "closing", "about": [], "fires": True, "given": given, "expect": {}}
    (read,) = read_cases({"as-of": "2026-11-23", "cases": [case]}, "closing")
    shown = cards([assess(read, content)], content, lambda: "id")
    return [f"{card['summary']}\n{card['detail']}" for card in shown]


def test_one_card_for_two_devices_names_the_other_device_too(content: Content):
    (card,) = details(content, PLAIN, BACK_PAIN, CANCER, PACEMAKER, STIMULATOR)
    assert "**Also against it:** a neurostimulator" in card


def test_a_reaction_to_the_contrast_of_a_held_study_is_named_on_the_card_of_the_hold(content):
    (card,) = details(content, BOTH, BACK_PAIN, CANCER, PACEMAKER, GADOLINIUM_REACTION)
    assert "Hold MRI" in card
    assert "a severe reaction to gadolinium contrast is on record" in card


def test_what_is_passed_over_is_named_with_its_reason(content: Content):
    (card,) = details(content, PLAIN, BACK_PAIN, CANCER, PACEMAKER, IODINE_REACTION)
    assert "CT lumbar spine without IV contrast is rated" in card
    assert "CT lumbar spine with IV contrast, because a severe reaction to iodinated" in card


def test_where_no_table_covers_the_order_the_card_says_whom_to_ask(content: Content):
    (card,) = details(content, KNEE, PACEMAKER)
    assert "no guideline table of this advisor covers this order. Ask the radiologist" in card
    assert "No alternative is left" not in card


def test_a_study_that_only_words_name_is_said_to_be_read_from_them(content: Content):
    (card,) = details(content, KNEE, PACEMAKER)
    assert "read from the order's text, not from a code" in card


def test_nothing_is_added_where_there_is_nothing_to_add(content: Content):
    (card,) = details(content, PLAIN, BACK_PAIN, CANCER)
    assert "Add IV contrast" in card
    assert "Also against" not in card
    assert "No alternative" not in card
    assert "read from the order's text" not in card
