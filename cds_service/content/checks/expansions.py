"""Expansions: do they still fit the value sets they were made from."""

from collections.abc import Iterator

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.issue import Issue
from cds_service.content.model import Expansion, ValueSet, ValueSetExpansions
from cds_service.content.yaml_places import KeyPath
from cds_service.fhir.codes import normal_code

_ANEW = "expand it anew: imaging-advisor value-sets expand"


def expansions_fit_their_value_sets(content: Catalogue) -> Iterator[Issue]:
    """EXPAND001 to EXPAND004: an expansion belongs to a value set as it is today."""
    active = {doc.id: doc for _, doc in content.each(ValueSet) if doc.status == "active"}
    for path, document in content.each(ValueSetExpansions):
        for number, expansion in enumerate(document.expansions):
            where: KeyPath = ("expansions", number)
            value_set = active.get(expansion.value_set)
            if value_set is not None:
                yield from _stale(content, path, where, expansion, value_set)
            elif expansion.value_set not in content.seen_in_unread:
                said = f"no value set '{expansion.value_set}' is in use"
                yield content.issue(path, (*where, "value-set"), "EXPAND001", said, _ANEW)


def _stale(
    content: Catalogue, path: str, where: KeyPath, expansion: Expansion, value_set: ValueSet
) -> Iterator[Issue]:
    """Yield where `expansion` differs from what `value_set` lists now."""
    roles = {
        normal_code(group.system, concept.code): concept.role
        for group in value_set.concepts
        for concept in group.codes
    }
    systems = {group.system for group in expansion.groups}
    left_out = {normal_code(system, code) for system in systems for code in expansion.excluded}
    unsafe = sorted(
        code.value
        for code, role in roles.items()
        if role == "exclude" and code.system in systems and code not in left_out
    )
    if unsafe:
        said = f"'{value_set.id}' now excludes {', '.join(unsafe)}; codes below may be in the file"
        yield content.issue(path, (*where, "value-set"), "EXPAND004", said, _ANEW)
    if value_set.version != expansion.value_set_version:
        said = f"'{value_set.id}' now has version {value_set.version}"
        yield content.issue(path, (*where, "value-set-version"), "EXPAND003", said, _ANEW)
    for number, group in enumerate(expansion.groups):
        here = (*where, "groups", number)
        role = roles.get(normal_code(group.system, group.parent), "exclude")
        if role == "exclude":
            said = f"'{value_set.id}' does not count {group.system} '{group.parent}'"
            yield content.issue(path, (*here, "parent"), "EXPAND002", said, _ANEW)
        elif role != group.role:
            said = f"'{group.parent}' is now {role} in '{value_set.id}'; so is all below it"
            yield content.issue(path, (*here, "role"), "EXPAND003", said, _ANEW)


CHECKS = (expansions_fit_their_value_sets,)
