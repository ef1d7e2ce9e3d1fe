"""Draft orders, whichever FHIR version shaped them.

R4 ``ServiceRequest``, STU3 and DSTU2 ``ProcedureRequest`` and DSTU2 ``DiagnosticOrder`` are read
into one shape. The resource itself is kept as it came, because a suggestion must send it back
with nothing else changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cds_service.fhir.codes import Code
from cds_service.fhir.read import (
    Json,
    child,
    codes,
    name_of,
    objects,
    reference,
    status_code,
    string,
    texts,
)

ORDER_TYPES = frozenset({"ServiceRequest", "ProcedureRequest", "DiagnosticOrder"})
"""Resource types that may order an imaging procedure (FHIR R4; STU3 and DSTU2)."""

CLOSED_STATUSES = frozenset(
    {"revoked", "entered-in-error", "completed", "cancelled", "rejected", "suspended", "aborted"}
)
"""Order statuses on which advice would come too late or mean nothing."""


class Reason(NamedTuple):
    """One stated reason: its codes, and its texts in the order's own words."""

    codes: tuple[Code, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """One order out of ``context.draftOrders``.

    `codes` and `texts` are those of what is ordered, a code without a system with the system "",
    because the order codes of many sites have none; `reasons` are its stated reasons;
    `reason_references` point to Conditions or Observations in the chart. `body_sites` and `notes`
    are texts.
    `priority` is ``routine``, ``urgent``, ``asap``, ``stat`` or empty when not stated.
    """

    resource: Json
    reference: str
    codes: tuple[Code, ...]
    texts: tuple[str, ...]
    categories: tuple[Code, ...]
    reasons: tuple[Reason, ...]
    reason_references: tuple[str, ...]
    body_sites: tuple[str, ...]
    notes: tuple[str, ...]
    subject: str
    priority: str
    status: str
    do_not_perform: bool

    @property
    def open(self) -> bool:
        """Whether something may still be done for it: it is neither closed nor a prohibition."""
        return self.status not in CLOSED_STATUSES and not self.do_not_perform


_SITES = ("bodySite", "targetBodySite")


def read_order(resource: Json) -> DraftOrder | None:
    """Return the order in `resource`, or None if it is not a type that can order imaging."""
    kind = string(resource.get("resourceType"))
    if kind not in ORDER_TYPES:
        return None
    ordered = [resource.get("code")]
    reasons = [resource.get(name) for name in ("reasonCode", "reasonCodeableConcept", "reason")]
    if kind == "DiagnosticOrder":
        ordered += [item.get("code") for item in objects(resource.get("item"))]
    reason_concepts = [concept for reason in reasons for concept in objects(reason)]
    return DraftOrder(
        resource=resource,
        reference=name_of(resource),
        codes=tuple(code for concept in ordered for code in _ordered(concept)),
        texts=tuple(text for concept in ordered for text in texts(concept)),
        categories=tuple(codes(resource.get("category"))),
        reasons=tuple(Reason(tuple(codes(each)), tuple(texts(each))) for each in reason_concepts),
        reason_references=tuple(
            ref
            for name in ("reasonReference", "reason")
            for item in objects(resource.get(name))
            if (ref := reference(item))
        ),
        body_sites=tuple(text for name in _SITES for text in texts(resource.get(name))),
        notes=tuple(
            filter(None, (string(note.get("text")) for note in objects(resource.get("note"))))
        ),
        subject=reference(resource.get("subject")) or reference(child(resource, "patient")),
        priority=status_code(resource.get("priority")),
        status=status_code(resource.get("status")),
        do_not_perform=resource.get("doNotPerform") is True,
    )


def _ordered(concept: object) -> Iterator[Code]:
    """Yield the codes of what is ordered; those without a system come last."""
    yield from codes(concept)
    for item in objects(concept):
        for coding in objects(item.get("coding")):
            if not string(coding.get("system")) and (code := string(coding.get("code"))):
                yield Code("", code)


def with_code(resource: Json, concept: Json) -> Json:
    """Return a copy of the order `resource` that orders `concept` and is otherwise the same."""
    if resource.get("resourceType") == "DiagnosticOrder" and "code" not in resource:
        first, *rest = objects(resource.get("item")) or [{}]
        return {**resource, "item": [{**first, "code": concept}, *rest]}
    return {**resource, "code": concept}


def with_priority(resource: Json, priority: str) -> Json:
    """Return a copy of the order `resource` with that priority and otherwise the same."""
    return {**resource, "priority": priority}


def order_title(order: DraftOrder) -> str:
    """Return what the client calls the order, or the empty string."""
    return string(order.texts[0]) if order.texts else ""
