"""Coverage of what speaks: safety states, recommendations, variants and ratings."""

from collections.abc import Iterator

from cds_service.content.coverage.documents import Proofs, of_kind
from cds_service.content.coverage.model import (
    CaseCount,
    RatingRow,
    SpeakingRule,
    VariantRow,
    cited,
)
from cds_service.content.model import (
    Document,
    Ratings,
    Recommendations,
    Remedy,
    SafetyRule,
    Variants,
)


def safety_states(active: list[Document], proved: Proofs) -> Iterator[SpeakingRule]:
    """Yield every state of every safety rule, in their order."""
    for rule in of_kind(active, SafetyRule):
        for state in rule.states:
            name = f"{rule.id}.{state.id}"
            yield SpeakingRule(
                id=name,
                within=rule.title,
                says=state.note,
                effect=state.effect,
                indicator=state.indicator or "",
                card=state.card,
                accept=_accepting(state.remedy),
                off_by_default=rule.off_by_default or state.off_by_default,
                source=cited(rule.sources, state.source, state.locator),
                cases=proved.get(name, CaseCount()),
            )


def recommendations(active: list[Document], proved: Proofs) -> Iterator[SpeakingRule]:
    """Yield every recommendation of every topic, in the order in which they are tried."""
    for document in of_kind(active, Recommendations):
        for rule in document.recommendations:
            yield SpeakingRule(
                id=rule.id,
                within=document.topic,
                says=rule.title,
                indicator=rule.indicator,
                card=rule.card,
                accept=_accepting(rule.remedy),
                off_by_default=rule.off_by_default,
                source=cited(document.sources, rule.source, rule.locator),
                cases=proved.get(rule.id, CaseCount()),
            )


def variants(active: list[Document], proved: Proofs) -> Iterator[VariantRow]:
    """Yield every variant of every topic."""
    for document in of_kind(active, Variants):
        for variant in document.variants:
            yield VariantRow(
                id=variant.id,
                topic=document.topic,
                title=variant.title,
                precedence=variant.precedence,
                source=cited(document.sources, variant.source, variant.locator),
                cases=proved.get(variant.id, CaseCount()),
            )


def ratings(active: list[Document]) -> Iterator[RatingRow]:
    """Yield one rating for each procedure that a row of a guideline table covers."""
    for document in of_kind(active, Ratings):
        for table in document.tables:
            for row in table.rows:
                for procedure in row.procedures:
                    yield RatingRow(
                        topic=document.topic,
                        variant=table.variant,
                        procedure=procedure,
                        rating=row.rating,
                        seen_in=row.seen_in,
                        sources=tuple(cited(document.sources, name) for name in row.sources),
                        note=row.note,
                    )


def _accepting(remedy: Remedy) -> str:
    """Return the one thing that accepting a card does, by its name in the content."""
    if remedy.order:
        return "order"
    if remedy.best_rated:
        return "best-rated"
    if remedy.set_priority:
        return f"set-priority {remedy.set_priority}"
    return "remove-order" if remedy.remove_order else ""
