"""Every place in a document that names something defined elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from cds_service.content.checks.expressions import expression_leaves, expressions
from cds_service.content.model import (
    AssertionCues,
    Clause,
    CodeMap,
    Document,
    Estimates,
    Findings,
    OrderWords,
    Procedures,
    RadiationLevels,
    Ratings,
    Recommendations,
    SafetyRule,
    Selector,
    Texts,
    Topic,
    ValueSet,
    Variants,
)
from cds_service.content.yaml_places import KeyPath


class Reference(NamedTuple):
    """That `path` names, at `where`, the thing `id` of a kind."""

    kind: str
    id: str
    path: str
    where: KeyPath


Found = Iterator[tuple[str, str, KeyPath]]
_Item = TypeVar("_Item")


def references(path: str, document: Document) -> Iterator[Reference]:
    """Yield every reference in `document` to something with an id."""
    read: Callable[..., Found] | None = _READERS.get(type(document))
    if read is not None:
        for kind, name, where in read(document):
            yield Reference(kind, name, path, where)


def _each(listed: Iterable[_Item], where: KeyPath) -> Iterator[tuple[_Item, KeyPath]]:
    """Yield every item of what is `listed` at `where`, with its own place."""
    for number, item in enumerate(listed):
        yield item, (*where, number)


def _many(kind: str, names: Iterable[str], where: KeyPath) -> Found:
    for name, here in _each(names, where):
        yield kind, name, here


def _one(kind: str, name: str | None, where: KeyPath) -> Found:
    if name:
        yield kind, name, where


def _in_expressions(document: Document) -> Found:
    for expression, where in expressions(document):
        for name, place in expression_leaves(expression, where):
            yield "finding", name, place


def _value_set(document: ValueSet) -> Found:
    for group, here in _each(document.concepts, ("concepts",)):
        yield "source", group.source, (*here, "source")


def _procedures(document: Procedures) -> Found:
    for procedure, here in _each(document.procedures, ("procedures",)):
        yield "radiation-level", procedure.radiation_level, (*here, "radiation-level")
        yield from _many("procedure", procedure.may_be, (*here, "may-be"))
        for code, place in _each(procedure.codes, (*here, "codes")):
            yield "source", code.source, (*place, "source")


def _code_map(document: CodeMap) -> Found:
    for code, here in _each(document.codes, ("codes",)):
        yield "procedure", code.procedure, (*here, "procedure")
        yield from _one("source", code.source, (*here, "source"))


def _findings(document: Findings) -> Found:
    for finding, here in _each(document.findings, ("findings",)):
        yield "source", finding.source, (*here, "source")
        for clause, place in _each(finding.evidence, (*here, "evidence")):
            yield from _clause(clause, place)


def _clause(clause: Clause, here: KeyPath) -> Found:
    yield from _many("resource-type", clause.origin, (*here, "from"))
    yield from _many("value-set", clause.value_sets, (*here, "value-sets"))
    yield from _many("value-set", clause.asked_as, (*here, "asked-as"))
    yield from _one("value-set", clause.cancelled_by, (*here, "cancelled-by"))
    yield from _one("estimate", clause.estimated_by, (*here, "estimated-by"))
    for key, name in clause_parameters(clause):
        yield "parameter", name, (*here, key)


def clause_parameters(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield key and parameter id of every parameter a clause names."""
    named = {
        "look-back": clause.look_back,
        "lasting": clause.lasting,
        "above": clause.above,
        "below": clause.below,
        "age-at-least": clause.age_at_least,
        "age-below": clause.age_below,
    }
    for key, name in named.items():
        if name:
            yield key, name


def _estimates(document: Estimates) -> Found:
    for estimate, here in _each(document.estimates, ("estimates",)):
        yield "value-set", estimate.made_from, (*here, "made-from")
        yield "parameter", estimate.age_at_least, (*here, "age-at-least")
        yield "source", estimate.source, (*here, "source")


def _radiation_levels(document: RadiationLevels) -> Found:
    yield "parameter", document.child_below, ("child-below",)


def _topic(document: Topic) -> Found:
    indication = document.indication
    yield "parameter", document.population.age_at_least, ("population", "age-at-least")
    yield "finding", indication.finding, ("indication", "finding")
    for key, names in (
        ("reason-value-sets", indication.reason_value_sets),
        ("own-region-reason-value-sets", indication.own_region_reason_value_sets),
    ):
        yield from _many("value-set", names, ("indication", key))
    yield from _many("body-region", document.own_regions, ("own-regions",))
    yield from _many("finding", document.red_flags, ("red-flags",))
    yield from _many("finding", document.ask, ("ask",))
    yield from _many("finding", document.supporting, ("supporting",))
    preferred = document.preference.procedures
    yield from _many("procedure", preferred, ("preference", "procedures"))


def _variants(document: Variants) -> Found:
    yield "topic", document.topic, ("topic",)
    yield from _in_expressions(document)
    for variant, here in _each(document.variants, ("variants",)):
        yield "source", variant.source, (*here, "source")
        if variant.split is not None:
            yield "finding", variant.split.finding, (*here, "split", "finding")
        if variant.preference is not None:
            preferred = variant.preference.procedures
            yield from _many("procedure", preferred, (*here, "preference", "procedures"))


def _ratings(document: Ratings) -> Found:
    yield "topic", document.topic, ("topic",)
    for table, here in _each(document.tables, ("tables",)):
        yield "variant", table.variant, (*here, "variant")
        for row, place in _each(table.rows, (*here, "rows")):
            yield from _many("procedure", row.procedures, (*place, "procedures"))
            yield from _many("source", row.sources, (*place, "sources"))


def _recommendations(document: Recommendations) -> Found:
    yield "topic", document.topic, ("topic",)
    yield from _in_expressions(document)
    for rule, here in _each(document.recommendations, ("recommendations",)):
        yield "card-text", rule.card, (*here, "card")
        yield "source", rule.source, (*here, "source")
        yield from _many("variant", rule.variants, (*here, "variants"))
        yield from _selector(rule.orders, (*here, "orders"))
        yield from _many("procedure", rule.remedy.order, (*here, "remedy", "order"))


def _safety_rule(document: SafetyRule) -> Found:
    yield from _selector(document.bears_on, ("bears-on",))
    for alternative, here in _each(document.unless_together, ("unless-together",)):
        for selector, place in _each(alternative, here):
            yield from _selector(selector, place)
    yield from _many("finding", document.watches, ("watches",))
    yield from _in_expressions(document)
    for state, here in _each(document.states, ("states",)):
        yield from _one("card-text", state.card, (*here, "card"))
        yield "source", state.source, (*here, "source")
        yield from _many("finding", state.unless_newer, (*here, "unless-newer"))
        yield from _many("procedure", state.remedy.order, (*here, "remedy", "order"))


def _selector(selector: Selector, here: KeyPath) -> Found:
    yield from _many("procedure", selector.procedures, (*here, "procedures"))
    yield from _many("modality", selector.modality, (*here, "modality"))
    yield from _many("body-region", selector.body_region, (*here, "body-region"))
    yield from _many("contrast", selector.contrast, (*here, "contrast"))


def _texts(document: Texts) -> Found:
    for card, here in _each(document.cards, ("cards",)):
        yield from _many("override-reason", card.override_reasons, (*here, "override-reasons"))
        for each, place in _each(card.limits_of_ordered, (*here, "limits-of-ordered")):
            yield from _selector(each.orders, (*place, "orders"))


def _assertion_cues(document: AssertionCues) -> Found:
    yield from _many("value-set", document.complaints, ("complaints",))
    yield from _many("value-set", document.sought, ("sought",))


def _order_words(document: OrderWords) -> Found:
    for key, axis, words in (
        ("modalities", "modality", document.modalities),
        ("body-regions", "body-region", document.body_regions),
        ("contrast", "contrast", document.contrast),
    ):
        for word, here in _each(words, (key,)):
            if word.means not in document.other_modalities:
                yield from _one(axis, word.means, (*here, "means"))
            yield from _one("contrast", word.contrast, (*here, "contrast"))
            yield from _one("body-region", word.body_region, (*here, "body-region"))
    for key, axis, joined in (
        ("joined-modalities", "modality", document.joined_modalities),
        ("joined-regions", "body-region", document.joined_regions),
    ):
        for each, here in _each(joined, (key,)):
            yield axis, each.means, (*here, "means")
            yield from _many(axis, each.parts, (*here, "parts"))


_READERS: dict[type, Callable[..., Found]] = {
    ValueSet: _value_set,
    Procedures: _procedures,
    RadiationLevels: _radiation_levels,
    CodeMap: _code_map,
    Estimates: _estimates,
    Findings: _findings,
    Topic: _topic,
    Variants: _variants,
    Ratings: _ratings,
    Recommendations: _recommendations,
    SafetyRule: _safety_rule,
    Texts: _texts,
    AssertionCues: _assertion_cues,
    OrderWords: _order_words,
}
