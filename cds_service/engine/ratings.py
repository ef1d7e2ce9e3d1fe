"""What the guideline says of a procedure in a patient's situation, and what it rates best."""

import msgspec

from cds_service.content.library import Content, TopicContent
from cds_service.content.model import Procedure, RatedProcedure, Rating, Variant


class Rated(msgspec.Struct, frozen=True):
    """A procedure's row in a variant's table."""

    procedure: Procedure
    variant: Variant
    row: RatedProcedure

    @property
    def rating(self) -> Rating:
        """Return the appropriateness category."""
        return self.row.rating

    @property
    def citable(self) -> bool:
        """Whether the rating was seen in a source; an inferred one is never shown as ACR's."""
        return self.row.seen_in != "inferred"


def rate(
    procedure: Procedure, variants: tuple[Variant, ...], topic: TopicContent, content: Content
) -> Rated | None:
    """Return the best rating of `procedure` in any of `variants`, or None if it has none.

    A procedure whose code leaves the contrast open is given the best rating it may stand for, so
    that an order is never called worse than it may be.
    """
    forms = procedure.may_be or (procedure.id,)
    rows = [
        Rated(content.procedures[form], variant, row)
        for form in forms
        for variant in variants
        if (row := topic.tables.get(variant.id, {}).get(form)) is not None
    ]
    return min(rows, key=lambda rated: (rated.rating.rank, not rated.citable), default=None)


def table(
    variants: tuple[Variant, ...], topic: TopicContent, content: Content
) -> tuple[Rated, ...]:
    """Return the best row of every procedure rated in `variants`, best first.

    Equal ratings stand in the order of preference of the variant, else of the topic.
    """
    key = ("table", topic.topic.id, *(variant.id for variant in variants))
    known: tuple[Rated, ...] | None = content.memory.get(key)
    return known or content.memory.keep(key, _table(variants, topic, content))


def _table(
    variants: tuple[Variant, ...], topic: TopicContent, content: Content
) -> tuple[Rated, ...]:
    stated = next((v.preference for v in variants if v.preference), topic.topic.preference)
    preferred = stated.procedures
    names = dict.fromkeys(name for v in variants for name in topic.tables.get(v.id, {}))
    rows = [
        rated
        for name in names
        if (rated := rate(content.procedures[name], variants, topic, content)) is not None
    ]

    def place(rated: Rated) -> tuple[int, int]:
        name = rated.procedure.id
        return rated.rating.rank, (preferred.index(name) if name in preferred else len(preferred))

    return tuple(sorted(rows, key=place))
