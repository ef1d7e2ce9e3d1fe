"""From a code to what it counts as, in one look-up.

Compiled once at start. A chart is then read in one pass: the cost of a code does not grow with
the number of value sets or topics.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cds_service.content.model import Concept, ValueSet, ValueSetExpansions
from cds_service.fhir.codes import Code, normal_code

HIERARCHIC = ("icd-10-cm", "icd-10", "atc")
"""Systems whose hierarchy is in the code itself, so that a prefix stands for its descendants."""

_CATEGORY_LENGTH = 3
"""Length of an ICD-10-CM category, the unit in which blocks such as C00-C14 are written."""


_MOST_REMEMBERED = 1_000_000
"""Look-ups remembered: a bound, so that odd codes cannot fill the memory."""


_INJURY_CHAPTERS = ("S", "V", "W", "X", "Y")
_SEQUELA = "S"
_FULL_INJURY_LENGTH = 7


class Membership(NamedTuple):
    """That a code belongs to a value set, and how much that says (``include`` or ``weak``)."""

    value_set: str
    role: str


class _Block(NamedTuple):
    """A block of categories, such as C00-C14, in one value set."""

    system: str
    first: str
    last: str
    value_set: str
    role: str
    label: str

    def holds(self, code: Code) -> bool:
        return self.system == code.system and (
            self.first <= code.value[:_CATEGORY_LENGTH] <= self.last
        )


class CodeIndex:
    """All codes of all value sets: exact codes, their known descendants, prefixes and blocks."""

    def __init__(
        self, value_sets: Iterable[ValueSet], expansions: Iterable[ValueSetExpansions] = ()
    ) -> None:
        """Compile the codes of `value_sets`, and the descendants of them in `expansions`.

        A descendant counts as its parent counts in `value_sets`, and not at all if its parent is
        not listed there; a code that is listed itself counts as it is listed.
        """
        self._exact: dict[Code, dict[str, str]] = {}
        self._expanded: dict[Code, dict[str, str]] = {}
        self._prefixes: dict[Code, dict[str, str]] = {}
        self._blocks: list[_Block] = []
        self._cache: dict[Code, tuple[Membership, ...]] = {}
        self._label_cache: dict[Code, str] = {}
        self._labels: dict[Code, str] = {}
        for value_set in value_sets:
            for group in value_set.concepts:
                for concept in group.codes:
                    self._add(value_set.id, group.system, concept)
        for document in expansions:
            self._expand(document)

    def memberships(self, code: Code) -> tuple[Membership, ...]:
        """Return the value sets `code` belongs to; an ``exclude`` entry wins over all others."""
        found = self._cache.get(code)
        if found is None:
            found = self._look_up(code)
            if len(self._cache) < _MOST_REMEMBERED:
                self._cache[code] = found
        return found

    def label(self, code: Code) -> str:
        """Return our own short label of `code` or of its nearest listed ancestor, if any."""
        found = self._label_cache.get(code)
        if found is None:
            found = self._look_up_label(code)
            if len(self._label_cache) < _MOST_REMEMBERED:
                self._label_cache[code] = found
        return found

    def _look_up_label(self, code: Code) -> str:
        system, value = code
        shortest = 1 if system in HIERARCHIC else len(value)
        for end in range(len(value), shortest - 1, -1):
            if found := self._labels.get(Code(system, value[:end])):
                return found
        return next((block.label for block in self._blocks if block.holds(code)), "")

    def _add(self, value_set: str, system: str, concept: Concept) -> None:
        role = concept.role
        code = normal_code(system, concept.code)
        first, dash, last = code.value.partition("-")
        if dash and system in HIERARCHIC:
            self._blocks.append(_Block(code.system, first, last, value_set, role, concept.label))
            return
        self._labels.setdefault(code, concept.label)
        target = self._prefixes if concept.descendants and system in HIERARCHIC else self._exact
        target.setdefault(code, {})[value_set] = role

    def _expand(self, document: ValueSetExpansions) -> None:
        for expansion in document.expansions:
            value_set = expansion.value_set
            for group in expansion.groups:
                parent = normal_code(group.system, group.parent)
                role = self._exact.get(parent, {}).get(value_set, "exclude")
                if role == "exclude":
                    continue
                for descendant in group.descendants:
                    code = normal_code(group.system, descendant.code)
                    roles = self._expanded.setdefault(code, {})
                    if roles.get(value_set) != "include":
                        roles[value_set] = role
                    self._labels.setdefault(code, descendant.label)

    def _look_up(self, code: Code) -> tuple[Membership, ...]:
        system, value = code
        candidates: list[dict[str, str]] = []
        if system == "icd-10-cm" and _late_effect(value):
            return ()
        if system in HIERARCHIC:
            candidates += [
                {block.value_set: block.role} for block in self._blocks if block.holds(code)
            ]
            candidates += [
                self._prefixes[prefix]
                for end in range(1, len(value) + 1)
                if (prefix := Code(system, value[:end])) in self._prefixes
            ]
        candidates += [self._expanded.get(code, {}), self._exact.get(code, {})]
        roles: dict[str, str] = {}
        for candidate in candidates:  # from general to special; the special entry decides
            for value_set, role in candidate.items():
                if roles.get(value_set) != "exclude":
                    roles[value_set] = role
        return tuple(Membership(name, role) for name, role in roles.items())


def _late_effect(value: str) -> bool:
    """Say whether an injury code means its late effect, not the injury.

    ICD-10-CM Official Guidelines, section I.C.19.a: seventh character S is for sequela.
    """
    return (
        value.startswith(_INJURY_CHAPTERS)
        and len(value) == _FULL_INJURY_LENGTH
        and value[-1] == _SEQUELA
    )
