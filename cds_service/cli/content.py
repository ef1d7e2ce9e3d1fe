"""``imaging-advisor content``: how much clinical content there is, for release notes."""

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cds_service.cli.output import capital, counted, say, say_json
from cds_service.cli.startup import environment
from cds_service.content.check import check
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import (
    CodeMap,
    Document,
    Findings,
    ImagingCategories,
    Parameters,
    Procedures,
    Ratings,
    Recommendations,
    SafetyRule,
    Texts,
    ValueSet,
    Variants,
)


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "count what the clinical content holds"
    command = commands.add_parser("content", help=about, description=f"{capital(about)}.")
    command.add_argument("--json", action="store_true", help="print the counts as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the content in use or shipped holds, active documents only; return 0.

    Raises:
        ContentNotFound: there is no content.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load(content_directory(environment().cards_dir))
    counts = count(loaded)
    errors = sum(1 for each in check(loaded) if each.severity == "error")
    if arguments.json:
        say_json({"contentVersion": loaded.content_version, "errors": errors, **counts})
        return 0
    say(f"Content version {loaded.content_version}")
    for name, value in counts.items():
        if isinstance(value, dict):
            say(f"{name}:", *(f"  {key:<28} {number:>6}" for key, number in value.items()))
        else:
            say(f"{name:<30} {value:>6}")
    if errors:
        say(f"It has {counted(errors, 'error')}: see 'imaging-advisor check'.")
    return 0


def count(loaded: Loaded) -> dict[str, int | dict[str, int]]:
    """Return how many of each thing the active documents hold; codes as they are written."""
    active = [doc for doc in loaded.documents.values() if doc.status == "active"]
    files = sorted(name for name in (*loaded.documents, *loaded.cases))
    rows = [
        row
        for doc in active
        if isinstance(doc, Ratings)
        for table in doc.tables
        for row in table.rows
    ]
    return {
        "documents": _by_name([*(doc.kind for doc in active), *("cases" for _ in loaded.cases)]),
        "codes by system": _by_name(_code_systems(active)),
        "value sets": _number(active, ValueSet),
        "findings": sum(len(doc.findings) for doc in active if isinstance(doc, Findings)),
        "parameters": sum(len(doc.parameters) for doc in active if isinstance(doc, Parameters)),
        "procedures": sum(len(doc.procedures) for doc in active if isinstance(doc, Procedures)),
        "variants": sum(len(doc.variants) for doc in active if isinstance(doc, Variants)),
        "ratings": len(rows),
        "ratings by evidence": _by_name(row.seen_in for row in rows),
        "recommendations": sum(
            len(doc.recommendations) for doc in active if isinstance(doc, Recommendations)
        ),
        "safety rules": _number(active, SafetyRule),
        "safety states": sum(len(doc.states) for doc in active if isinstance(doc, SafetyRule)),
        "card texts": sum(len(doc.cards) for doc in active if isinstance(doc, Texts)),
        "cases": sum(len(document["cases"]) for document in loaded.cases.values()),
        "lines": sum(_lines(loaded, name) for name in files),
    }


def _number(active: Iterable[Document], kind: type) -> int:
    return sum(1 for doc in active if isinstance(doc, kind))


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _code_systems(active: Iterable[Document]) -> Iterable[str]:
    for doc in active:
        if isinstance(doc, ValueSet):
            yield from (group.system for group in doc.concepts for _ in group.codes)
        elif isinstance(doc, Procedures):
            yield from (code.system for each in doc.procedures for code in each.codes)
        elif isinstance(doc, CodeMap):
            yield from (doc.system for _ in doc.codes)
        elif isinstance(doc, ImagingCategories):
            yield from (category.system for category in doc.codes)


def _lines(loaded: Loaded, name: str) -> int:
    return len((loaded.root / name).read_text(encoding="utf-8").splitlines())
