"""The rows of the coverage report; in JSON their names are in camelCase."""

from collections.abc import Iterable

import msgspec

from cds_service.content.codeindex import HIERARCHIC
from cds_service.content.model import Citation, Concept, Rating
from cds_service.fhir.codes import normal_code


class Row(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Base of all rows: immutable, and written to JSON as it is."""


class Cited(Row, kw_only=True, frozen=True):
    """A source as a document cites it, with the place in it."""

    title: str
    url: str
    locator: str


class CaseCount(Row, kw_only=True, frozen=True):
    """How many cases are about something: which must fire it, and which must not.

    `missing_source` counts those of both sorts in which some source was not read.
    """

    fires: int = 0
    near_misses: int = 0
    missing_source: int = 0


class CodeCount(Row, kw_only=True, frozen=True):
    """How many codes of one system; for `with_all_below` of them what lies below counts too."""

    system: str
    codes: int
    with_all_below: int = 0


class TextCount(Row, kw_only=True, frozen=True):
    """How many phrases are written, and how many wordings these stand for."""

    phrases: int = 0
    wordings: int = 0


class SpeakingRule(Row, kw_only=True, frozen=True):
    """What speaks: a state of a safety rule (``rule.state``) or a recommendation of a topic.

    `effect` is that of the state, empty for a recommendation; `accept` is what accepting the card
    does, empty for a question or where there is no card.
    """

    id: str
    within: str
    says: str
    effect: str = ""
    indicator: str = ""
    card: str = ""
    accept: str = ""
    off_by_default: bool
    source: Cited
    cases: CaseCount


class VariantRow(Row, kw_only=True, frozen=True):
    """A scenario of a topic's guideline."""

    id: str
    topic: str
    title: str
    precedence: int
    source: Cited
    cases: CaseCount


class Number(Row, kw_only=True, frozen=True):
    """A parameter in the use a finding makes of it, e.g. ``above``; a duration has no unit."""

    use: str
    parameter: str
    value: str
    unit: str
    basis: str


class FindingRow(Row, kw_only=True, frozen=True):
    """How a finding is read and proved. Codes and phrases that only exclude are not counted."""

    id: str
    title: str
    category: str
    origins: tuple[str, ...]
    codes: tuple[CodeCount, ...]
    text: TextCount
    thresholds: tuple[Number, ...]
    windows: tuple[Number, ...]
    absence: str
    source: Cited
    cases: CaseCount


class RatingRow(Row, kw_only=True, frozen=True):
    """The rating of one procedure in one variant, and where it was seen."""

    topic: str
    variant: str
    procedure: str
    rating: Rating
    seen_in: str
    sources: tuple[Cited, ...]
    note: str


class ParameterRow(Row, kw_only=True, frozen=True):
    """A number of the content; `source` for a published one, else `note` says why it is so."""

    id: str
    title: str
    value: str
    unit: str
    basis: str
    source: Cited | None
    note: str


class ValueSetRow(Row, kw_only=True, frozen=True):
    """What a value set holds: codes by system, codes by role, and phrases."""

    id: str
    title: str
    status: str
    codes: tuple[CodeCount, ...]
    roles: dict[str, int]
    text: TextCount
    other_phrases: int


class ProcedureGroup(Row, kw_only=True, frozen=True):
    """The procedures of one modality, body region and contrast, and their codes by system."""

    modality: str
    body_region: str
    contrast: str
    procedures: tuple[str, ...]
    suggestable: int
    codes: tuple[CodeCount, ...]


class Gap(Row, kw_only=True, frozen=True):
    """A sort of gap, what it means, and the ids or names it was found at."""

    id: str
    meaning: str
    found: tuple[str, ...]


class Coverage(Row, kw_only=True, frozen=True):
    """The whole report of one content."""

    content_version: str
    totals: dict[str, int]
    safety_states: tuple[SpeakingRule, ...]
    recommendations: tuple[SpeakingRule, ...]
    variants: tuple[VariantRow, ...]
    findings: tuple[FindingRow, ...]
    ratings: tuple[RatingRow, ...]
    parameters: tuple[ParameterRow, ...]
    value_sets: tuple[ValueSetRow, ...]
    procedures: tuple[ProcedureGroup, ...]
    gaps: tuple[Gap, ...]


def cited(sources: Iterable[Citation], source: str, locator: str = "") -> Cited:
    """Return the source with the id `source`, at `locator` or else where it says itself.

    Raises:
        KeyError: there is no such source.
    """
    for each in sources:
        if each.id == source:
            return Cited(title=each.title, url=each.url, locator=locator or each.locator)
    raise KeyError(source)


def counted(concepts: Iterable[tuple[str, Concept]]) -> tuple[CodeCount, ...]:
    """Return how many of the (system, concept) pairs each system has, each code once.

    A block such as C00-C14 is one code, with all that lies below it. Codes that do not show their
    hierarchy stand for themselves only.
    """
    known: dict[str, dict[str, bool]] = {}
    for system, concept in concepts:
        below = known.setdefault(system, {})
        code = normal_code(system, concept.code).value
        wide = system in HIERARCHIC and (concept.descendants or "-" in concept.code)
        below[code] = wide or below.get(code, False)
    return tuple(
        CodeCount(system=system, codes=len(codes), with_all_below=sum(codes.values()))
        for system, codes in sorted(known.items())
    )
