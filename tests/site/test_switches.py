"""A site switches rules off and on, and shows cards with less urgency."""

from dataclasses import replace

import pytest

from cds_service.casebook import run_case
from cds_service.clients.model import Client
from cds_service.content.cases import Case
from tests.hook_request import (
    BACK_PAIN,
    BREAST_CANCER,
    CT_WITHOUT,
    FEVER,
    PACEMAKER,
    order,
    request,
    resources,
)
from tests.site.advice import consult, names, suggested, suppressed

CONTRAST = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER))
DEVICE = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER, PACEMAKER))
REACTION = {"allergy": "snomed-ct 407976008", "text": "Gadobutrol"}
CT_AND_DEVICE = request(order(CT_WITHOUT), resources(BACK_PAIN, BREAST_CANCER, FEVER, PACEMAKER))
OFF = "this site has switched the rule off"
HELD = "mri-cardiac-device.status-unknown-or-unsafe"


def test_a_recommendation_that_is_switched_off_is_silent_and_says_why(opened):
    quiet = consult(opened("rules: {switched-off: [add-contrast]}\n"), CONTRAST)
    assert names(quiet) == []
    assert suppressed(quiet)["add-contrast"] == OFF
    assert names(consult(opened(), CONTRAST)) == ["add-contrast"]


@pytest.mark.parametrize("name", ["mri-cardiac-device", HELD])
def test_a_safety_rule_that_is_switched_off_shows_no_card(opened, name):
    assert "hold-mri-device" in names(consult(opened(), DEVICE))
    quiet = consult(opened(f"rules: {{switched-off: [{name}]}}\n"), DEVICE)
    assert "hold-mri-device" not in names(quiet)
    assert suppressed(quiet)[HELD] == OFF


def test_a_state_that_is_switched_off_leaves_the_other_states_of_its_rule(opened):
    site = opened("rules: {switched-off: [mri-cardiac-device.conditional]}\n")
    assert "hold-mri-device" in names(consult(site, DEVICE))


def test_what_a_switched_off_safety_rule_holds_back_is_still_never_suggested(opened):
    quiet = consult(opened("rules: {switched-off: [mri-cardiac-device]}\n"), CT_AND_DEVICE)
    offered = [each["code"]["text"] for each in suggested(quiet)]
    assert not any("MRI" in text for text in offered)
    site = opened("rules: {switched-off: [gadolinium-contrast]}\n")
    contrast = request(order(), resources(BACK_PAIN, BREAST_CANCER, FEVER, REACTION))
    assert suggested(consult(site, contrast)) == []
    assert "add-contrast" not in names(consult(site, contrast))


def test_a_rule_that_is_off_by_default_has_no_effect_at_all(opened):
    dormant = opened(off=["mri-cardiac-device"])
    assert "hold-mri-device" not in names(consult(dormant, DEVICE))
    offered = [each["code"]["text"] for each in suggested(consult(dormant, CT_AND_DEVICE))]
    assert any("MRI" in text for text in offered)
    verdicts = consult(dormant, DEVICE).assessments[0].safety
    assert "mri-cardiac-device" not in {verdict.rule.id for verdict in verdicts}


def test_a_site_switches_on_what_is_off_by_default(opened):
    for name in ("mri-cardiac-device", HELD, "add-contrast"):
        body = CONTRAST if name == "add-contrast" else DEVICE
        card = "add-contrast" if name == "add-contrast" else "hold-mri-device"
        assert card not in names(consult(opened(off=[name]), body))
        awake = opened(f"rules: {{switched-on: [{name}]}}\n", off=[name])
        assert awake.remarks == ()
        assert card in names(consult(awake, body))


def test_a_state_that_is_off_by_default_gives_way_to_the_next(opened):
    body = request(
        order(), resources(BACK_PAIN, {**PACEMAKER, "mr-safety": "conditional"}), hook="order-sign"
    )
    shown = names(consult(opened(), body))
    assert "mri-device-conditional" in shown
    dormant = opened(off=["mri-cardiac-device.conditional"])
    assert "mri-device-conditional" not in names(consult(dormant, body))
    assert "hold-mri-device" in names(consult(dormant, DEVICE))


def test_a_state_stays_off_while_its_rule_is_off(opened):
    both = ["mri-cardiac-device", HELD]
    half = opened(f"rules: {{switched-on: [{HELD}]}}\n", off=both)
    assert [each.code for each in half.remarks] == ["SITE009"]
    assert "switch 'mri-cardiac-device' on too" in str(half.remarks[0])
    assert "hold-mri-device" not in names(consult(half, DEVICE))


def test_switching_off_what_is_off_by_default_changes_nothing_and_is_said(opened):
    site = opened("rules: {switched-off: [add-contrast]}\n", off=["add-contrast"])
    assert [each.code for each in site.remarks] == ["SITE009"]


def test_a_case_about_a_rule_that_is_off_by_default_runs_with_it_on(
    opened, content, cases: list[Case]
):
    for name in ("add-contrast", HELD):
        dormant = opened(off=[name]).content
        about = [case for case in cases if name in case.about]
        assert {case.fires for case in about} == {True, False}
        for case in about:
            assert run_case(case, dormant).failures == run_case(case, content).failures
        firing = next(case for case in about if case.fires)
        other = replace(firing, about=("low-back-pain",))
        assert run_case(other, dormant).failures != run_case(other, content).failures


def test_a_cap_lowers_a_card_and_never_raises_one(opened):
    site = opened("cards: {indicator-caps: {add-contrast: info, imaging-not-needed: warning}}\n")
    assert [card["indicator"] for card in consult(site, CONTRAST).cards] == ["info"]
    plain = request(order(), resources(BACK_PAIN))
    before = [card["indicator"] for card in consult(opened(), plain).cards]
    assert [card["indicator"] for card in consult(site, plain).cards] == before


def test_a_cap_for_every_card_has_exceptions(opened):
    saddle = {"condition": "snomed-ct 449813001", "onset": "2026-11-21"}
    body = request(order(), resources(BACK_PAIN, PACEMAKER, saddle))
    site = opened('cards: {indicator-caps: {"*": info, make-it-stat: critical}}\n')
    shown = {
        card["source"]["topic"]["code"]: card["indicator"] for card in consult(site, body).cards
    }
    assert shown == {"make-it-stat": "critical", "hold-mri-device": "info"}


def test_an_exception_from_the_cap_for_every_card_is_no_entry_without_effect(issues):
    found = issues('cards: {indicator-caps: {"*": info, add-contrast: critical}}\n')
    assert {each.code for each in found} == {"SITE015"}


def test_the_most_urgent_cards_stay_even_if_they_are_shown_as_less_urgent(opened):
    site = opened(
        "cards: {most-per-order: 1, indicator-caps: {hold-mri-device: info}}\n"
        "rules: {switched-off: [spine-emergency]}\n"
    )
    assert names(consult(site, DEVICE)) == ["hold-mri-device"]


def test_what_was_agreed_with_a_client_beats_the_site(opened):
    site = opened("cards: {switched-off: [add-contrast]}\nrules: {switched-off: [mri-preferred]}\n")
    client = Client(id="c", title="C", issuer="i", disabled_cards=())
    assert names(consult(site, CONTRAST)) == []
    assert names(consult(site, CONTRAST, client)) == ["add-contrast"]
    fewer = Client(id="c", title="C", issuer="i", max_cards_per_order=1)
    saddle = {"condition": "snomed-ct 449813001", "onset": "2026-11-21"}
    busy = request(order(), resources(BACK_PAIN, PACEMAKER, saddle))
    assert len(names(consult(site, busy))) == 2
    assert len(names(consult(site, busy, fewer))) == 1
