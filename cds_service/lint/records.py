"""The resources of a request, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cds_service.fhir.read import Json, name_of, string
from cds_service.lint.remark import Remark, Severity, identity, pointer


@dataclass(frozen=True, slots=True)
class Record:
    """One resource, or what stands in the place of one, and the JSON Pointer to it."""

    location: str
    value: Any

    @property
    def resource(self) -> Json:
        """Return the resource, or an empty object where there is none."""
        usable = isinstance(self.value, dict) and bool(string(self.value.get("resourceType")))
        return self.value if usable else {}

    @property
    def name(self) -> str:
        """Return ``Type/id`` as it may be quoted."""
        return identity(name_of(self.resource))


def draft_orders(body: Json) -> list[Record]:
    """Return the draft orders in the context of `body`, whatever their type."""
    context = body.get("context")
    bundle = context.get("draftOrders") if isinstance(context, dict) else None
    return list(_entries(bundle, "context", "draftOrders"))


def prefetched(body: Json) -> list[Record]:
    """Return the resources under all keys of prefetch, Bundles opened."""
    prefetch = body.get("prefetch")
    if not isinstance(prefetch, dict):
        return []
    found: list[Record] = []
    for key, value in prefetch.items():
        inner, steps = _unwrapped(value, "prefetch", key)
        if isinstance(inner, dict) and inner.get("resourceType") == "Bundle":
            found += _entries(inner, *steps)
        elif inner is not None:
            found.append(Record(pointer(*steps), inner))
    return found


def unusable(records: list[Record]) -> Iterator[Remark]:
    """Yield a remark for each entry that holds no resource."""
    for record in records:
        if not record.resource:
            yield Remark(
                Severity.ERROR,
                record.location,
                "there is no resource with a resourceType here",
                "Send a FHIR resource, or leave the entry out",
            )


def _unwrapped(value: Any, *steps: str) -> tuple[Any, tuple[str, ...]]:
    """Return a prefetch value out of the wrapper of clients before CDS Hooks 1.0."""
    if isinstance(value, dict) and "resourceType" not in value and "response" in value:
        return value.get("resource"), (*steps, "resource")
    return value, steps


def _entries(bundle: Any, *steps: str) -> Iterator[Record]:
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    listed = entries if isinstance(entries, list) else [entries] if entries else []
    for number, entry in enumerate(listed):
        value = entry.get("resource") if isinstance(entry, dict) else entry
        yield Record(pointer(*steps, "entry", number, "resource"), value)
