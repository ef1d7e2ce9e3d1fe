"""Appropriate use ratings on draft orders (Argonaut *CDS Hooks for PAMA*, Annotating Orders).

A rating is a statement on record, so it is made only where nothing could overturn it: every source
that matters was read, the topic certainly speaks, every variant that decides or might yet decide
gives the same answer, and each of those answers was seen in a source. Everything else leaves the
order as it is. The guide has three answers for ACR's four categories: *may be appropriate*, with
or without disagreement of the panel, is not *usually not appropriate*, and so counts as
appropriate.
"""

from collections.abc import Callable, Iterable
from typing import Any

from cds_service.content.library import Content, TopicContent
from cds_service.content.model import Procedure, Rating
from cds_service.content.phrasebook import phrase
from cds_service.engine.advice import Assessment, TopicAssessment
from cds_service.fhir.orders import DraftOrder
from cds_service.fhir.read import Json, objects, string

RATING_URL = "http://fhir.org/argonaut/Extension/pama-rating"
MECHANISM_URL = f"{RATING_URL}-qcdsm-consulted"
CONSULT_URL = f"{RATING_URL}-consult-id"
CRITERIA_URL = f"{RATING_URL}-auc-applied"
RATING_SYSTEM = "http://fhir.org/argonaut/CodeSystem/pama-rating"
APPROPRIATE = "appropriate"
NOT_APPROPRIATE = "not-appropriate"
NO_CRITERIA = "no-criteria-apply"

_OURS = frozenset({RATING_URL, MECHANISM_URL, CONSULT_URL, CRITERIA_URL})
_CODES = {
    Rating.USUALLY_APPROPRIATE: APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE: APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE_DISAGREEMENT: APPROPRIATE,
    Rating.USUALLY_NOT_APPROPRIATE: NOT_APPROPRIATE,
}
_WORDS = {
    APPROPRIATE: phrase("recorded-appropriate"),
    NOT_APPROPRIATE: phrase("recorded-not-appropriate"),
    NO_CRITERIA: phrase("recorded-no-criteria"),
}
# device use adds to the devices: on its own it leaves nothing unread that a rating rests on
_IMMATERIAL = frozenset({"DeviceUseStatement"})


def annotate(
    assessments: Iterable[Assessment],
    content: Content,
    mechanism: str,
    criteria_uri: str | None,
    new_id: Callable[[], str],
) -> list[dict[str, Any]]:
    """Return the system actions that record ratings (CDS Hooks 2.0.1, CDS Service Response).

    One ``update`` for each ServiceRequest that can be rated and does not carry that rating yet;
    it changes nothing but the four extensions of the guide. `mechanism` identifies who was
    consulted: without it nothing is recorded. `criteria_uri` names the criteria, if that is
    wanted. `new_id` gives a fresh UUID for each consultation.
    """
    actions = []
    for assessment in assessments:
        order, procedure = assessment.order, assessment.recognised.procedure
        if procedure is None or not mechanism or not _annotatable(order):
            continue
        code = rating_of(procedure, assessment, content)
        if not code or _carries(order.resource, code, mechanism, criteria_uri):
            continue
        stated = _extensions(code, mechanism, criteria_uri, f"urn:uuid:{new_id()}")
        book = content.phrasebook
        said = phrase("record-rating", rating=_WORDS[code], study=book.in_sentence(procedure.title))
        actions.append(
            {
                "type": "update",
                "description": book.say(said),
                "resource": with_rating(order.resource, stated),
            }
        )
    return actions


def rating_extensions(
    procedure: Procedure,
    assessment: Assessment,
    content: Content,
    mechanism: str,
    criteria_uri: str | None,
    new_id: Callable[[], str],
) -> list[Json]:
    """Return the extensions with which a suggested order for `procedure` carries its own rating.

    Empty if `procedure` cannot be rated. Arguments as for `annotate`.
    """
    code = rating_of(procedure, assessment, content) if mechanism else ""
    if not code:
        return []
    return _extensions(code, mechanism, criteria_uri, f"urn:uuid:{new_id()}")


def with_rating(resource: Json, extensions: list[Json]) -> Json:
    """Return a copy of the order `resource` with `extensions` as its only rating.

    A rating it had is gone, because it was for what the order said before; other extensions stay
    in their order. An order whose extensions are no list is left as it is.
    """
    present = resource.get("extension", [])
    if not isinstance(present, list):
        return resource
    whole = [each for each in present if not _is_ours(each)] + extensions
    if whole == present:
        return resource
    if whole:
        return {**resource, "extension": whole}
    return {name: value for name, value in resource.items() if name != "extension"}


def rating_of(procedure: Procedure, assessment: Assessment, content: Content) -> str:
    """Return the rating code of `procedure` for the patient of `assessment`, or "" for none.

    Only what was ordered can be without applicable criteria. It is not called appropriate while a
    safety rule holds it back: criteria take the patient to be fit for the study.
    """
    if set(assessment.not_checked) - _IMMATERIAL:
        return ""
    ordered = assessment.recognised.procedure
    is_ordered = ordered is not None and ordered.id == procedure.id
    if assessment.topic is None:
        outside = is_ordered and _surely_outside(procedure, assessment, content)
        return NO_CRITERIA if outside else ""
    code = _settled(procedure, assessment.topic)
    held = is_ordered and any(not verdict.suggestable for verdict in assessment.safety)
    return "" if held and code == APPROPRIATE else code


def _settled(procedure: Procedure, topic: TopicAssessment) -> str:
    """Return the code on which all variants agree, for all studies the order may stand for.

    Variants that decide, and those open ones that would decide if they applied, must each rate the
    study in a source. The others that apply or may apply need only not say otherwise.
    """
    selection = topic.selection
    if selection is None or not selection.selected or not topic.certain:
        return ""
    deciding = selection.selected[0].precedence
    found = set()
    for variant in (*selection.applicable, *selection.unsettled):
        for form in procedure.may_be or (procedure.id,):
            row = topic.topic.tables.get(variant.id, {}).get(form)
            if variant.precedence <= deciding and (row is None or row.seen_in == "inferred"):
                return ""
            if row is not None:
                found.add(_CODES[row.rating])
    return found.pop() if len(found) == 1 else ""


def _surely_outside(procedure: Procedure, assessment: Assessment, content: Content) -> bool:
    """Say whether the order is certainly for something that no topic of the content is about.

    Every stated reason must be a code the content knows by itself and none the topic's: a code it
    does not know may well be another name for the topic's complaint, and a reason that is only
    referenced or in words is not known here.
    """
    order = assessment.order
    if not order.reasons or order.reason_references or not assessment.topics:
        return False
    known = set()
    for reason in order.reasons:
        meant = {
            member.value_set
            for code in reason.codes
            for member in content.index.memberships(code)
            if member.role == "include"
        }
        if not meant:
            return False
        known |= meant
    return not any(known & _reasons_for(topic.topic, procedure) for topic in assessment.topics)


def _reasons_for(topic: TopicContent, procedure: Procedure) -> set[str]:
    """Return the value sets of the reasons for which `topic` would speak about `procedure`."""
    indication = topic.topic.indication
    fitting = set(indication.reason_value_sets)
    if procedure.body_region in topic.topic.own_regions:
        fitting.update(indication.own_region_reason_value_sets)
    return fitting


def _annotatable(order: DraftOrder) -> bool:
    """Say whether the guide's extensions can be put on `order` and it can be found again."""
    resource = order.resource
    return (
        resource.get("resourceType") == "ServiceRequest"
        and bool(string(resource.get("id")))
        and isinstance(resource.get("extension", []), list)
    )


def _extensions(code: str, mechanism: str, criteria_uri: str | None, consult_id: str) -> list[Json]:
    """Return the guide's extensions; where no criteria apply, none are named as applied."""
    rating = {"coding": [{"system": RATING_SYSTEM, "code": code}]}
    stated: list[Json] = [
        {"url": RATING_URL, "valueCodeableConcept": rating},
        {"url": MECHANISM_URL, "valueString": mechanism},
        {"url": CONSULT_URL, "valueUri": consult_id},
    ]
    if criteria_uri and code != NO_CRITERIA:
        stated.append({"url": CRITERIA_URL, "valueUri": criteria_uri})
    return stated


def _carries(resource: Json, code: str, mechanism: str, criteria_uri: str | None) -> bool:
    """Say whether `resource` already says all this, whatever the consultation it came from."""
    present = [each for each in objects(resource.get("extension")) if _is_ours(each)]
    consulted = [
        string(each.get("valueUri")) for each in present if string(each["url"]) == CONSULT_URL
    ]
    if len(consulted) != 1 or not consulted[0]:
        return False
    wanted = _extensions(code, mechanism, criteria_uri, consulted[0])
    return sorted(map(_said, present)) == sorted(map(_said, wanted))


def _said(extension: Json) -> tuple[str, str]:
    """Return the URL and value of one of our extensions, of a rating its code of the guide."""
    rated = [
        string(coding.get("code"))
        for concept in objects(extension.get("valueCodeableConcept"))
        for coding in objects(concept.get("coding"))
        if coding.get("system") == RATING_SYSTEM
    ]
    value = string(extension.get("valueString")) or string(extension.get("valueUri"))
    return string(extension["url"]), "|".join(rated) or value


def _is_ours(extension: object) -> bool:
    return isinstance(extension, dict) and string(extension.get("url")) in _OURS
