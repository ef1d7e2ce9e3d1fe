"""All rules that clinical content must keep, run over everything that was loaded."""

from collections.abc import Callable, Iterator

from cds_service.content.checks import (
    codes,
    expansions,
    language,
    links,
    proof,
    rules,
    tables,
    translations,
    wording,
)
from cds_service.content.checks.catalogue import Catalogue, catalogue
from cds_service.content.checks.wording import PLACEHOLDERS
from cds_service.content.issue import Issue
from cds_service.content.load import Loaded

__all__ = ["CHECKS", "PLACEHOLDERS", "check"]

CHECKS: tuple[Callable[[Catalogue], Iterator[Issue]], ...] = (
    *links.CHECKS,
    *rules.CHECKS,
    *tables.CHECKS,
    *codes.CHECKS,
    *expansions.CHECKS,
    *wording.CHECKS,
    *language.CHECKS,
    *translations.CHECKS,
    *proof.CHECKS,
)
"""The rules; each says in one sentence what it asks for, and yields where content breaks it."""


def check(loaded: Loaded) -> list[Issue]:
    """Return every problem of `loaded`, of reading and of meaning, by path and line.

    What is missing (a use, a table, a case) is only reported when every file could be read.
    """
    content = catalogue(loaded)
    found = [issue for rule in CHECKS for issue in rule(content)]
    return sorted({*loaded.issues, *found})
