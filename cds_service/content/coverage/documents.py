"""The documents by kind, and the cases by what they are about."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cds_service.content.coverage.model import CaseCount
from cds_service.content.load import Loaded
from cds_service.content.model import Head

_Kind = TypeVar("_Kind", bound=Head)

Proofs = dict[str, CaseCount]
"""By the id that cases are about."""


def proofs(loaded: Loaded) -> Proofs:
    """Return the number of cases about each id that any case of `loaded` names."""
    found: Proofs = {}
    for document in loaded.cases.values():
        for case in document["cases"]:
            fires, missing = case["fires"], bool(case["given"].get("missing"))
            for name in dict.fromkeys(case["about"]):
                before = found.get(name, CaseCount())
                found[name] = CaseCount(
                    fires=before.fires + fires,
                    near_misses=before.near_misses + (not fires),
                    missing_source=before.missing_source + missing,
                )
    return found


def of_kind(documents: Iterable[Head], kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield those of `documents` that are of one kind."""
    return (document for document in documents if isinstance(document, kind))
