"""Override reasons can be mapped once and for all; links lead to sources only."""

from urllib.parse import urlsplit

import pytest
import yaml
from flask.testing import FlaskClient

from tests.conformance.exchange import SITUATIONS, Json, cards
from tests.conformance.requirements import ROOT

conformance = pytest.mark.conformance

STANDARD = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


@conformance(150, 151, 152, 153)
def test_override_reasons_are_complete_unlike_and_our_own(all_cards: list[Json]) -> None:
    content = yaml.safe_load((ROOT / "cards" / "override-reasons.yaml").read_text("utf-8"))
    known = {reason["code"]: reason["display"] for reason in content["reasons"]}
    with_reasons = [card["overrideReasons"] for card in all_cards if "overrideReasons" in card]
    assert with_reasons
    for reasons in with_reasons:
        assert len({reason["code"] for reason in reasons}) == len(reasons)
        for reason in reasons:
            assert reason["system"]
            assert reason["system"] != STANDARD, "then the code would have to be one of theirs"
            assert known[reason["code"]] == reason["display"]


@conformance(152)
def test_override_codes_are_the_same_in_every_answer(service: FlaskClient) -> None:
    for body in SITUATIONS.values():
        first, second = (
            [card.get("overrideReasons") for card in cards(service, body)] for _ in range(2)
        )
        assert first == second


@conformance(154, 155, 157)
def test_links_are_absolute_and_open_nothing_by_themselves(all_cards: list[Json]) -> None:
    links = [link for card in all_cards for link in card["links"]]
    assert links
    for link in links:
        assert set(link) == {"label", "url", "type"}
        assert link["label"].strip()
        assert link["type"] == "absolute"


@conformance(158)
def test_links_lead_only_to_sources_of_the_content_and_name_nobody(
    all_cards: list[Json],
) -> None:
    content = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cards").rglob("*.yaml"))
    for card in all_cards:
        for url in [card["source"]["url"], *(link["url"] for link in card["links"])]:
            assert urlsplit(url).scheme in ("http", "https")
            assert url in content
            assert "case-patient" not in url
