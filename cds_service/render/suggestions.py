"""What accepting a card does to the order (CDS Hooks 2.0.1, Suggestion and Action)."""

from collections.abc import Callable, Mapping
from typing import Any

from cds_service.content.library import Content
from cds_service.content.local import LocalCoding
from cds_service.content.model import CardText, Procedure
from cds_service.engine.advice import Advice, Assessment
from cds_service.fhir.codes import SYSTEM_URIS
from cds_service.fhir.orders import DraftOrder, with_code, with_priority
from cds_service.fhir.read import Json
from cds_service.render.annotation import with_rating
from cds_service.render.text import fill_line

RatingOf = Callable[[Procedure, Assessment], list[Json]]
"""Gives the rating extensions of a procedure in an assessed patient, none where it has none."""

_DEFAULT_SYSTEMS = ("loinc", "snomed-ct", "radlex")
"""Code systems to order in when the order itself uses none that we know."""


def suggestions(
    advice: Advice,
    assessment: Assessment,
    text: CardText,
    values: Mapping[str, str],
    content: Content,
    new_id: Callable[[], str],
    rating: RatingOf | None = None,
) -> list[dict[str, Any]]:
    """Return the suggestions of one card, the recommended one first.

    Where `rating` is given, each suggested order carries the rating of what it would order, and
    none where there is none. A suggestion that orders another procedure names it in the private
    members that dialects read (see `cds_service.hooks.dialects`).

    Each is one ``update`` of the very draft order (or one ``delete``): the whole resource, with
    only the ordered code or the priority changed. Without an id on the order nothing can be
    updated, and there is no suggestion.
    """
    order = assessment.order
    ordered = assessment.recognised.procedure
    if advice.proposal.empty or "/" not in order.reference:
        return []
    if advice.proposal.remove:
        action: dict[str, Any] = {
            "type": "delete",
            "description": fill_line(text.action, values),
            "resourceId": order.reference,
        }
        return [_suggestion(text, values, action, new_id, recommended=True)]
    if advice.proposal.priority:
        changed = with_priority(order.resource, advice.proposal.priority)
        changed = _rated(changed, ordered, assessment, rating)
        return [_suggestion(text, values, _update(text, values, changed), new_id, recommended=True)]
    offered = []
    for place, procedure in enumerate(advice.proposal.procedures):
        named = {**values, "suggested": content.phrasebook.in_sentence(procedure.title)}
        changed = with_code(order.resource, concept(procedure, order, content))
        action = _update(text, named, _rated(changed, procedure, assessment, rating))
        suggestion = _suggestion(text, named, action, new_id, recommended=place == 0)
        suggestion["procedure"] = procedure.id
        if ordered is not None:
            suggestion["drafted"] = content.phrasebook.in_sentence(ordered.title)
        if own := content.local.suggested.get(procedure.id, ()):
            suggestion["codings"] = [_local(coding) for coding in own]
        offered.append(suggestion)
    return offered


def concept(procedure: Procedure, order: DraftOrder, content: Content) -> Json:
    """Return the CodeableConcept that orders `procedure` in the code systems the order uses.

    A site's own codes come first. The text is the site's name of the procedure, else our own
    title. Displays of other systems are left to their owners, except for CPT, whose wording is
    licensed and where clients show the display: there our title stands. All orders in these
    systems share it: whoever changes it, copies it.
    """
    systems = tuple(dict.fromkeys([c.system for c in order.codes if c.system in SYSTEM_URIS]))
    key = ("concept", procedure.id, systems)
    known: Json | None = content.memory.get(key)
    return known or content.memory.keep(key, _concept(procedure, systems, content))


def _concept(procedure: Procedure, used: tuple[str, ...], content: Content) -> Json:
    own = content.local.suggested.get(procedure.id, ())
    known = content.codes_of_procedure[procedure.id]
    first = {code.system: code for code in reversed(known)}
    systems = [s for s in used if s in first]
    systems = systems or [s for s in _DEFAULT_SYSTEMS if s in first]
    codings = [_local(coding) for coding in own]
    named = {(coding.get("system"), coding["code"]) for coding in codings}
    for system in systems:
        coding = {"system": SYSTEM_URIS[system], "code": first[system].value}
        if system == "cpt":
            coding["display"] = procedure.title
        if (coding["system"], coding["code"]) not in named:
            codings.append(coding)
    title = next((coding.display for coding in own if coding.display), procedure.title)
    return {"coding": codings, "text": title} if codings else {"text": title}


def _local(coding: LocalCoding) -> dict[str, str]:
    parts = {"system": coding.system, "code": coding.code, "display": coding.display}
    return {name: value for name, value in parts.items() if value}


def _rated(
    resource: Json, procedure: Procedure | None, assessment: Assessment, rating: RatingOf | None
) -> Json:
    if rating is None or procedure is None:
        return resource
    return with_rating(resource, rating(procedure, assessment))


def _update(text: CardText, values: Mapping[str, str], resource: Json) -> dict[str, Any]:
    return {"type": "update", "description": fill_line(text.action, values), "resource": resource}


def _suggestion(
    text: CardText,
    values: Mapping[str, str],
    action: dict[str, Any],
    new_id: Callable[[], str],
    *,
    recommended: bool,
) -> dict[str, Any]:
    suggestion: dict[str, Any] = {
        "label": fill_line(text.suggestion, values),
        "uuid": new_id(),
        "actions": [action],
    }
    if recommended:
        suggestion["isRecommended"] = True
    return suggestion
