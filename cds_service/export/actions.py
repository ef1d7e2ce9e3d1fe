"""The parts that the plans of topics and of safety rules share."""

import msgspec

from cds_service.content.model import Head, Indicator, Procedure, Remedy
from cds_service.export.namespace import Json, Namespace

HOOKS = ("order-select", "order-sign")
"""The CDS Hooks hooks on which every rule is tried; the name of an event is that of its hook."""

# Using FHIR Clinical Reasoning with CDS Hooks, concept map indicator-to-request-priority.
_PRIORITIES = {
    Indicator.INFO: "routine",
    Indicator.WARNING: "urgent",
    Indicator.CRITICAL: "stat",
}
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def triggers() -> list[Json]:
    """Return the events that a rule waits for."""
    return [{"type": "named-event", "name": hook} for hook in HOOKS]


def eca_rule() -> Json:
    """Return the type of a plan that reacts to events."""
    return {"coding": [{"system": f"{_TERMINOLOGY}/plan-definition-type", "code": "eca-rule"}]}


def authored(space: Namespace, part: msgspec.Struct) -> Json:
    """Return every field of `part` as its authors wrote it; of a document, without its head."""
    fields = msgspec.to_builtins(part)
    if isinstance(part, Head):
        head = {field.encode_name for field in msgspec.structs.fields(Head)}
        fields = {key: value for key, value in fields.items() if key not in head}
    return space.extension("authored", valueString=msgspec.json.encode(fields).decode())


def off(space: Namespace, by_default: bool) -> list[Json]:
    """Return the extension that says that a site must switch the rule on, or nothing."""
    return [space.extension("off-by-default", valueBoolean=True)] if by_default else []


def urgency(space: Namespace, indicator: Indicator, card: str) -> tuple[list[Json], Json]:
    """Return the extensions, and the priority, that say how a card asks for attention."""
    said = [space.extension("indicator", valueCode=indicator.value)]
    if card:
        said.append(space.extension("card", valueString=card))
    return said, {"priority": _PRIORITIES[indicator]}


def remedy(space: Namespace, does: Remedy, procedures: dict[str, Procedure]) -> Json:
    """Return what accepting does, as sub-actions of which at most one is done; or nothing."""
    steps: list[Json] = []
    for name in does.order:
        title = f"Change the order to {procedures[name].title}"
        steps.append(
            _step(title, "update")
            | {"definitionCanonical": space.canonical("ActivityDefinition", name)}
        )
    if does.best_rated:
        of = f" among {', '.join(does.modality)}" if does.modality else ""
        count = does.best_rated
        which = "the best rated procedure" if count == 1 else f"up to {count} best rated procedures"
        steps.append(
            _step(f"Change the order to {which}{of} that no safety rule excludes", "update")
        )
    if does.set_priority:
        value = {"language": "text/fhirpath", "expression": f"'{does.set_priority}'"}
        steps.append(
            _step(f"Set the priority of the order to {does.set_priority}", "update")
            | {"dynamicValue": [{"path": "priority", "expression": value}]}
        )
    if does.remove_order:
        steps.append(_step("Remove the order", "remove"))
    return {"selectionBehavior": "at-most-one", "action": steps} if steps else {}


def _step(title: str, kind: str) -> Json:
    return {
        "title": title,
        "type": {"coding": [{"system": f"{_TERMINOLOGY}/action-type", "code": kind}]},
    }
