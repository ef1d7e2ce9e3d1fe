"""Which scenario of the guideline the patient is in."""

import msgspec

from cds_service.content.expression import State
from cds_service.content.library import TopicContent
from cds_service.content.model import Variant
from cds_service.engine.findings import Findings


class VariantState(msgspec.Struct, frozen=True):
    """Whether a variant applies, and why it was or was not the one that decides."""

    variant: Variant
    state: State
    why: str


class Selection(msgspec.Struct, frozen=True):
    """The variants of a topic for one patient.

    `selected` are those that decide: the applicable ones of highest precedence (two only where
    nothing but an unknown `split` finding tells them apart). `applicable` are all that apply.
    """

    states: tuple[VariantState, ...]
    selected: tuple[Variant, ...]
    applicable: tuple[Variant, ...]
    unsettled: tuple[Variant, ...]


def select(topic: TopicContent, findings: Findings) -> Selection:
    """Return which variants of `topic` apply and which decide."""
    variants, name = topic.variants, topic.topic.id
    basic = {variant.id: findings.of(variant.when, f"{name}/{variant.id}") for variant in variants}
    states = {variant.id: _with_split(variant, basic[variant.id], findings) for variant in variants}
    applicable = [variant for variant in variants if states[variant.id] is State.PRESENT]
    if not applicable:  # twins that only an unknown split tells apart apply together
        applicable = [
            variant
            for variant in variants
            if variant.split is not None and basic[variant.id] is State.PRESENT
        ]
    highest = min((variant.precedence for variant in applicable), default=None)
    selected = tuple(variant for variant in applicable if variant.precedence == highest)
    return Selection(
        states=tuple(
            VariantState(variant, states[variant.id], _why(variant, states, selected))
            for variant in variants
        ),
        selected=selected,
        applicable=tuple(applicable),
        unsettled=tuple(variant for variant in variants if states[variant.id] is State.UNKNOWN),
    )


def _with_split(variant: Variant, basic: State, findings: Findings) -> State:
    if variant.split is None or basic is not State.PRESENT:
        return basic
    actual = findings.state(variant.split.finding)
    if actual is State.UNKNOWN:
        return State.UNKNOWN
    return State.PRESENT if actual.value == variant.split.state else State.ABSENT


def _why(variant: Variant, states: dict[str, State], selected: tuple[Variant, ...]) -> str:
    if variant in selected:
        if states[variant.id] is State.PRESENT:
            return "selected"
        return "selected together with its twin: what tells them apart is not known"
    if states[variant.id] is State.PRESENT:
        return f"applies, but {', '.join(v.id for v in selected)} takes precedence"
    if states[variant.id] is State.ABSENT:
        return "its findings do not hold"
    return "its findings are not all known"
