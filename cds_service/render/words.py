"""The values of a card's placeholders: what was ordered, found, rated and not seen."""

from cds_service.content.expression import State
from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.findings import Item, Result
from cds_service.engine.ratings import Rated
from cds_service.engine.verdict import Verdict
from cds_service.render.text import listed, plain_unit, quote

SOURCE_WORDS = {
    "Patient": "birth date",
    "Condition": "problem list",
    "Observation": "laboratory results and vital signs",
    "MedicationRequest": "medications",
    "Procedure": "procedures",
    "Device": "implanted devices",
    "DeviceUseStatement": "device use",
    "AllergyIntolerance": "allergies",
    "DiagnosticReport": "imaging reports",
    "ImagingStudy": "imaging studies",
    "ServiceRequest": "orders",
}
"""What a clinician calls each source."""

RATING_WORDS = {
    "usually-appropriate": "usually appropriate",
    "may-be-appropriate": "may be appropriate",
    "may-be-appropriate-disagreement": "may be appropriate (disagreement)",
    "usually-not-appropriate": "usually not appropriate",
}

_RECORDS_PER_FINDING = 2
_FINDINGS_LISTED = 6


def placeholders(advice: Advice, assessment: Assessment, content: Content) -> dict[str, str]:
    """Return the value of every placeholder for one card; empty where there is nothing to say."""
    proposed = advice.proposal.procedures
    ordered = assessment.recognised.procedure
    readings = [in_sentence(each.title) for each in assessment.recognised.readings]
    topic = assessment.topic
    return {
        "ordered": in_sentence(ordered.title) if ordered else " or ".join(readings),
        "suggested": in_sentence(proposed[0].title) if proposed else "",
        "flags": listed([result.finding.phrase for result in advice.headline]),
        "evidence": _evidence(advice.evidence),
        "variant": advice.variant.title if advice.variant else "",
        "rating-ordered": rating_words(advice.rated_order),
        "rating-suggested": rating_words(advice.rated_proposal),
        "guideline": topic.topic.topic.guideline_name if topic else "",
        "not-checked": _not_checked(assessment),
        "looked-for": _looked_for(assessment),
        "ask": _ask(assessment, content),
        "unsettled": _unsettled(assessment),
        "held": "; ".join(
            f"{in_sentence(verdict.procedure.title)}, because {verdict.state.note}"
            for verdict in advice.held
            if verdict.state
        ),
        "caution": "; ".join(verdict.state.note for verdict in advice.cautions if verdict.state),
        "priority": assessment.order.priority or "not stated",
        "radiation": _radiation([*([ordered] if ordered else []), *proposed], content),
    }


def in_sentence(title: str) -> str:
    """Return a title as it stands inside a sentence: abbreviations keep their capitals."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def rating_words(rated: Rated | None) -> str:
    """Return a rating in words; one that was only inferred is not given as the guideline's."""
    if rated is None:
        return ""
    if not rated.citable:
        return "not among those our sources list as usually or may be appropriate"
    return RATING_WORDS[rated.rating.value]


def record(item: Item) -> str:
    """Return one piece of evidence in a few words: what, how much, when, and how sure."""
    parts = [quote(item.label) or item.resource_type]
    if item.value:
        parts.append(quote(plain_unit(item.value)))
    if item.when and not item.of_order:
        parts.append(item.when)
    words = ", ".join(parts)
    notes = [plain_unit(item.remark)] if item.remark else []
    if item.from_text:
        notes.append("found in text only")
    if item.of_order and item.reference:
        notes.append("reason given on the order")
    return f"{words} ({'; '.join(notes)})" if notes else words


def _evidence(results: tuple[Result, ...]) -> str:
    """Return a line for each set of records; findings with the same proof share one."""
    titles_by_proof: dict[str, list[str]] = {}
    for result in results:
        titles_by_proof.setdefault(_proof(result), []).append(result.finding.title)
    lines = [
        f"- {'; '.join([titles[0], *map(in_sentence, titles[1:])])}: {proof}"
        for proof, titles in titles_by_proof.items()
    ]
    left_out = sum(map(len, list(titles_by_proof.values())[_FINDINGS_LISTED:]))
    more = [f"- and {left_out} more"] if left_out else []
    return "\n".join([*lines[:_FINDINGS_LISTED], *more])


def _proof(result: Result) -> str:
    items = [item for item in result.items if item.verdict is Verdict.FOR]
    items = items or [i for i in result.items if i.verdict is Verdict.INCONCLUSIVE]
    shown = "; ".join(record(item) for item in items[:_RECORDS_PER_FINDING])
    more = len(items) - _RECORDS_PER_FINDING
    return shown + (f" and {more} more" if more > 0 else "")


def _not_checked(assessment: Assessment) -> str:
    # device use adds to the devices; on its own it is not worth a reader's time
    kinds = [kind for kind in assessment.not_checked if kind != "DeviceUseStatement"]
    return listed([SOURCE_WORDS[kind] for kind in kinds], most=7)


def _looked_for(assessment: Assessment) -> str:
    if assessment.topic is None:
        return ""
    flags = assessment.topic.topic.topic.red_flags
    results = [assessment.findings[name] for name in flags]
    return listed([r.finding.phrase for r in results if r.state is State.ABSENT], most=99)


def _ask(assessment: Assessment, content: Content) -> str:
    if assessment.topic is None:
        return ""
    asked = [
        content.findings[name].phrase
        for name in assessment.topic.topic.topic.ask
        if assessment.findings[name].state is not State.PRESENT
    ]
    return listed(asked, most=9)


def _unsettled(assessment: Assessment) -> str:
    """Return the red flags that a record suggests without settling them."""
    if assessment.topic is None:
        return ""
    results = [assessment.findings[name] for name in assessment.topic.topic.topic.red_flags]
    words = []
    for result in results:
        if result.state is State.UNKNOWN and result.suspected:
            hints = [item for item in result.items if item.verdict is Verdict.INCONCLUSIVE]
            words.append(f"{result.finding.phrase} ({record(hints[0])})")
    return "; ".join(words)


def _radiation(procedures: list[Procedure], content: Content) -> str:
    """Return level and adult dose band of each procedure, if all are known."""
    words = []
    for procedure in procedures:
        level = content.radiation_levels.get(procedure.radiation_level)
        if level is None:
            return ""
        words.append(f"{procedure.title} {level.level} ({level.adult})")
    return "; ".join(words)
