"""The values of a card's placeholders: what was ordered, found, rated and not seen."""

from collections.abc import Callable, Iterable, Iterator

from cds_service.content.expression import State
from cds_service.content.library import Content
from cds_service.content.phrasebook import Phrasebook, phrase
from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.items import Item
from cds_service.engine.judge import SEVERITIES
from cds_service.engine.ratings import Rated
from cds_service.engine.result import Result
from cds_service.engine.safety import SafetyVerdict
from cds_service.engine.verdict import Verdict
from cds_service.fhir.orders import DraftOrder
from cds_service.render.names import PRIORITIES, RATINGS, RECORDS, UNREAD
from cds_service.render.radiation import radiation
from cds_service.render.text import listed, plain_unit, quote

_RECORDS_PER_FINDING = 2
_REACTIONS_PER_RECORD = 2
_FINDINGS_LISTED = 6


def placeholders(
    names: Iterable[str], advice: Advice, assessment: Assessment, content: Content
) -> dict[str, str]:
    """Return the values of the placeholders `names` for one card.

    A value is empty where there is nothing to say. What no text asks for is not worked out.
    """
    return {name: _VALUES[name](advice, assessment, content) for name in names if name in _VALUES}


def rating_words(rated: Rated | None, book: Phrasebook) -> str:
    """Return a rating in words; one that was only inferred is not given as the guideline's."""
    if rated is None:
        return ""
    return book.say(RATINGS[rated.rating] if rated.citable else phrase("rating-inferred"))


def held_back(verdicts: Iterable[SafetyVerdict], book: Phrasebook) -> Iterator[str]:
    """Yield each study that a safety rule holds back, with the reason."""
    for verdict in verdicts:
        if verdict.state is not None:
            study = book.in_sentence(verdict.procedure.title)
            yield book.say(phrase("because", study=study, reason=verdict.state.note))


def record(item: Item, book: Phrasebook) -> str:
    """Return one piece of evidence in a few words: what, how much, when, and how sure."""
    kind = item.resource_type
    parts = [quote(book.say(item.label)) or book.say(RECORDS.get(kind, kind))]
    if item.value:
        parts.append(quote(plain_unit(book.join(item.value, ", "))))
    if item.when and not item.of_order:
        parts.append(item.when)
    words = ", ".join(parts)
    notes = list(_reactions(item, book))
    notes += [plain_unit(book.join(item.remarks, "; "))] if item.remarks else []
    if item.from_text:
        notes.append(book.say(phrase("found-in-text")))
    if item.of_order and item.reference:
        notes.append(book.say(phrase("stated-on-order")))
    return f"{words} ({'; '.join(notes)})" if notes else words


def _reactions(item: Item, book: Phrasebook) -> Iterator[str]:
    """Yield what happened, as the record of an allergy tells it: what, how severe, and when."""
    for each in item.reactions[:_REACTIONS_PER_RECORD]:
        parts = [listed([quote(seen) for seen in each.manifestations], book)]
        if each.severity:
            parts.append(book.say(SEVERITIES[each.severity]))
        if each.onset:
            parts.append(each.onset)
        yield book.say(phrase("reaction", what=", ".join(parts)))
    more = len(item.reactions) - _REACTIONS_PER_RECORD
    if more > 0:
        yield book.say(phrase("and-more", count=str(more)))


def _ordered(assessment: Assessment, book: Phrasebook) -> str:
    """Return the study ordered, or those an order that contradicts itself may stand for."""
    procedure = assessment.recognised.procedure
    if procedure is not None:
        return book.in_sentence(procedure.title)
    said = ""
    for reading in assessment.recognised.readings:
        title = book.in_sentence(reading.title)
        said = book.say(phrase("either", one=said, other=title)) if said else title
    return said


def _guideline(assessment: Assessment) -> str:
    topic = assessment.topic
    return topic.topic.topic.guideline_name if topic else ""


def _priority(order: DraftOrder, book: Phrasebook) -> str:
    known = PRIORITIES.get(order.priority)
    return quote(order.priority) if known is None else book.say(known)


def _evidence(results: tuple[Result, ...], book: Phrasebook) -> str:
    """Return a line for each set of records; findings with the same proof share one."""
    titles_by_proof: dict[str, list[str]] = {}
    for result in results:
        titles_by_proof.setdefault(_proof(result, book), []).append(result.finding.title)
    lines = [
        f"- {'; '.join([titles[0], *map(book.in_sentence, titles[1:])])}: {proof}"
        for proof, titles in titles_by_proof.items()
    ]
    left_out = sum(map(len, list(titles_by_proof.values())[_FINDINGS_LISTED:]))
    more = [f"- {book.say(phrase('and-more', count=str(left_out)))}"] if left_out else []
    return "\n".join([*lines[:_FINDINGS_LISTED], *more])


def _proof(result: Result, book: Phrasebook) -> str:
    items = [item for item in result.items if item.verdict is Verdict.FOR]
    items = items or [i for i in result.items if i.verdict is Verdict.INCONCLUSIVE]
    shown = "; ".join(record(item, book) for item in items[:_RECORDS_PER_FINDING])
    more = len(items) - _RECORDS_PER_FINDING
    return f"{shown} {book.say(phrase('and-more', count=str(more)))}" if more > 0 else shown


def _not_checked(assessment: Assessment, book: Phrasebook) -> str:
    # device use adds to the devices; on its own it is not worth a reader's time
    kinds = [kind for kind in assessment.not_checked if kind != "DeviceUseStatement"]
    return listed([book.say(UNREAD[kind]) for kind in kinds], book, most=7)


def _looked_for(assessment: Assessment, book: Phrasebook) -> str:
    if assessment.topic is None:
        return ""
    flags = assessment.topic.topic.topic.red_flags
    results = [assessment.findings[name] for name in flags]
    return listed([r.finding.phrase for r in results if r.state is State.ABSENT], book, most=99)


def _ask(assessment: Assessment, content: Content) -> str:
    if assessment.topic is None:
        return ""
    asked = [
        content.findings[name].phrase
        for name in assessment.topic.topic.topic.ask
        if assessment.findings[name].state is not State.PRESENT
    ]
    return listed(asked, content.phrasebook, most=9)


def _unsettled(assessment: Assessment, book: Phrasebook) -> str:
    """Return the red flags that a record suggests without settling them."""
    if assessment.topic is None:
        return ""
    findings = assessment.findings
    flags = assessment.topic.topic.topic.red_flags
    results = [findings[name] for name in flags if name in findings.touched]
    words = []
    for result in results:
        if result.state is State.UNKNOWN and result.suspected:
            hints = [item for item in result.items if item.verdict is Verdict.INCONCLUSIVE]
            words.append(f"{result.finding.phrase} ({record(hints[0], book)})")
    return "; ".join(words)


def _limits_of_ordered(advice: Advice, assessment: Assessment, content: Content) -> str:
    """Return what the card says that the study ordered does not show."""
    procedure = assessment.recognised.procedure
    if procedure is None:
        return ""
    limits = content.texts[advice.card].limits_of_ordered
    return next((each.words for each in limits if each.orders.matches(procedure)), "")


def _radiation(advice: Advice, assessment: Assessment, content: Content) -> str:
    ordered = assessment.recognised.procedure
    studies = (*((ordered,) if ordered else ()), *advice.proposal.procedures)
    return radiation(studies, assessment.evidence, content)


def _suggested(advice: Advice, book: Phrasebook) -> str:
    proposed = advice.proposal.procedures
    return book.in_sentence(proposed[0].title) if proposed else ""


_VALUES: dict[str, Callable[[Advice, Assessment, Content], str]] = {
    "ordered": lambda _, assessed, content: _ordered(assessed, content.phrasebook),
    "suggested": lambda advice, _, content: _suggested(advice, content.phrasebook),
    "flags": lambda advice, _, content: listed(
        [result.finding.phrase for result in advice.headline], content.phrasebook
    ),
    "evidence": lambda advice, _, content: _evidence(advice.evidence, content.phrasebook),
    "variant": lambda advice, *_: advice.variant.title if advice.variant else "",
    "rating-ordered": lambda advice, _, content: rating_words(
        advice.rated_order, content.phrasebook
    ),
    "rating-suggested": lambda advice, _, content: rating_words(
        advice.rated_proposal, content.phrasebook
    ),
    "guideline": lambda _, assessed, __: _guideline(assessed),
    "not-checked": lambda _, assessed, content: _not_checked(assessed, content.phrasebook),
    "looked-for": lambda _, assessed, content: _looked_for(assessed, content.phrasebook),
    "ask": lambda _, assessed, content: _ask(assessed, content),
    "unsettled": lambda _, assessed, content: _unsettled(assessed, content.phrasebook),
    "held": lambda advice, _, content: "; ".join(held_back(advice.held, content.phrasebook)),
    "caution": lambda advice, *_: "; ".join(
        verdict.state.note for verdict in advice.cautions if verdict.state
    ),
    "priority": lambda _, assessed, content: _priority(assessed.order, content.phrasebook),
    "radiation": _radiation,
    "limits-of-ordered": _limits_of_ordered,
}
"""What fills each placeholder of a card text."""
