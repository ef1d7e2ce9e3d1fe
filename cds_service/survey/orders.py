"""The orders that a survey puts to every chart."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds_service.content import strict_yaml
from cds_service.content.short_forms import order_resource
from cds_service.fhir.orders import DraftOrder, read_order
from cds_service.fhir.read import Json


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """One order by name, with low back pain as its reason or without a reason."""

    name: str
    order: DraftOrder
    resource: Json


@cache
def trial_orders() -> tuple[TrialOrder, ...]:
    """Return the orders in ``orders.yaml``, each with and without a reason."""
    written, _, _ = strict_yaml.read(Path(__file__).with_name("orders.yaml"))
    found = []
    for number, each in enumerate(written or []):
        for how, short in (
            ("for low back pain", {"code": each["code"]}),
            ("no reason stated", {"code": each["code"], "reasons": []}),
        ):
            resource = {**order_resource(short), "id": f"trial-{number}-{len(short)}"}
            order = read_order(resource)
            if order is not None:
                found.append(TrialOrder(f"{each['name']}, {how}", order, resource))
    return tuple(found)
