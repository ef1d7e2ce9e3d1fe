"""Card texts: filled, shortened, and deaf to what a chart would like to say in Markdown."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.phrasebook import ENGLISH
from cds_service.render.text import (
    SUMMARY_LIMIT,
    fill_detail,
    fill_line,
    fill_summary,
    listed,
    plain_unit,
    quote,
)


@pytest.mark.parametrize(
    ("hostile", "inert"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[click](javascript:alert(1))", r"\[click\](javascript:alert(1))"),
        ("see https://evil.example", r"see https\://evil.example"),
        ("www.evil.example", r"www\.evil.example"),
        ("**loud** _soft_ `code`", r"\*\*loud\*\* \_soft\_ \`code\`"),
        ("a | b", r"a \| b"),
        ("!! # heading", r"\!\! \# heading"),
        ("line\n\n# next", r"line \# next"),
        ("me@example.org", r"me\@example.org"),
        ("R&amp;D <b>", "R&amp;amp;D &lt;b&gt;"),
        ("zero\u200bwidth \u202eevil", "zero width evil"),
    ],
)
def test_chart_text_is_inert_in_markdown_and_html(hostile: str, inert: str) -> None:
    assert quote(hostile) == inert


@given(st.text())
def test_no_chart_text_opens_a_tag_or_a_line(text: str) -> None:
    quoted = quote(text)
    assert "<" not in quoted
    assert "\n" not in quoted
    assert "://" not in quoted.replace(r"\://", "")


def test_no_character_that_is_not_seen_gets_through() -> None:
    unseen = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character)[0] == "C"
    ]
    assert len(unseen) > 100_000
    for at in range(0, len(unseen), 50):
        some = unseen[at : at + 50]
        assert quote("".join(f"a{each}" for each in some)) == " ".join("a" * len(some))


def test_long_chart_text_is_cut_to_a_line() -> None:
    assert len(quote("x" * 4000)) == 120


def test_a_paragraph_without_its_facts_is_left_out() -> None:
    template = "**Order:** {ordered}\n\n**Held back:** {held}.\n\nAlways."
    assert fill_detail(template, {"ordered": "MRI", "held": ""}) == "**Order:** MRI\n\nAlways."


def test_a_summary_is_shortened_at_a_word_and_stays_below_140() -> None:
    long = fill_summary("{flags} wins", {"flags": "history of cancer and " * 20})
    assert len(long) <= SUMMARY_LIMIT
    assert long.endswith("…")
    assert not long.endswith(" …")
    assert fill_summary("{a}", {"a": "x" * 139}) == "X" + "x" * 138


@pytest.mark.parametrize("joining", ["and", "und", "of", "im"])
def test_a_shortened_summary_does_not_end_on_a_word_that_joins(joining: str) -> None:
    start = "Change to MRI: " + "x" * 80 + " history of cancer"
    cut = fill_summary("{a}", {"a": f"{start} {joining} {'y' * 40}"})
    assert cut == f"{start}…"


def test_a_shortened_summary_may_end_on_an_abbreviation() -> None:
    start = "x" * 90 + " has had an MRI"
    assert fill_summary("{a}", {"a": f"{start} {'y' * 60}"}) == f"X{start[1:]}…"


def test_a_summary_is_counted_the_strictest_way() -> None:
    wide = fill_summary("{a} {a}", {"a": "😀" * 60})
    assert len(wide.encode("utf-16-le")) // 2 <= SUMMARY_LIMIT


def test_a_line_has_no_gaps_where_a_value_is_missing() -> None:
    assert fill_line("Change  {ordered} to {suggested}", {"ordered": "x"}) == "Change x to"


def test_lists_read_as_sentences() -> None:
    assert listed([], ENGLISH) == ""
    assert listed(["a"], ENGLISH) == "a"
    assert listed(["a", "b", "c"], ENGLISH) == "a, b and c"
    assert listed(["a", "b", "c", "d"], ENGLISH) == "a, b and 2 more"


@pytest.mark.parametrize(
    ("ucum", "written"),
    [
        ("29 mL/min/{1.73_m2}", "29 mL/min/1.73 m2"),
        ("2.1 mg{creat}/dL", "2.1 mg/dL"),
        ("88 {beats}/min", "88 beats/min"),
        ("38.6 Cel", "38.6 °C"),
        ("<36 Cel", "<36 °C"),
        ("101.3 [degF]", "101.3 °F"),
        ("92 mm[Hg]", "92 mmHg"),
        ("2.9 10*9/L", "2.9 ×10⁹/L"),
        ("212 umol/L", "212 µmol/L"),
        ("38.6 C", "38.6 C"),  # not UCUM: as the chart has it
        ("Cel", "Cel"),
        ("3 Cells", "3 Cells"),
    ],
)
def test_units_are_written_as_a_reader_writes_them(ucum: str, written: str) -> None:
    assert plain_unit(ucum) == written
