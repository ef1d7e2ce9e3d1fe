"""What the coverage lacks, as far as it can be computed."""

from collections.abc import Iterable, Iterator

from cds_service.content.coverage.documents import of_kind
from cds_service.content.coverage.model import FindingRow, Gap, SpeakingRule, VariantRow
from cds_service.content.model import Document, Procedures, Ratings

_ORDER_SYSTEM = "loinc"
"""The code system in which suggested orders are written first."""

_LONE = 1


def finding_gaps(findings: Iterable[FindingRow]) -> Iterator[Gap]:
    """Yield the gaps in how findings are read, bounded and proved."""
    rows = tuple(findings)
    yield Gap(
        id="text-only",
        meaning="Findings that are read in text and listed texts only: no code says them.",
        found=tuple(row.id for row in rows if row.text.phrases and not row.codes),
    )
    yield Gap(
        id="code-only",
        meaning="Findings that are read from codes only: no phrase says them.",
        found=tuple(row.id for row in rows if row.codes and not row.text.phrases),
    )
    for name, meaning in (
        ("thresholds", "Thresholds of findings for which no published value was found."),
        ("windows", "Look-backs and durations of findings without a published value."),
    ):
        yield Gap(
            id=f"local-{name}",
            meaning=meaning,
            found=tuple(
                f"{row.id}: {number.use} {number.parameter}"
                for row in rows
                for number in getattr(row, name)
                if number.basis != "published"
            ),
        )
    yield Gap(
        id="no-missing-source-case",
        meaning="Findings without a case in which a source was not read.",
        found=tuple(row.id for row in rows if not row.cases.missing_source),
    )


def proof_gaps(rules: Iterable[SpeakingRule | VariantRow]) -> Iterator[Gap]:
    """Yield what only one case proves."""
    rows = tuple(rules)
    yield Gap(
        id="one-case-fires",
        meaning="Safety states, recommendations and variants with one case that must fire.",
        found=tuple(row.id for row in rows if row.cases.fires <= _LONE),
    )
    yield Gap(
        id="one-near-miss",
        meaning="Safety states, recommendations and variants with one near miss.",
        found=tuple(row.id for row in rows if row.cases.near_misses <= _LONE),
    )


def document_gaps(documents: Iterable[Document]) -> Iterator[Gap]:
    """Yield rated procedures that cannot be ordered by LOINC, and documents not in use."""
    known = tuple(documents)
    active = [doc for doc in known if doc.status == "active"]
    coded = {
        each.id
        for doc in of_kind(active, Procedures)
        for each in doc.procedures
        if any(code.system == _ORDER_SYSTEM for code in each.codes)
    }
    rated = dict.fromkeys(
        procedure
        for doc in of_kind(active, Ratings)
        for table in doc.tables
        for row in table.rows
        for procedure in row.procedures
    )
    yield Gap(
        id="rated-without-loinc",
        meaning="Procedures that are rated but have no LOINC code.",
        found=tuple(each for each in rated if each not in coded),
    )
    for status, meaning in (
        ("draft", "Documents that are drafts and not in use."),
        ("retired", "Documents that are retired and kept only to explain old advice."),
    ):
        yield Gap(
            id=f"{status}-documents",
            meaning=meaning,
            found=tuple(f"{doc.kind} {doc.id}" for doc in known if doc.status == status),
        )
