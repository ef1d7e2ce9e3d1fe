"""Variants and the guideline tables that rate procedures for them."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.issue import Issue
from cds_service.content.model import Ratings, Split, Variant, Variants
from cds_service.content.yaml_places import KeyPath


def equal_precedence_is_split(content: Catalogue) -> Iterator[Issue]:
    """RULE003: two variants of one precedence are told apart by opposite states of one finding."""
    ranked: dict[tuple[str, int], list[tuple[str, KeyPath, Variant]]] = defaultdict(list)
    for path, document in content.each(Variants):
        for number, variant in enumerate(document.variants):
            where: KeyPath = ("variants", number, "precedence")
            ranked[document.topic, variant.precedence].append((path, where, variant))
    for tied in ranked.values():
        for (_, _, one), (path, where, other) in pairwise(tied):
            if not _twins(one.split, other.split):
                said = f"'{other.id}' and '{one.id}' have the same precedence"
                hint = "give one of them another, or both a split on one finding"
                yield content.issue(path, where, "RULE003", said, hint)


def tables_rate_the_same_procedures(content: Catalogue) -> Iterator[Issue]:
    """RATE001: every table of a topic has a row for each procedure that any of them rates."""
    rated: dict[str, dict[str, None]] = defaultdict(dict)
    for _, document in content.each(Ratings):
        for table in document.tables:
            for row in table.rows:
                rated[document.topic].update(dict.fromkeys(row.procedures))
    for path, document in content.each(Ratings):
        for number, table in enumerate(document.tables):
            here = {name for row in table.rows for name in row.procedures}
            missing = [name for name in rated[document.topic] if name not in here]
            if missing:
                said = f"the table of '{table.variant}' does not rate {', '.join(missing)}"
                hint = "other tables of this topic do; add the row, inferred if it must be"
                where = ("tables", number, "variant")
                yield content.issue(path, where, "RATE001", said, hint)


def tables_rate_procedures_once(content: Catalogue) -> Iterator[Issue]:
    """RATE002: a table has one rating for a procedure."""
    for path, document in content.each(Ratings):
        for number, table in enumerate(document.tables):
            rows: dict[str, str] = {}
            for index, row in enumerate(table.rows):
                for place, name in enumerate(row.procedures):
                    if name in rows:
                        said = f"'{name}' is already rated by the row '{rows[name]}'"
                        where = ("tables", number, "rows", index, "procedures", place)
                        yield content.issue(path, where, "RATE002", said, "keep one of them")
                    rows.setdefault(name, row.row)


def inferred_ratings_say_from_what(content: Catalogue) -> Iterator[Issue]:
    """RATE003: a rating that was only inferred says from what."""
    for path, document in content.each(Ratings):
        for number, table in enumerate(document.tables):
            for index, row in enumerate(table.rows):
                if row.seen_in == "inferred" and not row.note.strip():
                    said = f"the inferred rating of '{row.row}' has no note"
                    where = ("tables", number, "rows", index)
                    hint = "say from what it was inferred"
                    yield content.issue(path, where, "RATE003", said, hint)


def variants_have_one_table(content: Catalogue) -> Iterator[Issue]:
    """RATE004 and RATE005: every variant has a table of ratings, and not two."""
    seen: set[str] = set()
    for path, document in content.each(Ratings):
        for number, table in enumerate(document.tables):
            if table.variant in seen:
                where = ("tables", number, "variant")
                said = f"'{table.variant}' already has a table"
                yield content.issue(path, where, "RATE005", said, "keep one of them")
            seen.add(table.variant)
    for path, variants in content.each(Variants):
        for number, variant in enumerate(variants.variants):
            if variant.id not in seen and content.complete:
                said = f"the variant '{variant.id}' has no table of ratings"
                where = ("variants", number, "id")
                yield content.issue(path, where, "RATE004", said, "add its table to the ratings")


def _twins(one: Split | None, other: Split | None) -> bool:
    return (
        one is not None
        and other is not None
        and one.finding == other.finding
        and one.state != other.state
    )


CHECKS = (
    equal_precedence_is_split,
    tables_rate_the_same_procedures,
    tables_rate_procedures_once,
    inferred_ratings_say_from_what,
    variants_have_one_table,
)
