"""Checks of the codes by which a site orders, and of the codes it adds to value sets."""

from collections.abc import Iterator
from typing import NamedTuple

from cds_service.content.issue import Issue
from cds_service.content.library import Content
from cds_service.fhir.codes import SYSTEM_URIS, Code
from cds_service.site.codes import TEXT, local_code, misshapen, mistyped_system, text_key
from cds_service.site.model import OrderRow
from cds_service.site.names import nearest
from cds_service.site.problems import problem
from cds_service.site.read import SiteFile
from cds_service.site.table import PlacedRow


class _Mapped(NamedTuple):
    """A row of the site, whether a suggestion implies it, and the key it is looked up by."""

    placed: PlacedRow
    implied: bool
    key: Code

    @property
    def procedure(self) -> str:
        return self.placed.row.procedure

    def issue(self, column: str, code: str, said: str, hint: str = "") -> Issue:
        return problem(self.placed.path, self.placed.places[column], code, said, hint)


def order_rows(file: SiteFile) -> Iterator[tuple[PlacedRow, bool]]:
    """Yield every row that maps a code, and whether a suggestion implies it.

    What is suggested comes back as an order: a code of the preference list is understood too.
    """
    yield from ((row, False) for row in file.orders)
    for number, each in enumerate(file.site.suggestions):
        here = ("suggestions", number)
        places = {
            "procedure": file.positions.at((*here, "procedure")),
            "system": file.positions.at((*here, "code", "system")),
            "code": file.positions.at((*here, "code", "code")),
        }
        row = OrderRow(system=each.code.system, code=each.code.code, procedure=each.procedure)
        yield PlacedRow(row, str(file.path), places), True


def order_codes_mean_one_thing(file: SiteFile, content: Content) -> Iterator[Issue]:
    """REF005, CODE003 to CODE009, SITE004, SITE005, SITE006, SITE013: rows of order codes.

    A row names a procedure, in a code system we can tell, and agrees with all others and with the
    standard codes.
    """
    standard: dict[str, set[str]] = {}
    for code, name in content.procedure_by_code.items():
        standard.setdefault(code.value, set()).add(name)
    first: dict[Code, _Mapped] = {}
    for placed, implied in order_rows(file):
        system = placed.row.system
        is_text = system == TEXT and not implied
        key = (
            Code(TEXT, text_key(placed.row.code))
            if is_text
            else local_code(system, placed.row.code)
        )
        mapped = _Mapped(placed, implied, key)
        if problems := list(_of_row(mapped, content)):
            yield from problems
            continue
        earlier = first.setdefault(key, mapped)
        if earlier is not mapped:
            yield from _against_row(mapped, earlier)
        else:
            yield from _against_content(mapped, content, standard)


def added_codes_are_new(file: SiteFile, content: Content) -> Iterator[Issue]:
    """REF001, CODE003 to CODE009, SITE005, SITE012: codes added to value sets."""
    for name, added in file.site.value_sets.items():
        if name not in content.value_sets:
            said = f"there is no value set '{name}'"
            hint = nearest(name, content.value_sets)
            yield file.issue_of_key(("value-sets", name), "REF001", said, hint)
            continue
        seen: set[Code] = set()
        for number, each in enumerate(added):
            where = ("value-sets", name, number, "code")
            code = local_code(each.system, each.code)
            if meant := mistyped_system(each.system):
                said = f"'{each.system}' is not a code system that records are read in"
                system = ("value-sets", name, number, "system")
                yield file.issue(system, "CODE008", said, f"Did you mean '{meant}'?")
            elif wrong := misshapen(code):
                said = f"'{each.code}' is not a code of {code.system}"
                yield file.issue(where, wrong[0], said, wrong[1])
            elif any(member.value_set == name for member in content.index.memberships(code)):
                said = f"the value set '{name}' has '{each.code}' already"
                hint = "take it out; to change what a shipped code counts as, keep your own content"
                yield file.issue(where, "SITE012", said, hint)
            elif code in seen:
                said = f"'{each.code}' is added twice"
                yield file.issue(where, "SITE005", said, "take one out")
            seen.add(code)


def _of_row(mapped: _Mapped, content: Content) -> Iterator[Issue]:
    """Yield what is wrong with a row by itself."""
    row = mapped.placed.row
    if mapped.procedure not in content.procedures:
        said = f"there is no procedure '{mapped.procedure}'"
        yield mapped.issue(
            "procedure", "REF005", said, nearest(mapped.procedure, content.procedures)
        )
    if mapped.key.system == TEXT:
        if not mapped.implied:
            return
        hint = "a suggestion needs a code; leave 'system' out if your codes have none"
        yield mapped.issue("system", "CODE008", "'text' is not a code system", hint)
    elif meant := mistyped_system(row.system):
        said = f"'{row.system}' is not a code system that orders are read in"
        yield mapped.issue("system", "CODE008", said, f"Did you mean '{meant}'?")
    elif wrong := misshapen(mapped.key):
        said = f"'{row.code}' is not a code of {mapped.key.system}"
        yield mapped.issue("code", wrong[0], said, wrong[1])


def _against_row(mapped: _Mapped, earlier: _Mapped) -> Iterator[Issue]:
    """Yield what a row says against, or again like, an earlier row with the same code."""
    row = mapped.placed.row
    line, _ = earlier.placed.places["code"]
    hint = f"first in {earlier.placed.path}, line {line}"
    if mapped.procedure != earlier.procedure:
        said = f"'{row.code}' stands for '{earlier.procedure}' and for '{mapped.procedure}'"
        yield mapped.issue("code", "SITE004", said, hint)
    elif not mapped.implied and not earlier.implied:
        yield mapped.issue("code", "SITE005", f"'{row.code}' is mapped twice", hint)


def _against_content(
    mapped: _Mapped, content: Content, standard: dict[str, set[str]]
) -> Iterator[Issue]:
    """Yield where a row and the content differ, or say the same."""
    row = mapped.placed.row
    known = (
        content.procedure_by_name.get(mapped.key.value)
        if mapped.key.system == TEXT
        else content.procedure_by_code.get(mapped.key)
    )
    if known == mapped.procedure:
        if not mapped.implied:
            said = f"'{row.code}' stands for '{known}' in the content already"
            yield mapped.issue("code", "SITE005", said, "the row can be taken out")
    elif known is not None and mapped.procedure in content.procedures[known].may_be:
        said = f"'{row.code}' says less in its code system: '{known}'"
        hint = "right only if your site never orders anything else by it"
        yield mapped.issue("code", "SITE006", said, hint)
    elif known is not None:
        said = f"'{row.code}' stands for '{known}', not for '{mapped.procedure}'"
        hint = "map codes of your own; to correct a standard code, keep your own content"
        yield mapped.issue("code", "SITE013", said, hint)
    elif mapped.key.system not in SYSTEM_URIS and mapped.key.system != TEXT:
        others = {
            name
            for name in standard.get(mapped.key.value, set()) - {mapped.procedure}
            if mapped.procedure not in content.procedures[name].may_be
        }
        if others:
            said = f"'{row.code}' is a standard code too, for '{sorted(others)[0]}'"
            hint = f"check that this row means '{mapped.procedure}', and its system"
            yield mapped.issue("code", "SITE006", said, hint)
