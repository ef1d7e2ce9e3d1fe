"""What a site adds to value sets, override reasons and parameters."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from cds_service.content.local import Local, PresetReason
from cds_service.content.model import (
    CardText,
    Document,
    OverrideReasons,
    Parameter,
    ValueSet,
)
from cds_service.fhir.dates import parse_duration


def extended(value_sets: dict[str, ValueSet], local: Local) -> dict[str, ValueSet]:
    """Return the value sets with the codes that a site adds."""
    added = {
        name: msgspec.structs.replace(
            value_sets[name], concepts=(*value_sets[name].concepts, *groups)
        )
        for name, groups in local.value_sets.items()
    }
    return {**value_sets, **added}


def override_reasons(
    active: list[Document], cards: Iterable[CardText], local: Local
) -> dict[str, tuple[PresetReason, ...]]:
    """Return the reasons each card offers: those the site lists for it, else its own."""
    known = {
        reason.code: PresetReason(reason.code, reason.display)
        for doc in active
        if isinstance(doc, OverrideReasons)
        for reason in doc.reasons
    }
    known.update(local.override_reasons)
    return {
        card.id: tuple(
            known[code] for code in local.card_override_reasons.get(card.id, card.override_reasons)
        )
        for card in cards
    }


def overridden(
    parameters: dict[str, Parameter], overrides: Mapping[str, str]
) -> dict[str, Parameter]:
    """Return the parameters with a site's values in place of the shipped ones."""
    for name, value in overrides.items():
        if parameters[name].unit:
            try:
                Decimal(value)
            except InvalidOperation:
                raise ValueError(f"parameter {name} needs a number, not {value!r}") from None
        else:
            parse_duration(value)
        parameters[name] = msgspec.structs.replace(
            parameters[name], value=value, basis="local-default", note="set by this site"
        )
    return parameters
