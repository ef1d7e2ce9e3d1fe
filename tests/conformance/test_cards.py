"""Each card is short, sourced, about one order, and does no harm in any client."""

import copy
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import yaml
from flask.testing import FlaskClient

from tests.conformance.exchange import (
    CONTRAST,
    HELD,
    SITUATIONS,
    Json,
    advice,
    cards,
    changed,
    members,
)
from tests.conformance.requirements import ROOT
from tests.hook_request import BACK_PAIN, BREAST_CANCER, order, request, resources

conformance = pytest.mark.conformance
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "</p><script>alert(1)</script>",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "# Heading\n\n---\n\n**bold** `code`",
    "https://evil.example/phish www.evil.example",
    "{order} {summary} %s",
    "x" * 5000,
    "\u202ereversed\u0007\u0000",
]


@conformance(111, 132)
def test_every_card_and_suggestion_has_an_id_of_its_own_each_time(service: FlaskClient) -> None:
    seen: list[str] = []
    for _ in range(3):
        for card in cards(service, SITUATIONS["two orders are signed"]):
            seen += [card["uuid"], *(each["uuid"] for each in card.get("suggestions", []))]
    assert len(set(seen)) == len(seen)
    assert all(str(UUID(identity)) == identity for identity in seen)


@conformance(112)
def test_a_summary_has_fewer_than_140_characters_however_counted(all_cards: list[Json]) -> None:
    for card in all_cards:
        summary = card["summary"]
        assert 0 < len(summary) <= 139
        assert len(summary.encode("utf-16-le")) // 2 <= 139
        assert "\n" not in summary


@conformance(112, 113, 115)
@pytest.mark.parametrize("text", HOSTILE, ids=[text[:16] for text in HOSTILE])
def test_whatever_a_chart_says_a_card_stays_a_card(service: FlaskClient, text: str) -> None:
    body = copy.deepcopy(HELD)
    for value in body["prefetch"].values():
        for entry in value.get("entry", []):
            named = entry["resource"].get("code") or entry["resource"].get("type")
            named["text"] = text
            for coding in named["coding"]:
                coding["display"] = text
    body["context"]["draftOrders"]["entry"][0]["resource"]["code"]["text"] = text
    for card in cards(service, body):
        assert len(card["summary"].encode("utf-16-le")) // 2 <= 139
        for path, said in members(card):
            if isinstance(said, str) and path != "/suggestions/0/actions/0/resource":
                assert "<" not in said.replace("\\<", ""), path
                assert not re.search(r"(?<!\\)!?\[[^]\\]*\]\(", said), path
                assert "\u202e" not in said
                assert "\x00" not in said
                assert not re.search(r"(?<!\\)\|-", said), "a table"
                assert len(said) < 8000
                # an address from a chart is never a link
                assert not re.search(r"(?<!\\)://evil|www\.evil", said), path


@conformance(114, 115)
def test_the_detail_is_plain_markdown(all_cards: list[Json]) -> None:
    for card in all_cards:
        detail = card["detail"]
        assert not re.search(r"</?[a-zA-Z!]", detail)
        assert not re.search(r"^\s*\|.*\|\s*$", detail, re.MULTILINE), "a table"
        assert "\r" not in detail
        assert detail.count("**") % 2 == 0


@conformance(116)
def test_what_can_be_followed_stands_in_links(all_cards: list[Json]) -> None:
    for card in all_cards:
        urls = {link["url"] for link in card["links"]}
        assert card["source"]["url"] in urls
        assert set(re.findall(r"https?://[^\s)]+", card["detail"])) <= urls


@conformance(117)
def test_the_indicator_is_one_of_three(all_cards: list[Json]) -> None:
    assert {card["indicator"] for card in all_cards} == {"info", "warning", "critical"}


@conformance(118)
def test_critical_is_for_danger_only_never_for_preference() -> None:
    """A new critical rule has to be added here, by somebody who thinks about it."""
    critical = set()
    for path in sorted((ROOT / "cards").rglob("*.yaml")):
        if not path.name.endswith(".cases.yaml"):
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            critical |= {each["card"] for each in critical_parts(document)}
    assert critical == {
        "cauda-equina-possible-stat",
        "epidural-abscess-stat",
        "hold-mri-aneurysm-clip",  # bleeding from a clip that moves
        "hold-mri-cochlear-implant",  # a magnet dislocated under the skin, surgery
        "hold-mri-device",
        "hold-mri-device-unlabelled",
        "hold-mri-drug-pump",  # overdose and withdrawal, deaths
        "hold-mri-eye-metal",  # blindness
        "hold-mri-lead",
        "hold-mri-neurostimulator",  # burns of brain or cord, coma, paralysis
        "hold-mri-neurostimulator-lead",
        "hold-mri-temporary-device",  # burns of the heart, failing pumps
        "image-whole-spine",
        "make-it-stat",
        "sepsis-signs-stat",
    }


def critical_parts(value: Any) -> Iterator[Json]:
    """Yield every part of a document of the content that says it is critical."""
    if isinstance(value, dict):
        if value.get("indicator") == "critical":
            yield value
        for part in value.values():
            yield from critical_parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from critical_parts(part)


@conformance(119, 120, 121)
def test_the_source_is_named_with_an_absolute_address_and_no_icon(all_cards: list[Json]) -> None:
    for card in all_cards:
        source = card["source"]
        assert source["label"].strip()
        assert urlsplit(source["url"]).scheme in ("http", "https")
        assert urlsplit(source["url"]).hostname
        assert "icon" not in source


@conformance(122, 123)
def test_the_topic_is_a_coding_fixed_for_each_kind_of_card(service: FlaskClient) -> None:
    codes: dict[str, set[str]] = {}
    for _ in range(2):
        for name, body in SITUATIONS.items():
            for card in cards(service, body):
                topic = card["source"]["topic"]
                assert topic["system"]
                assert topic["code"]
                rule = re.search(r"Rule (\S+), content", card["detail"])
                assert rule, name
                codes.setdefault(rule[1], set()).add(topic["code"])
    assert all(len(found) == 1 for found in codes.values())


@conformance(124, 125, 127)
def test_suggestions_and_their_behaviour_come_together_or_not_at_all(
    all_cards: list[Json],
) -> None:
    for card in all_cards:
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert card.get("selectionBehavior", "at-most-one") == "at-most-one"


@conformance(128)
def test_each_card_names_its_order(service: FlaskClient) -> None:
    named = {"contrast is to be added": "MRI lumbar spine", "another study is better": "bone scan"}
    for name, title in named.items():
        for card in cards(service, SITUATIONS[name]):
            assert title.lower() in card["detail"].lower()
    for name, body in SITUATIONS.items():
        for card in cards(service, body):
            assert card["detail"].startswith("**Order:** "), name


@conformance(129)
def test_each_card_can_be_acted_on_without_its_buttons(all_cards: list[Json]) -> None:
    for card in all_cards:
        text = f"{card['summary']} {card['detail']}".lower()
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                if action["type"] == "update" and "priority" not in action["description"]:
                    wanted = action["resource"]["code"]
                    title = wanted.get("text", "").lower()
                    assert title in text or "stat" in text, card["summary"]


@conformance(130, 227)
def test_each_card_cites_rule_edition_and_the_records_with_their_dates(
    service: FlaskClient,
) -> None:
    (card,) = cards(service, CONTRAST)
    assert re.search(r"Rule [a-z.-]+, content [0-9a-f]{12}\.", card["detail"])
    assert "ACR Appropriateness Criteria" in card["detail"]
    assert "2021" in card["detail"]
    assert "Malignant neoplasm of breast, 2019-03-01" in card["detail"]
    assert "38.6 °C, 2026-11-21" in card["detail"]


@conformance(130)
def test_the_version_of_the_content_is_in_every_card(
    service: FlaskClient, all_cards: list[Json]
) -> None:
    version = service.get("/readyz").get_json()["content_version"]
    assert version
    assert all(f"content {version}" in card["detail"] for card in all_cards)


# --- language and measurements ------------------------------------------------------------------


@conformance(250)
@pytest.mark.parametrize("language", ["de", "fr-CH, en;q=0.5", "zh-Hant", "*", "nonsense;;"])
def test_the_language_a_client_accepts_changes_no_decision(
    service: FlaskClient, language: str
) -> None:
    for body in SITUATIONS.values():
        url = "/cds-services/imaging-order-" + body["hook"].removeprefix("order-")
        answer = service.post(url, json=body, headers={"Accept-Language": language})
        plain = service.post(url, json=body)
        assert decided(answer.get_json()) == decided(plain.get_json())


def decided(answer: Json) -> Any:
    """Return codes, urgency and actions of an answer, without words."""
    return [
        (
            card["source"]["topic"]["code"],
            card["indicator"],
            [
                (action["type"], action.get("resourceId"), action.get("resource", {}).get("code"))
                for suggestion in card.get("suggestions", [])
                for action in suggestion["actions"]
            ],
            [reason["code"] for reason in card.get("overrideReasons", [])],
        )
        for card in answer["cards"]
    ]


FEVER = {"observation": "loinc 8310-5", "value": "38.6 Cel", "date": "2026-11-21T08:00:00Z"}


def summary_for(service: FlaskClient, **measured: Any) -> str:
    chart = resources(BACK_PAIN, {**FEVER, **measured}, patient={})
    return " ".join(
        card["summary"] + card["detail"] for card in cards(service, request(order(), chart))
    )


@conformance(251)
def test_a_measurement_is_given_with_value_unit_and_date(service: FlaskClient) -> None:
    assert "38.6 °C, 2026-11-21" in summary_for(service)


@conformance(251)
@pytest.mark.parametrize(
    "measured",
    [
        {"date": "2026-09-01"},
        {"date": "2019-11-21"},
        {"value": "38.6"},
        {"value": "38.6 K"},
        {"value": "38.6 mm"},
        {"value": "36.8 Cel"},
    ],
    ids=lambda measured: " ".join(measured.values()),
)
def test_a_measurement_too_old_or_without_a_usable_unit_is_no_finding(
    service: FlaskClient, measured: dict[str, str]
) -> None:
    said = summary_for(service, **measured)
    assert "with fever" not in said
    assert "Add IV contrast" not in said


@conformance(249)
def test_data_nobody_asked_for_change_nothing(service: FlaskClient) -> None:
    unasked = resources({"device": "snomed-ct 14106009", "text": "Cardiac pacemaker"})[1]
    body = changed(CONTRAST, "prefetch", "item7", to=unasked)
    body["prefetch"]["encounters"] = {"resourceType": "Bundle", "entry": [{"resource": unasked}]}
    assert advice(service, body) == advice(service, CONTRAST)


@conformance(113)
def test_a_diagnosis_with_a_very_long_name_leaves_the_summary_whole(service: FlaskClient) -> None:
    long = {**BREAST_CANCER, "text": "Carcinoma of the breast " * 20}
    (card,) = cards(service, request(order(), resources(long, BACK_PAIN)))
    assert card["summary"].endswith(("cancer", "…", "?"))
    assert "Carcinoma of the breast" in card["detail"]
