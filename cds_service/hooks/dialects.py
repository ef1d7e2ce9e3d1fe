"""One answer in the shape each client reads: CDS Hooks 1.0, 2.0, 3.0, Epic and the public sandbox.

A dialect changes members, never advice: the same cards in the same order, each with the same
words, indicator and source. Cards come in the shape of CDS Hooks 2.0.1. Their suggestions may
carry private members, which no dialect sends on: ``procedure``, the id of the other procedure
that accepting would order, ``codings``, the site's own codes of it, and ``drafted``, the title of
what the draft orders now.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from cds_service.fhir.read import Json, child, name_of, string

OrderCodes = Mapping[str, Sequence[Json]]
"""A site's own codings of procedures (such as preference-list items), by procedure id."""

_PRIVATE = frozenset({"procedure", "codings", "drafted"})
_LONGEST_TOPIC_CODE = 100
_INTENDED = frozenset({"ServiceRequest", "ProcedureRequest"})
"""Order types that have an intent, so that they can be proposed (FHIR R4, STU3)."""

# What CDS Hooks 1.0 defines of each object, and the `extension` it leaves to anyone's use.
_CARD_1_0 = (
    "summary",
    "indicator",
    "detail",
    "source",
    "suggestions",
    "selectionBehavior",
    "links",
    "extension",
)
_SOURCE_1_0 = ("label", "url", "icon")
_SUGGESTION_1_0 = ("label", "uuid")


def shape(
    cards: Sequence[Json],
    system_actions: Sequence[Json],
    dialect: str,
    order_codes: OrderCodes | None = None,
) -> Json:
    """Return the whole response body in `dialect` (CDS Hooks 2.0.1, CDS Service Response).

    `system_actions` stand where the dialect's clients look for them, and nowhere if there are
    none. `order_codes` matter to clients that order by a site's own codes only. The arguments are
    left as they are.

    Raises:
        ValueError: `dialect` is not one of `DIALECTS`.
    """
    if dialect not in _DIALECTS:
        raise ValueError(f"unknown dialect {dialect!r}: one of {', '.join(DIALECTS)}")
    spoken = _DIALECTS[dialect]
    body: Json = {"cards": [spoken.card(card, order_codes or {}) for card in cards]}
    if system_actions and spoken.root_actions:
        body["systemActions"] = list(system_actions)
    if system_actions and spoken.mirrored_actions:
        body["extension"] = {"systemActions": list(system_actions)}
    return body


def topic_code(card_id: str) -> str:
    """Return `card_id` as Epic reads ``source.topic.code``: up to 100 letters and digits.

    Epic keeps a user's overrides under this code, so it depends on the id alone.
    """
    plain = "".join(c for c in card_id if c.isascii() and c.isalnum())
    return plain[:_LONGEST_TOPIC_CODE]


def _current(card: Json, order_codes: OrderCodes) -> Json:
    """Return a card of CDS Hooks 2.0 or 3.0: as it came, without the private members."""
    if "suggestions" not in card:
        return card
    return {**card, "suggestions": [_public(suggestion) for suggestion in card["suggestions"]]}


def _version_1_0(card: Json, order_codes: OrderCodes) -> Json:
    """Return a card with only what CDS Hooks 1.0 defines (Card Attributes, Action)."""
    shaped = _only(card, _CARD_1_0)
    shaped["source"] = _only(card["source"], _SOURCE_1_0)
    if "suggestions" in card:
        shaped["suggestions"] = [
            {
                **_only(suggestion, _SUGGESTION_1_0),
                "actions": [_action_1_0(action) for action in suggestion["actions"]],
            }
            for suggestion in card["suggestions"]
        ]
        shaped["selectionBehavior"] = "at-most-one"
    return shaped


def _action_1_0(action: Json) -> Json:
    """Return an action whose delete names its target in ``resource`` (CDS Hooks 1.0, Action)."""
    if "resourceId" not in action:
        return action
    kept = {name: value for name, value in action.items() if name != "resourceId"}
    return {**kept, "resource": action["resourceId"]}


def _sandbox(card: Json, order_codes: OrderCodes) -> Json:
    """Return a card whose suggested orders the public sandbox can apply.

    It takes over a suggested order only with a rating extension, a list of reasons and a coding.
    The rating is put on the order where ratings are made, if they are; without one the sandbox
    ignores the suggestion, and nothing is made up here. A missing list of reasons becomes an empty
    one, which is what the sandbox itself sends for an order without a reason.
    """
    shaped = _current(card, order_codes)
    if "suggestions" not in shaped:
        return shaped
    offered = [
        {**suggestion, "actions": [_with_reasons(action) for action in suggestion["actions"]]}
        for suggestion in shaped["suggestions"]
    ]
    return {**shaped, "suggestions": offered}


def _with_reasons(action: Json) -> Json:
    if child(action, "resource").get("resourceType") != "ServiceRequest":
        return action
    return {**action, "resource": {"reasonCode": [], **action["resource"]}}


def _epic(card: Json, order_codes: OrderCodes) -> Json:
    """Return a card as Epic takes it: every suggestion a tick box of its own with one action."""
    shaped = dict(card)
    if "topic" in card["source"]:
        topic = {**card["source"]["topic"], "code": topic_code(card["source"]["topic"]["code"])}
        shaped["source"] = {**card["source"], "topic": topic}
    if "suggestions" in card:
        shaped["suggestions"] = _tick_boxes(card["suggestions"], order_codes)
        shaped["selectionBehavior"] = "any"
    return shaped


def _tick_boxes(suggestions: Sequence[Json], order_codes: OrderCodes) -> list[Json]:
    """Return the suggestions, orders for mapped procedures created instead of changed in place.

    Epic creates orders from its preference lists and reads nothing of a suggested order but their
    codes: those agreed with the client, else those of the site. Where there are any, a ``create``
    takes the place of the ``update``, and one ``delete`` of the drafted order follows. Where there
    are none, the ``update`` stays: the advice can then be read, though Epic may not be able to
    carry it out.
    """
    shaped = []
    replacing = []
    for suggestion in suggestions:
        (action,) = suggestion["actions"]
        agreed = order_codes.get(suggestion.get("procedure", ""), ())
        codings = agreed or suggestion.get("codings", ())
        order = action.get("resource", {})
        if codings and action["type"] == "update" and order.get("resourceType") in _INTENDED:
            created = _create(order, codings, string(suggestion.get("drafted")))
            shaped.append({**_public(suggestion), "actions": [created]})
            replacing.append(suggestion)
        else:
            shaped.append(_public(suggestion))
    if replacing:
        shaped.append(_removal(replacing))
    return shaped


def _create(order: Json, codings: Sequence[Json], drafted: str) -> Json:
    """Return the action that creates an order for `codings` in place of `order`."""
    title = string(child(order, "code").get("text")) or "the suggested study"
    resource: Json = {
        "resourceType": order["resourceType"],
        "status": "draft",
        "intent": "proposal",
        "code": {"coding": [dict(coding) for coding in codings]},
    }
    if order.get("subject"):
        resource["subject"] = order["subject"]
    instead = f" instead of {drafted}" if drafted else ""
    return {"type": "create", "description": f"Order {title}{instead}", "resource": resource}


def _removal(replacing: Sequence[Json]) -> Json:
    """Return the one suggestion that removes the draft which `replacing` would replace.

    It is recommended if one of those is. Its uuid follows from theirs, so it is as unique.
    """
    first = replacing[0]
    drafted = string(first.get("drafted"))
    words = f"Remove the order for {drafted}" if drafted else "Remove the drafted order"
    suggestion: Json = {
        "label": words,
        "uuid": str(uuid5(NAMESPACE_URL, f"urn:uuid:{first['uuid']}#delete")),
        "actions": [
            {
                "type": "delete",
                "description": words,
                "resourceId": name_of(first["actions"][0]["resource"]),
            }
        ],
    }
    if any(each.get("isRecommended") for each in replacing):
        suggestion["isRecommended"] = True
    return suggestion


def _public(suggestion: Json) -> Json:
    shown = dict(suggestion)
    for name in _PRIVATE:
        shown.pop(name, None)
    return shown


def _only(whole: Json, names: Sequence[str]) -> Json:
    return {name: whole[name] for name in names if name in whole}


class _Dialect(NamedTuple):
    """How one dialect shapes a card, and where its clients look for system actions."""

    card: Callable[[Json, OrderCodes], dict[str, Any]]
    root_actions: bool = True
    mirrored_actions: bool = False


# Before 2.0 there was no place for system actions; the Argonaut guide put them in an extension,
# and the public sandbox still reads only that. 3.0 adds members that a client must ask for.
_DIALECTS = {
    "2.0": _Dialect(_current),
    "1.0": _Dialect(_version_1_0, root_actions=False, mirrored_actions=True),
    "3.0": _Dialect(_current),
    "epic": _Dialect(_epic),
    "sandbox": _Dialect(_sandbox, mirrored_actions=True),
}

DIALECTS = tuple(_DIALECTS)
"""The dialects a client may be served in, the default first."""
