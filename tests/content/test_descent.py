"""Each descendant stands under its nearest listed ancestor, and counts as that does."""

from cds_service.content.descent import nearest

ROLES = {"1": "include", "2": "weak", "3": "include", "9": "exclude"}


def grouped(below: dict[str, set[str]], *excluded: str) -> dict[str, tuple[str, list[str]]]:
    named = {parent: {code: f"code {code}" for code in codes} for parent, codes in below.items()}
    return {
        group.parent: (group.role, [each.code for each in group.descendants])
        for group in nearest("snomed-ct", ROLES, named, excluded)
    }


def test_a_descendant_counts_as_the_nearest_listed_code_above_it() -> None:
    found = grouped({"1": {"2", "21", "22", "11"}, "2": {"21", "22"}})
    assert found == {"1": ("include", ["11"]), "2": ("weak", ["21", "22"])}


def test_a_full_code_below_a_weak_one_lifts_what_is_below_it() -> None:
    assert grouped({"2": {"3", "31"}, "3": {"31"}}) == {"3": ("include", ["31"])}


def test_of_two_ancestors_apart_the_full_one_decides() -> None:
    assert grouped({"2": {"5"}, "3": {"5"}}) == {"3": ("include", ["5"])}


def test_what_is_excluded_or_listed_never_comes_in() -> None:
    assert grouped({"1": {"2", "3", "9", "91", "92", "5"}}, "91", "92") == {"1": ("include", ["5"])}


def test_nothing_comes_from_an_excluded_code() -> None:
    assert grouped({"9": {"91"}}) == {}


def test_a_circle_loses_no_code() -> None:
    assert grouped({"1": {"3", "5"}, "3": {"1", "5"}}) == {"1": ("include", ["5"])}


def test_a_code_without_a_display_is_named_by_itself() -> None:
    (group,) = nearest("snomed-ct", {"1": "include"}, {"1": {"5": ""}}, ())
    assert group.descendants[0].label == "5"
