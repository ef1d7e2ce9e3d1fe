"""Codes: mistyped, of an unknown system, or standing for two things."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.checks.code_shapes import (
    icd_10_cm_is_shaped,
    loinc_is_valid,
    other_shape,
    snomed_ct_is_valid,
)
from cds_service.content.issue import Issue
from cds_service.content.model import (
    CodeMap,
    ImagingCategories,
    Procedures,
    ValueSet,
    ValueSetExpansions,
)
from cds_service.content.yaml_places import KeyPath
from cds_service.fhir.codes import SYSTEM_URIS, Code, normal_code

LONGEST_NOTE = 160
"""Characters a note of a code map may have: enough for a remark, not for a licensed text."""

_HIERARCHIC = ("icd-10-cm", "icd-10", "atc")


class Written(NamedTuple):
    """A code as it is written in a document, and the procedure it is ordered as, if any."""

    path: str
    where: KeyPath
    system_where: KeyPath
    system: str
    code: str
    procedure: str = ""


def codes_are_typed_well(content: Catalogue) -> Iterator[Issue]:
    """CODE003, CODE004, CODE005: check digits are right and ICD-10-CM codes have their shape."""
    rules: dict[str, tuple[Callable[[str], bool], str, str]] = {
        "snomed-ct": (snomed_ct_is_valid, "CODE003", "its check digit is wrong"),
        "loinc": (loinc_is_valid, "CODE004", "its check digit is wrong"),
        "icd-10-cm": (icd_10_cm_is_shaped, "CODE005", "written as A00, A00.1 or A00-A09"),
    }
    for written in written_codes(content):
        if written.system in rules:
            is_valid, code, hint = rules[written.system]
            if not is_valid(written.code):
                said = f"'{written.code}' is not a code of {written.system}"
                yield content.issue(written.path, written.where, code, said, hint)


def other_codes_have_their_shape(content: Catalogue) -> Iterator[Issue]:
    """CODE009: codes of systems without a check digit have the shape of their system."""
    for written in written_codes(content):
        example = other_shape(written.system, written.code)
        if example:
            said = f"'{written.code}' is not a code of {written.system}"
            yield content.issue(
                written.path, written.where, "CODE009", said, f"written as {example}"
            )


def systems_are_read(content: Catalogue) -> Iterator[Issue]:
    """CODE008: code systems are known by short name, or given by their address."""
    places = ((each.path, each.system_where, each.system) for each in written_codes(content))
    for path, where, system in dict.fromkeys(places):
        if system not in SYSTEM_URIS and ":" not in system:
            said = f"'{system}' is not a code system that records are read in"
            hint = f"known: {', '.join(SYSTEM_URIS)}; or the address of the system"
            yield content.issue(path, where, "CODE008", said, hint)


def codes_stand_for_one_procedure(content: Catalogue) -> Iterator[Issue]:
    """CODE001: a code, of a procedure or of a code map, stands for one procedure."""
    first: dict[Code, str] = {}
    documents = content.loaded.documents
    own_first = sorted(written_codes(content), key=lambda w: isinstance(documents[w.path], CodeMap))
    for written in own_first:
        if written.procedure:
            code = normal_code(written.system, written.code)
            earlier = first.setdefault(code, written.procedure)
            if earlier != written.procedure:
                said = f"{code.system} '{code.value}' also stands for '{earlier}'"
                hint = "an order must mean one procedure"
                yield content.issue(written.path, written.where, "CODE001", said, hint)


def names_stand_for_one_procedure(content: Catalogue) -> Iterator[Issue]:
    """CODE002: a name or title stands for one procedure."""
    first: dict[str, str] = {}
    for path, document in content.each(Procedures):
        for number, procedure in enumerate(document.procedures):
            here: KeyPath = ("procedures", number)
            names = [(procedure.title, (*here, "title"))]
            names += [(name, (*here, "names", i)) for i, name in enumerate(procedure.names)]
            for name, where in names:
                earlier = first.setdefault(" ".join(name.casefold().split()), procedure.id)
                if earlier != procedure.id:
                    said = f"'{name}' also stands for '{earlier}'"
                    hint = "an order must mean one procedure"
                    yield content.issue(path, where, "CODE002", said, hint)


def value_sets_list_codes_once(content: Catalogue) -> Iterator[Issue]:
    """CODE006: a value set lists a code once."""
    first: dict[tuple[str, Code], KeyPath] = {}
    for path, where, _, system, code, _ in written_codes(content):
        if not isinstance(content.loaded.documents[path], ValueSet):
            continue
        earlier = first.setdefault((path, normal_code(system, code)), where)
        if earlier != where:
            line, _ = content.loaded.positions[path].at(earlier)
            said = f"{system} '{code}' is listed twice"
            yield content.issue(path, where, "CODE006", said, f"first in line {line}")


def code_maps_hold_no_long_text(content: Catalogue) -> Iterator[Issue]:
    """CODE007: notes of a code map are remarks, not descriptions under licence."""
    for path, document in content.each(CodeMap):
        for number, mapped in enumerate(document.codes):
            if len(mapped.note) > LONGEST_NOTE:
                said = f"the note has {len(mapped.note)} characters"
                hint = f"at most {LONGEST_NOTE}; do not copy licensed descriptions"
                yield content.issue(path, ("codes", number, "note"), "CODE007", said, hint)


def descendants_can_be_found(content: Catalogue) -> Iterator[Issue]:
    """CODE010: descendants are only asked for where the code shows its hierarchy."""
    for path, document in content.each(ValueSet):
        for number, group in enumerate(document.concepts):
            for index, concept in enumerate(group.codes):
                if concept.descendants and group.system not in _HIERARCHIC:
                    where = ("concepts", number, "codes", index, "descendants")
                    said = f"the codes of {group.system} do not show what is below them"
                    hint = "list the codes themselves"
                    yield content.issue(path, where, "CODE010", said, hint)


def written_codes(content: Catalogue) -> Iterator[Written]:
    """Yield every code of every document that is not retired."""
    for path, document in content.loaded.documents.items():
        if document.status == "retired":
            continue
        match document:
            case ValueSet():
                for number, group in enumerate(document.concepts):
                    here: KeyPath = ("concepts", number)
                    for index, concept in enumerate(group.codes):
                        where = (*here, "codes", index, "code")
                        yield Written(path, where, (*here, "system"), group.system, concept.code)
            case Procedures():
                for number, procedure in enumerate(document.procedures):
                    for index, code in enumerate(procedure.codes):
                        here = ("procedures", number, "codes", index)
                        system_where, where = (*here, "system"), (*here, "code")
                        yield Written(
                            path, where, system_where, code.system, code.code, procedure.id
                        )
            case CodeMap():
                for index, mapped in enumerate(document.codes):
                    where = ("codes", index, "code")
                    yield Written(
                        path, where, ("system",), document.system, mapped.code, mapped.procedure
                    )
            case ImagingCategories():
                for index, category in enumerate(document.codes):
                    here = ("codes", index)
                    yield Written(
                        path, (*here, "code"), (*here, "system"), category.system, category.code
                    )
            case ValueSetExpansions():
                yield from _expanded(path, document)
            case _:
                continue


def _expanded(path: str, document: ValueSetExpansions) -> Iterator[Written]:
    """Yield the codes of a file of expansions."""
    for number, expansion in enumerate(document.expansions):
        for index, group in enumerate(expansion.groups):
            here: KeyPath = ("expansions", number, "groups", index)
            system_where = (*here, "system")
            yield Written(path, (*here, "parent"), system_where, group.system, group.parent)
            for place, descendant in enumerate(group.descendants):
                where = (*here, "descendants", place, "code")
                yield Written(path, where, system_where, group.system, descendant.code)


CHECKS = (
    codes_stand_for_one_procedure,
    names_stand_for_one_procedure,
    codes_are_typed_well,
    value_sets_list_codes_once,
    code_maps_hold_no_long_text,
    systems_are_read,
    other_codes_have_their_shape,
    descendants_can_be_found,
)
