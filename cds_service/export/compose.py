"""From the codes of a value set to the include and exclude filters of FHIR.

The rules are those of `cds_service.content.codeindex`: of several entries that hold a code the
most special decides, and an excluded code never counts. FHIR has no "most special": within one
``include`` all filters must hold, and ``exclude`` wins over every ``include``. So an entry of
another role below ours is taken out by ``exclude``, or, where an entry of our role lies below
that one again, by a filter of the ``include`` above it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, product
from string import ascii_uppercase, digits
from typing import Literal, NamedTuple

from cds_service.content.codeindex import HIERARCHIC
from cds_service.content.model import Concept, ValueSet, ValueSetExpansions
from cds_service.export.namespace import Json, Namespace
from cds_service.fhir.codes import SYSTEM_URIS

ICD_10_CM = "icd-10-cm"

Role = Literal["include", "weak", "exclude"]

INCLUDE: Role = "include"
WEAK: Role = "weak"
EXCLUDE: Role = "exclude"
ROLES = (INCLUDE, WEAK, EXCLUDE)

# ICD-10-CM Official Guidelines, section I.C.19.a: seventh character S is for sequela.
_LATE_EFFECT = r"[SVWXY][0-9A-Z]{2}\.[0-9A-Z]{3}S"
_INJURY_CHAPTERS = frozenset("SVWXY")

_CATEGORIES = tuple(
    map("".join, product(ascii_uppercase, f"{digits}A", f"{digits}{ascii_uppercase}"))
)
"""Every ICD-10-CM category that the shape of its codes allows."""


class Entry(NamedTuple):
    """One line of a value set; `categories` are those of a block such as C00-C14."""

    system: str
    source: str
    concept: Concept
    categories: frozenset[str]
    rank: tuple[int, int]

    @property
    def code(self) -> str:
        """The code without dots, as codes are compared."""
        return (
            self.concept.code.replace(".", "") if self.system in HIERARCHIC else self.concept.code
        )

    @property
    def exact(self) -> bool:
        """Whether the entry means one code only."""
        return self.rank[0] == _EXACT

    def meets(self, special: "Entry") -> bool:
        """Say whether `special`, the more special entry, has codes that this entry holds too."""
        if self.exact or special.system != self.system or special.rank <= self.rank:
            return False
        if not self.categories:
            return special.code.startswith(self.code)
        return bool(self.categories & (special.categories or {special.code[:3]}))


_BLOCK, _PREFIX, _EXACT = range(3)


def entries(value_set: ValueSet, expansions: Iterable[ValueSetExpansions] = ()) -> list[Entry]:
    """Return every line of `value_set`, in the order of the document, then known descendants."""
    made: list[Entry] = []
    for group in value_set.concepts:
        for concept in group.codes:
            first, dash, last = concept.code.partition("-")
            categories: frozenset[str] = frozenset()
            if dash and group.system in HIERARCHIC:
                categories = frozenset(each for each in _CATEGORIES if first <= each <= last)
                rank = (_BLOCK, len(made))
            elif concept.descendants and group.system in HIERARCHIC:
                rank = (_PREFIX, len(concept.code.replace(".", "")))
            else:
                rank = (_EXACT, 0)
            made.append(Entry(group.system, group.source, concept, categories, rank))
    return made + _expanded(value_set.id, made, expansions)


def _expanded(
    name: str, lines: list[Entry], expansions: Iterable[ValueSetExpansions]
) -> list[Entry]:
    """Return the descendants that `expansions` give single codes; they count as their parents."""
    listed = {(line.system, line.concept.code): line.concept.role for line in lines if line.exact}
    found: dict[tuple[str, str], Entry] = {}
    for document in expansions:
        groups = [each.groups for each in document.expansions if each.value_set == name]
        for group in chain.from_iterable(groups):
            role = listed.get((group.system, group.parent), EXCLUDE)
            for each in group.descendants if role != EXCLUDE else ():
                key = (group.system, each.code)
                known = found.get(key)
                if key not in listed and (known is None or known.concept.role != INCLUDE):
                    concept = Concept(code=each.code, label=each.label, role=role)
                    found[key] = Entry(group.system, document.id, concept, frozenset(), (_EXACT, 0))
    return list(found.values())


def compose(space: Namespace, lines: list[Entry], role: Role) -> Json:
    """Return the element ``compose`` for the codes that have `role`, or nothing if none has it."""
    ours = [line for line in lines if line.concept.role == role]
    if not ours:
        return {}
    others = [] if role == EXCLUDE else [line for line in lines if line.concept.role != role]
    inner, outer = _apart(ours, others)
    includes = [_filtered(space, line, inner[line]) for line in ours if not line.exact]
    includes += _listed(space, [line for line in ours if line.exact])
    excludes = [_filtered(space, line, []) for line in outer if not line.exact]
    excludes += _listed(space, [line for line in outer if line.exact])
    if any(line.system == ICD_10_CM and _INJURY_CHAPTERS & _letters(line) for line in ours):
        late = {"property": "code", "op": "regex", "value": _LATE_EFFECT}
        excludes.append({"system": SYSTEM_URIS[ICD_10_CM], "filter": [late]})
    return {"compose": {"include": includes} | ({"exclude": excludes} if excludes else {})}


def _apart(ours: list[Entry], others: list[Entry]) -> tuple[dict[Entry, list[Entry]], list[Entry]]:
    """Return the entries to take out of each of `ours`, and those to take out of all."""
    inner: dict[Entry, list[Entry]] = defaultdict(list)
    outer: list[Entry] = []
    for other in others:
        above = [line for line in ours if line.meets(other)]
        if other.concept.role == EXCLUDE:
            if any(line.system == other.system for line in ours):
                outer.append(other)
        elif any(other.meets(line) for line in ours):
            for line in above:
                inner[line].append(other)
        elif above:
            outer.append(other)
    return inner, outer


def _filtered(space: Namespace, line: Entry, without: list[Entry]) -> Json:
    """Return the include of the codes at and below `line`, less those of `without`."""
    blocks = [other for other in without if other.categories]
    filters = [_holds(line, frozenset().union(*(other.categories for other in blocks)))]
    filters += [
        {"property": "concept", "op": "is-not-a", "value": other.concept.code}
        for other in without
        if not other.categories
    ]
    filters[0]["extension"] = [space.extension("label", valueString=line.concept.label)]
    return _seen_in(space, line.source) | {"system": uri(line.system), "filter": filters}


def _holds(line: Entry, without: frozenset[str]) -> Json:
    if not line.categories:
        return {"property": "concept", "op": "is-a", "value": line.concept.code}
    return {
        "property": "code",
        "op": "regex",
        "value": rf"({_pattern(line.categories - without)})(\.[0-9A-Z]+)?",
    }


def _pattern(categories: Iterable[str]) -> str:
    """Return a regular expression of character classes for `categories`."""
    thirds: dict[str, str] = defaultdict(str)
    for category in sorted(categories):
        thirds[category[:2]] += category[2]
    return "|".join(f"{start}[{_ranges(ends)}]" for start, ends in thirds.items())


def _ranges(characters: str) -> str:
    """Return sorted `characters` as a character class writes them: ``0-9A`` for 0123456789A."""
    runs: list[str] = []
    for character in characters:
        if runs and ord(character) == ord(runs[-1][-1]) + 1:
            runs[-1] += character
        else:
            runs.append(character)
    return "".join(run if len(run) <= len("01") else f"{run[0]}-{run[-1]}" for run in runs)


def _listed(space: Namespace, lines: list[Entry]) -> Iterator[Json]:
    """Yield the includes of single codes, one for each system and source."""
    grouped: dict[tuple[str, str], list[Concept]] = defaultdict(list)
    for line in lines:
        grouped[line.system, line.source].append(line.concept)
    for (system, source), concepts in grouped.items():
        yield _seen_in(space, source) | {
            "system": uri(system),
            "concept": [{"code": each.code, "display": each.label} for each in concepts],
        }


def _seen_in(space: Namespace, source: str) -> Json:
    return {"extension": [space.extension("source", valueString=source)]}


def _letters(line: Entry) -> set[str]:
    return {category[0] for category in line.categories} or {line.code[0]}


def uri(system: str) -> str:
    """Return the address of the code system with the short name `system`."""
    return SYSTEM_URIS.get(system, system)
