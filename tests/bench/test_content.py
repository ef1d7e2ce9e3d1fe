"""Twice the content: checked like the content itself, and without a word of its own to say."""

from pathlib import Path

import pytest

from cds_service.cli.startup import InForce, open_site
from cds_service.content.load import load
from cds_service.settings import Settings
from tests.bench.aims import Aim
from tests.bench.doubled import open_checked, write_doubled
from tests.bench.figures import Spread
from tests.bench.growth import Growth, aims, growth, markdown


@pytest.fixture(scope="module")
def shipped() -> InForce:
    return open_site(Settings())


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> InForce:
    directory = tmp_path_factory.mktemp("doubled")
    write_doubled(directory, safety_rules=True)
    return open_checked(directory)


def test_the_doubled_content_passes_the_check_and_has_twice_of_everything(
    shipped: InForce, doubled: InForce
) -> None:
    one, two = shipped.content, doubled.content
    for part in ("topics", "safety_rules", "findings", "value_sets"):
        assert len(getattr(two, part)) == 2 * len(getattr(one, part))
    assert [len(topic.variants) for topic in two.topics] == [len(one.topics[0].variants)] * 2


def test_safety_rules_are_doubled_only_if_asked_for(shipped: InForce, tmp_path: Path) -> None:
    write_doubled(tmp_path)
    found = open_checked(tmp_path).content
    assert len(found.safety_rules) == len(shipped.content.safety_rules)
    assert len(found.topics) == 2


def test_the_copy_has_other_codes_than_what_it_was_copied_from(
    shipped: InForce, doubled: InForce
) -> None:
    def codes(site: InForce, *, again: bool) -> set[tuple[str, str]]:
        return {
            (group.system, concept.code)
            for value_set in site.content.value_sets.values()
            if value_set.id.endswith("-again") is again
            for group in value_set.concepts
            if group.system in ("icd-10-cm", "loinc", "rxnorm", "snomed-ct")
            for concept in group.codes
            if not concept.code.startswith("L")  # answers and parts of LOINC are no records
        }

    original, copied = codes(shipped, again=False), codes(doubled, again=True)
    assert len(copied) == len(original)
    assert not copied & original


def test_the_copy_answers_as_the_content_does_and_its_time_is_measured() -> None:
    said: list[str] = []
    (found,) = growth([10], rounds=3, tell=said.append, safety_rules=True)
    assert found.shipped > 0
    assert found.doubled > 0
    assert "2 topics" in said[0]


@pytest.mark.parametrize(("more", "met"), [(0.049, True), (0.051, False)])
def test_twice_the_content_may_cost_five_per_cent_more(more: float, met: bool) -> None:
    found = [Growth(100, 1000.0, 1000.0 * (1 + more), Spread(more, more, more))]
    (aim,) = aims(found)
    assert isinstance(aim, Aim)
    assert aim.met is met
    assert f"| 100 | 1,000 | {1000 * (1 + more):,.0f} | +{more:.1%} |" in markdown(found)


def test_the_shipped_content_is_left_as_it_is(tmp_path: Path, shipped: InForce) -> None:
    write_doubled(tmp_path)
    again = open_site(Settings()).content
    assert again.version == shipped.content.version
    assert load(tmp_path).content_version != again.version
