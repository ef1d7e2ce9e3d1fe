from datetime import date

import pytest

from cds_service.advisor import Advisor
from cds_service.cli import example, requestfile
from cds_service.cli.startup import open_content
from cds_service.settings import Settings

ANSWERS = {
    "pacemaker": ("hold-mri-device", "critical", "CT lumbar spine with IV contrast"),
    "add-contrast": ("add-contrast", "warning", "MRI lumbar spine without and with IV contrast"),
    "bone-scan": ("mri-preferred", "warning", "MRI lumbar spine without and with IV contrast"),
    "uncomplicated": ("imaging-not-needed", "info", "Remove the order"),
    "emergency": ("make-it-stat", "critical", "STAT"),
}


@pytest.fixture(scope="module")
def content():
    return open_content(Settings())


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2024, 2, 29), date(2031, 1, 1)])
@pytest.mark.parametrize("name", ANSWERS)
def test_each_demo_patient_gets_the_same_card_on_any_day(content, name, day):
    request = requestfile.understood(example.request(name, day))
    (card,) = Advisor(content, Settings(), lambda: day).consult(request).cards
    code, indicator, accepted = ANSWERS[name]
    assert card["source"]["topic"]["code"] == code
    assert card["indicator"] == indicator
    assert accepted in card["suggestions"][0]["label"]


def test_every_demo_patient_has_an_expected_answer():
    assert set(ANSWERS) == set(example.scenarios())


def test_the_example_fills_every_prefetch_template_we_publish(content):
    templates = Advisor(content, Settings()).prefetch_templates
    assert set(example.request("pacemaker", date(2026, 11, 23))["prefetch"]) == set(templates)


def test_the_example_is_about_the_pacemaker_unless_another_is_named(call):
    assert call("example").json["prefetch"]["devices"]["entry"]
    assert not call("example", "bone-scan").json["prefetch"]["devices"]["entry"]


def test_an_unknown_demo_patient_is_answered_with_those_there_are(call):
    ran = call("example", "broken-leg")
    assert ran.code == 2
    assert "uncomplicated" in ran.err
