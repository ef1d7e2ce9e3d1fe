"""Draft orders and selections out of the context of order-select and order-sign."""

from typing import NamedTuple

from cds_service.fhir.orders import ORDER_TYPES, DraftOrder, read_order
from cds_service.fhir.read import Json, child, name_of, objects, patient_id, reference, string
from cds_service.hooks.errors import RequestRefused

ORDER_SELECT = "order-select"
ORDER_SIGN = "order-sign"

Orders = tuple[DraftOrder, ...]

_MOST_TEXT = 200_000
"""Characters in which all draft orders may name what is ordered."""

_NO_DRAFT_ORDERS = (
    "The request has no context.draftOrders, which must be a Bundle."
    " Some clients leave it out until this service is authorized to read unsigned orders"
    " and its URL is registered exactly as it is called."
)
_TOO_MUCH_TEXT = (
    "The draft orders name what is ordered (code, bodySite: text and display) in more than"
    f" {_MOST_TEXT} characters. Send the orders the clinician is working on, each with its name."
)


class _Entry(NamedTuple):
    """One entry of the Bundle: the names a selection may use for it, and its order if it is one."""

    names: frozenset[str]
    order: DraftOrder | None


def read_draft_orders(
    context: Json, hook: str, patient: str, remarks: list[str]
) -> tuple[Orders, Orders]:
    """Return the patient's draft orders and, among them, those to advise on; add to `remarks`.

    On order-sign every open order counts as selected. On order-select those that
    ``context.selections`` names; all of them where a client leaves selections out.

    Raises:
        RequestRefused: 413, because the orders name what is ordered in more text than there is
            time for; or 400, because there is no Bundle of draft orders. A call of order-select
            that has no selections either is a client's call before anything was chosen: it has
            no orders.
    """
    bundle, selections = context.get("draftOrders"), context.get("selections")
    if bundle is None:
        if hook != ORDER_SELECT or selections not in (None, []):
            raise RequestRefused(400, "required", _NO_DRAFT_ORDERS)
        remarks.append("context has neither draftOrders nor selections")
        return (), ()
    if not isinstance(bundle, dict):
        raise RequestRefused(400, "value", "context.draftOrders must be a Bundle.")
    entries = [_entry(entry) for entry in objects(bundle.get("entry"))]
    entries = _without_other_patients(entries, patient, remarks)
    orders = tuple(entry.order for entry in entries if entry.order)
    named = (text for order in orders for text in (*order.texts, *order.body_sites))
    if sum(map(len, named)) > _MOST_TEXT:
        raise RequestRefused(413, "too-costly", _TOO_MUCH_TEXT)
    if hook != ORDER_SELECT:
        chosen = orders
    elif isinstance(selections, str | list | dict):
        chosen = _chosen(entries, selections, remarks)
    else:
        remarks.append("context.selections is missing: all draft orders count as selected")
        chosen = orders
    return orders, _open_orders(chosen, remarks)


def _entry(entry: Json) -> _Entry:
    resource = child(entry, "resource")
    kind, identity = string(resource.get("resourceType")), string(resource.get("id"))
    names = {identity, f"{kind}/{identity}"} if identity else set()
    if full_url := string(entry.get("fullUrl")):
        names |= {full_url, _local_name(full_url)}
        if full_url.startswith("urn:uuid:"):
            identity = full_url.removeprefix("urn:uuid:")
            names |= {identity, f"{kind}/{identity}"}
    return _Entry(frozenset(names), read_order(resource) if kind in ORDER_TYPES else None)


def _without_other_patients(
    entries: list[_Entry], patient: str, remarks: list[str]
) -> list[_Entry]:
    kept = [
        entry if not entry.order or _is_for(patient, entry.order) else _Entry(entry.names, None)
        for entry in entries
    ]
    foreign = sum(
        1 for before, after in zip(entries, kept, strict=True) if before.order and not after.order
    )
    if foreign:
        remarks.append(f"{foreign} draft orders are for another patient")
    return kept


def _is_for(patient: str, order: DraftOrder) -> bool:
    """Say whether the order may be this patient's: a subject that cannot be resolved may be."""
    subject = order.subject
    if not subject or subject.startswith(("urn:", "#")) or "?" in subject:
        return True
    kind, slash, _ = _local_name(subject).partition("/")
    return patient_id(subject) == patient and (not slash or kind == "Patient")


def _chosen(
    entries: list[_Entry], selections: str | list[object] | Json, remarks: list[str]
) -> Orders:
    items = selections if isinstance(selections, list) else [selections]
    wanted = [_selection(item) for item in items]
    known = {name for entry in entries for name in entry.names}
    if dangling := sum(1 for names in wanted if not names & known):
        remarks.append(f"{dangling} selections match no draft order")
    chosen = {name for names in wanted for name in names}
    return tuple(entry.order for entry in entries if entry.order and entry.names & chosen)


def _selection(item: object) -> set[str]:
    """Return the names under which an entry may be what this selection means."""
    text = reference(item)
    if not text and isinstance(item, dict):
        text = name_of(item)
    return {text, _local_name(text)} - {""}


def _local_name(text: str) -> str:
    """Return ``Type/id`` of a relative, absolute or versioned reference; a bare id as it is."""
    if text.startswith(("urn:", "#")):
        return text
    path = text.partition("/_history/")[0].partition("|")[0].rstrip("/")
    return "/".join(path.split("/")[-2:])


def _open_orders(orders: Orders, remarks: list[str]) -> Orders:
    kept = tuple(order for order in orders if order.open)
    if len(kept) < len(orders):
        remarks.append(f"{len(orders) - len(kept)} selected orders are closed or not to be done")
    return kept
