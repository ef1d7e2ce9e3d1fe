"""Cases: everything that can fire has one that must and one that must not."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.checks.links import nearest
from cds_service.content.issue import Issue, issue
from cds_service.content.yaml_places import KeyPath

_PROVED = {
    "finding": ("CASE001", "finding"),
    "variant": ("CASE002", "variant"),
    "safety-state": ("CASE003", "safety state"),
    "recommendation": ("CASE004", "recommendation"),
}
_NAMEABLE = (*_PROVED, "safety-rule", "topic", "procedure", "value-set", "card-text")


def cases_prove_everything(content: Catalogue) -> Iterator[Issue]:
    """CASE001 to CASE004: what can fire has a case that must and a near miss that must not."""
    if not content.complete:
        return
    proofs: dict[str, set[bool]] = defaultdict(set)
    for _, _, case in _cases(content):
        for name in case["about"]:
            proofs[name].add(case["fires"])
    for definition in content.definitions:
        if definition.kind not in _PROVED or not content.is_active(definition.path):
            continue
        code, noun = _PROVED[definition.kind]
        lacking = [
            words
            for fires, words in ((True, "a case that must fire"), (False, "a near miss"))
            if fires not in proofs[definition.id]
        ]
        if lacking:
            said = f"the {noun} '{definition.id}' lacks {' and '.join(lacking)}"
            hint = f"name it under 'about' of a case with {_fires(lacking)}"
            yield content.issue(definition.path, definition.where, code, said, hint)


def cases_name_what_exists(content: Catalogue) -> Iterator[Issue]:
    """REF013: what a case is about, expects or orders exists."""
    known = {kind: content.known[kind] for kind in _NAMEABLE}
    anything = set().union(*known.values())
    unread = content.seen_in_unread
    for path, here, case in _cases(content):
        expect = case["expect"]
        named: list[tuple[KeyPath, object, set[str]]] = [
            ((*here, "about", number), name, anything) for number, name in enumerate(case["about"])
        ]
        named.append(((*here, "expect", "variant"), expect.get("variant"), known["variant"]))
        for where, name, allowed in named:
            if isinstance(name, str) and name not in allowed and name.split(".")[0] not in unread:
                yield content.issue(path, where, "REF013", *_nothing_called(name, allowed))
        for name in expect.get("findings", {}):
            if name not in known["finding"] | unread:
                place = content.loaded.positions[path].key((*here, "expect", "findings", name))
                yield issue(path, place, "REF013", *_nothing_called(name, known["finding"]))


def cases_have_their_own_names(content: Catalogue) -> Iterator[Issue]:
    """CASE005: the cases of one file have different names."""
    first: dict[tuple[str, str], KeyPath] = {}
    for path, here, case in _cases(content):
        where = (*here, "name")
        earlier = first.setdefault((path, case["name"]), where)
        if earlier != where:
            line, _ = content.loaded.positions[path].at(earlier)
            said = "another case has this name"
            yield content.issue(path, where, "CASE005", said, f"first in line {line}")


def _nothing_called(name: str, allowed: set[str]) -> tuple[str, str]:
    return f"there is nothing called '{name}' that this could mean", nearest(name, allowed)


def _fires(lacking: list[str]) -> str:
    if len(lacking) > 1:
        return "fires: true, and of one with fires: false"
    return "fires: false" if lacking[0] == "a near miss" else "fires: true"


def _cases(content: Catalogue) -> Iterator[tuple[str, KeyPath, dict[str, Any]]]:
    for path, document in content.loaded.cases.items():
        for number, case in enumerate(document["cases"]):
            yield path, ("cases", number), case


CHECKS = (
    cases_name_what_exists,
    cases_prove_everything,
    cases_have_their_own_names,
)
