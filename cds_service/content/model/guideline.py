"""A topic: whom it is about, its variants and its rating tables."""

from typing import Literal

from cds_service.content.model.base import Citation, Expression, Head, Part, Rating


class Population(Part, kw_only=True, frozen=True):
    """Whom a topic speaks about."""

    age_at_least: str


class Indication(Part, kw_only=True, frozen=True):
    """What an order must be for, so that a topic speaks about it.

    `finding` holds for the chart and the stated reasons. Where the order states reasons in codes
    we know, one of them must be in `reason_value_sets`; for procedures of the topic's own regions
    `own_region_reason_value_sets` fit too (a lumbar MRI for metastasis may be for back pain; a
    bone scan for metastasis is staging).
    """

    finding: str
    reason_value_sets: tuple[str, ...]
    own_region_reason_value_sets: tuple[str, ...] = ()


class Preference(Part, kw_only=True, frozen=True):
    """The topic's own order among equally rated procedures, and why."""

    procedures: tuple[str, ...]
    reason: str


class Topic(Head, kw_only=True, frozen=True):
    """A clinical topic: whom and what it is about, and what it looks for."""

    guideline: Citation
    guideline_name: str
    population: Population
    indication: Indication
    own_regions: tuple[str, ...]
    red_flags: tuple[str, ...]
    ask: tuple[str, ...]
    supporting: tuple[str, ...] = ()
    preference: Preference


class Split(Part, kw_only=True, frozen=True):
    """The one finding that tells a variant from its twin, and the state it needs."""

    finding: str
    state: Literal["present", "absent"]


class Variant(Part, kw_only=True, frozen=True):
    """A clinical scenario of the guideline and the findings that select it."""

    id: str
    number: int
    title: str
    precedence: int
    when: Expression
    split: Split | None = None
    preference: Preference | None = None
    source: str
    locator: str


class Variants(Head, kw_only=True, frozen=True):
    """The variants of one topic."""

    topic: str
    variants: tuple[Variant, ...]


class RatedProcedure(Part, kw_only=True, frozen=True):
    """One row of a guideline table.

    `row` is the procedure's name in the guideline; `procedures` the ids it covers. `seen_in` says
    how the rating is known: in two sources, in one, or only inferred (then never shown as ACR's).
    """

    row: str
    procedures: tuple[str, ...]
    rating: Rating
    seen_in: Literal["two-sources", "one-source", "inferred"]
    sources: tuple[str, ...]
    note: str = ""


class VariantRatings(Part, kw_only=True, frozen=True):
    """The table of one variant."""

    variant: str
    rows: tuple[RatedProcedure, ...]


class Ratings(Head, kw_only=True, frozen=True):
    """The guideline tables of one topic."""

    topic: str
    tables: tuple[VariantRatings, ...]
