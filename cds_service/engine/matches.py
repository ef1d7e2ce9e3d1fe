"""What one concept counts as, by its codes and by its text."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from cds_service.content.library import Content
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.prose import Prose
from cds_service.fhir.codes import Code
from cds_service.text.assertion import Assertion


class Match(NamedTuple):
    """That a fact counts for a value set; `weak` if it only suggests it."""

    value_set: str
    fact: Fact
    weak: bool
    from_text: bool
    answer: Answer
    disputed: bool = False
    """Whether the record's own text says otherwise than its code."""


class Member(NamedTuple):
    """That a concept counts for a value set, and how its text speaks of it.

    `assertion` is None where a code says it; `disputed` says that the concept's own text says
    otherwise than its code.
    """

    value_set: str
    role: str
    assertion: Assertion | None = None
    disputed: bool = False


_SAYS_SO = (Assertion.PRESENT, Assertion.HISTORICAL)


def members_of(
    known: Iterable[Code],
    written: Iterable[str],
    content: Content,
    prose: Prose,
    *,
    text_always: bool = False,
) -> Iterator[Member]:
    """Yield what one concept counts as: by its codes, or by its text where no code is listed.

    With `text_always` the text is read beside the codes, because a reason may say more than its
    code. A text that denies or doubts what the code says disputes it.
    """
    found: dict[str, str] = {}
    for code in known:
        for name, role in content.index.memberships(code):
            # a code that excludes speaks for the whole concept; include beats weak
            if found.get(name) != "exclude" and (role != "weak" or name not in found):
                found[name] = role
    mentions = [each for text in written for each in prose.mentions(text)]
    said = {each.value_set for each in mentions if each.assertion in _SAYS_SO}
    doubted = {each.value_set for each in mentions} - said
    for name, role in found.items():
        if role != "exclude":
            yield Member(name, role, disputed=name in doubted)
    if text_always or not found:
        for mention in mentions:
            if mention.value_set not in found:
                yield Member(mention.value_set, mention.role, mention.assertion)


def in_order(members: set[Member]) -> tuple[Member, ...]:
    """Return `members` in the order in which matches are made of them."""
    return tuple(sorted(members, key=lambda each: (*each[:2], each[2] or "")))


def as_matches(
    members: Iterable[Member], fact: Fact, answer: Answer
) -> Iterator[tuple[str, Match]]:
    """Yield `fact` as a match of each value set it is a member of; a void fact says nothing."""
    if fact.standing is Standing.VOID:
        return
    for name, role, assertion, disputed in members:
        told = _told(fact, assertion)
        if told is not None:
            from_text = assertion is not None
            yield name, Match(name, told, role == "weak", from_text, answer, disputed)


def _told(fact: Fact, assertion: Assertion | None) -> Fact | None:
    """Return `fact` as a text speaks of it, or None where it is not about the patient now."""
    relied_on = fact.standing in (Standing.STANDS, Standing.SUSPECTED)
    match assertion:
        case Assertion.FAMILY | Assertion.HYPOTHETICAL:
            return None
        case Assertion.ABSENT if relied_on:
            return replace(fact, standing=Standing.DENIES)
        case Assertion.POSSIBLE if relied_on:
            return replace(fact, standing=Standing.SUSPECTED)
        case Assertion.HISTORICAL:
            return replace(fact, current=False, when=fact.started)
        case _:
            return fact
