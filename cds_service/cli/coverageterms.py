"""The parts of the coverage page about what is read: findings, numbers, codes and studies."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cds_service.cli.coveragecells import (
    CASES,
    case_cells,
    codes_cell,
    codes_of,
    numbers_cell,
    source_cell,
    text_cell,
    together,
)
from cds_service.cli.markdown import code, escaped, folded, table
from cds_service.content.coverage.model import Coverage, FindingRow, ParameterRow

_ABSENCE = {
    "from-sources": "absent, if every source was read",
    "needs-record": "unknown, until a record says no",
    "never": "unknown",
}


def findings(found: Coverage) -> Iterator[str]:
    """Yield the part about findings."""
    yield from ("## Findings", "")
    yield "A code that stands for all below it counts as one, and so does a block such as C00-C14."
    yield "Codes and phrases that exclude are not counted. Phrases hold alternatives: wordings says"
    yield "for how many they stand. Cases: must fire, near misses, and those with a source missing."
    systems = sorted({count.system for row in found.findings for count in row.codes})
    categories = together(
        sorted(found.findings, key=lambda row: row.category), lambda row: row.category
    )
    yield from ("", "How many findings of each category are read in what:", "")
    yield from table(
        ("Category", "Findings", *systems, "text"),
        (
            (
                category,
                len(rows),
                *(_having(rows, system) or "" for system in systems),
                sum(1 for row in rows if row.text.phrases),
            )
            for category, rows in categories
        ),
    )
    heads = (
        *("Finding", "Read from", "Codes", "Text", "Thresholds", "Look-back", "No record means"),
        *("Source", *CASES, "Source missing"),
    )
    for category, rows in categories:
        yield from ("", *folded(f"{category} ({len(rows)})", table(heads, map(_finding, rows))))


def _finding(row: FindingRow) -> tuple[object, ...]:
    return (
        f"{code(row.id)}<br>{escaped(row.title)}",
        ", ".join(row.origins),
        codes_cell(row.codes),
        text_cell(row.text),
        numbers_cell(row.thresholds),
        numbers_cell(row.windows),
        _ABSENCE[row.absence],
        source_cell(row.source),
        *case_cells(row.cases),
        row.cases.missing_source,
    )


def _having(rows: Iterable[FindingRow], system: str) -> int:
    return sum(1 for row in rows if any(count.system == system for count in row.codes))


def parameters(found: Coverage) -> Iterator[str]:
    """Yield the part about numbers."""
    yield from ("## Parameters", "")
    basis = Counter(row.basis for row in found.parameters)
    yield ", ".join(f"{name}: {number}" for name, number in sorted(basis.items())) + "."
    rows = (
        (
            f"{code(row.id)}<br>{escaped(row.title)}",
            row.value,
            code(row.unit),
            row.basis,
            _basis(row),
        )
        for row in found.parameters
    )
    heads = ("Parameter", "Value", "Unit (UCUM)", "Basis", "Source, note")
    yield from ("", *folded(f"All {len(found.parameters)}", table(heads, rows)))


def _basis(row: ParameterRow) -> str:
    source = source_cell(row.source) if row.source else ""
    return "<br>".join(filter(None, (source, escaped(row.note))))


def value_sets(found: Coverage) -> Iterator[str]:
    """Yield the part about value sets."""
    yield from ("## Value sets", "")
    yield "Codes of every role, each once. *Other phrases* exclude, deny or narrow."
    totals: Counter[str] = Counter()
    for row in found.value_sets:
        totals.update({count.system: count.codes for count in row.codes})
    yield from ("", *table(("System", "Codes"), sorted(totals.items())))
    rows = (
        (
            f"{code(row.id)}<br>{escaped(row.title)}",
            row.status,
            codes_cell(row.codes),
            ", ".join(f"{role} {number}" for role, number in row.roles.items()),
            text_cell(row.text),
            row.other_phrases,
        )
        for row in found.value_sets
    )
    heads = ("Value set", "Status", "Codes", "Roles", "Text", "Other phrases")
    yield from ("", *folded(f"All {len(found.value_sets)}", table(heads, rows)))


def procedures(found: Coverage) -> Iterator[str]:
    """Yield the part about procedures."""
    yield from ("## Procedures", "")
    yield "Codes by system, those of optional code maps too. *May be proposed*: by a card."
    systems = sorted({count.system for group in found.procedures for count in group.codes})
    for modality, groups in together(found.procedures, lambda group: group.modality):
        rows = (
            (
                group.body_region,
                group.contrast,
                len(group.procedures),
                group.suggestable,
                *(codes_of(group.codes, system) or "" for system in systems),
            )
            for group in groups
        )
        total = sum(len(group.procedures) for group in groups)
        heads = ("Body region", "Contrast", "Procedures", "May be proposed", *systems)
        yield from ("", *folded(f"{modality} ({total})", table(heads, rows)))
