"""The coverage report as one page of Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cds_service.cli import coverageterms
from cds_service.cli.coveragecells import CASES, case_cells, source_cell, together
from cds_service.cli.markdown import code, escaped, folded, table
from cds_service.content.coverage.model import Coverage, SpeakingRule

_ABOUT = """\
# What the content covers

Written by `imaging-advisor coverage` from the files in [`cards/`](../cards/README.md); the command
with `--json` gives the same to programs. Nothing here is typed by hand: `make docs` writes the page
anew. It says what is there and what a case proves; it does not say that it is right. Only active
documents count, unless a status is shown.

Contents: [rules](#rules) · [findings](#findings) · [ratings](#ratings) ·
[parameters](#parameters) · [value sets](#value-sets) · [procedures](#procedures) · [gaps](#gaps)
"""


def page(found: Coverage) -> str:
    """Return the page, with a line end at its end."""
    parts: tuple[Iterable[str], ...] = (
        (_ABOUT.rstrip("\n"),),
        table(("What", "Number"), found.totals.items()),
        _rules(found),
        coverageterms.findings(found),
        _ratings(found),
        coverageterms.parameters(found),
        coverageterms.value_sets(found),
        coverageterms.procedures(found),
        _gaps(found),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _rules(found: Coverage) -> Iterator[str]:
    yield from ("## Rules", "", "### Safety states", "")
    yield "Of each rule the first state that holds decides. *Off* is off by default: sites choose."
    heads = ("State", "Effect", "Indicator", "Card", "Accept", "Off", "Source", *CASES)
    for title, states in together(found.safety_states, lambda state: state.within):
        rows = ((_name(each), each.effect, *_spoken(each)) for each in states)
        yield from ("", *folded(f"{title} ({len(states)})", table(heads, rows)))
    yield from ("", "### Recommendations", "")
    heads = ("Recommendation", "Topic", "Indicator", "Card", "Accept", "Off", "Source", *CASES)
    yield from table(
        heads, ((_name(each), each.within, *_spoken(each)) for each in found.recommendations)
    )
    yield from ("", "### Variants", "")
    yield from table(
        ("Variant", "Title", "Precedence", "Source", *CASES),
        (
            (
                code(row.id),
                escaped(row.title),
                row.precedence,
                source_cell(row.source),
                *case_cells(row.cases),
            )
            for row in found.variants
        ),
    )


def _spoken(rule: SpeakingRule) -> tuple[object, ...]:
    off = "off" if rule.off_by_default else ""
    accept = rule.accept or ("question" if rule.card else "")
    card = code(rule.card)
    return (rule.indicator, card, accept, off, source_cell(rule.source), *case_cells(rule.cases))


def _name(rule: SpeakingRule) -> str:
    return f"{code(rule.id)}<br>{escaped(rule.says)}"


def _ratings(found: Coverage) -> Iterator[str]:
    yield from ("## Ratings", "")
    yield "A row of a guideline table that covers several procedures is a rating of each."
    yield "One that is inferred is never shown as the guideline's."
    seen = sorted({row.seen_in for row in found.ratings})
    tables = together(found.ratings, lambda row: f"{row.topic}, {row.variant}")
    yield from ("", *table(("Topic, variant", "Ratings", *seen), (
        (name, len(rows), *(Counter(row.seen_in for row in rows)[each] for each in seen))
        for name, rows in tables
    )))  # fmt: skip
    for name, rows in tables:
        cells = (
            (
                code(row.procedure),
                row.rating,
                row.seen_in,
                "<br>".join(filter(None, (*map(source_cell, row.sources), escaped(row.note)))),
            )
            for row in rows
        )
        heads = ("Procedure", "Rating", "Seen in", "Sources, note")
        yield from ("", *folded(f"{name} ({len(rows)})", table(heads, cells)))


def _gaps(found: Coverage) -> Iterator[str]:
    yield from ("## Gaps", "", "Computed; not every gap is a fault.", "")
    yield from table(("Gap", "Number"), ((gap.meaning, len(gap.found)) for gap in found.gaps))
    for gap in found.gaps:
        if gap.found:
            lines = (f"- {code(each)}" for each in gap.found)
            yield from ("", *folded(f"{gap.meaning} ({len(gap.found)})", lines))
