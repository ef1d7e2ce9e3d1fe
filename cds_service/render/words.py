"""The values of a card's placeholders: what was ordered, found, rated and not seen."""

from collections.abc import Iterable, Iterator

from cds_service.content.expression import State
from cds_service.content.library import Content
from cds_service.content.model import Rating
from cds_service.content.phrasebook import Phrasebook, phrase
from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.items import Item
from cds_service.engine.ratings import Rated
from cds_service.engine.result import Result
from cds_service.engine.safety import SafetyVerdict
from cds_service.engine.verdict import Verdict
from cds_service.render.radiation import radiation
from cds_service.render.text import listed, plain_unit, quote

SOURCES = {
    "Patient": phrase("source-birth-date"),
    "Condition": phrase("source-conditions"),
    "Observation": phrase("source-observations"),
    "MedicationRequest": phrase("source-medications"),
    "Procedure": phrase("source-procedures"),
    "Device": phrase("source-devices"),
    "DeviceUseStatement": phrase("source-device-use"),
    "AllergyIntolerance": phrase("source-allergies"),
    "DiagnosticReport": phrase("source-reports"),
    "ImagingStudy": phrase("source-studies"),
    "ServiceRequest": phrase("source-orders"),
}
"""What a clinician calls each source."""

RATINGS = {
    Rating.USUALLY_APPROPRIATE: phrase("rating-usually-appropriate"),
    Rating.MAY_BE_APPROPRIATE: phrase("rating-may-be-appropriate"),
    Rating.MAY_BE_APPROPRIATE_DISAGREEMENT: phrase("rating-disagreement"),
    Rating.USUALLY_NOT_APPROPRIATE: phrase("rating-usually-not-appropriate"),
}
"""The categories of the guideline."""

_PRIORITIES = {
    "": phrase("priority-not-stated"),
    "routine": phrase("priority-routine"),
    "urgent": phrase("priority-urgent"),
    "asap": phrase("priority-asap"),
    "stat": phrase("priority-stat"),
}
_RECORDS = {
    "Condition": phrase("record-condition"),
    "Observation": phrase("record-observation"),
    "MedicationRequest": phrase("record-medication-request"),
    "MedicationStatement": phrase("record-medication-statement"),
    "Procedure": phrase("record-procedure"),
    "Device": phrase("record-device"),
    "DeviceUseStatement": phrase("record-device-use"),
    "AllergyIntolerance": phrase("record-allergy"),
    "ServiceRequest": phrase("record-order"),
}

_RECORDS_PER_FINDING = 2
_FINDINGS_LISTED = 6


def placeholders(advice: Advice, assessment: Assessment, content: Content) -> dict[str, str]:
    """Return the value of every placeholder for one card; empty where there is nothing to say."""
    book = content.phrasebook
    proposed = advice.proposal.procedures
    ordered = assessment.recognised.procedure
    priority = assessment.order.priority
    topic = assessment.topic
    return {
        "ordered": _ordered(assessment, book),
        "suggested": book.in_sentence(proposed[0].title) if proposed else "",
        "flags": listed([result.finding.phrase for result in advice.headline], book),
        "evidence": _evidence(advice.evidence, book),
        "variant": advice.variant.title if advice.variant else "",
        "rating-ordered": rating_words(advice.rated_order, book),
        "rating-suggested": rating_words(advice.rated_proposal, book),
        "guideline": topic.topic.topic.guideline_name if topic else "",
        "not-checked": _not_checked(assessment, book),
        "looked-for": _looked_for(assessment, book),
        "ask": _ask(assessment, content),
        "unsettled": _unsettled(assessment, book),
        "held": "; ".join(held_back(advice.held, book)),
        "caution": "; ".join(verdict.state.note for verdict in advice.cautions if verdict.state),
        "priority": book.say(_PRIORITIES.get(priority, priority)),
        "radiation": radiation(
            [*([ordered] if ordered else []), *proposed], assessment.evidence, content
        ),
    }


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
    parts = [quote(book.say(item.label)) or book.say(_RECORDS.get(kind, kind))]
    if item.value:
        parts.append(quote(plain_unit(book.join(item.value, ", "))))
    if item.when and not item.of_order:
        parts.append(item.when)
    words = ", ".join(parts)
    notes = [plain_unit(book.join(item.remarks, "; "))] if item.remarks else []
    if item.from_text:
        notes.append(book.say(phrase("found-in-text")))
    if item.of_order and item.reference:
        notes.append(book.say(phrase("stated-on-order")))
    return f"{words} ({'; '.join(notes)})" if notes else words


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
    return listed([book.say(SOURCES[kind]) for kind in kinds], book, most=7)


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
    results = [assessment.findings[name] for name in assessment.topic.topic.topic.red_flags]
    words = []
    for result in results:
        if result.state is State.UNKNOWN and result.suspected:
            hints = [item for item in result.items if item.verdict is Verdict.INCONCLUSIVE]
            words.append(f"{result.finding.phrase} ({record(hints[0], book)})")
    return "; ".join(words)
