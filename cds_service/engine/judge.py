"""What one record says about one clause of a finding."""

from datetime import date
from decimal import Decimal

from cds_service.content.library import Content
from cds_service.content.model import Clause
from cds_service.content.phrasebook import Phrase, Words, phrase
from cds_service.engine.estimates import estimated
from cds_service.engine.evidence import Evidence
from cds_service.engine.facts import Answer, Fact, Standing
from cds_service.engine.matches import Match
from cds_service.engine.measurement import (
    RAISED_FLAGS,
    Measurement,
    Remarks,
    against_range,
    against_threshold,
    in_unit,
)
from cds_service.engine.verdict import Verdict
from cds_service.fhir.dates import Span, on_or_after


def judge(
    match: Match, clause: Clause, content: Content, evidence: Evidence
) -> tuple[Verdict, Remarks]:
    """Return what one matching record says about a clause, and why if it does not count."""
    fact, as_of = match.fact, evidence.as_of
    if fact.standing is Standing.DENIES:
        return Verdict.AGAINST, (phrase("denied"),)
    if clause.status == "current" and not fact.current:
        return Verdict.IRRELEVANT, (phrase("not-current"),)
    if clause.mr_status and fact.mr_status not in clause.mr_status:
        said = phrase("mr-status-of-device", status=MR_STATUSES[fact.mr_status or "unknown"])
        return Verdict.IRRELEVANT, (said,)
    if clause.severity and (fact.severity or "unknown") not in clause.severity:
        said = phrase("severity", severity=SEVERITIES[fact.severity or "unknown"])
        return Verdict.IRRELEVANT, (said,)
    verdicts = [Verdict.FOR]
    remarks: list[Phrase] = []
    if clause.cancelled_by and _cancelled(fact, clause.cancelled_by, evidence):
        # parts of a removed device may stay, so this is a question and not an end
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append(phrase("removed-later"))
    if clause.look_back:
        verdict, why = _recent(fact, clause, clause.look_back, content, as_of)
        if verdict is Verdict.IRRELEVANT:
            return verdict, why
        verdicts.append(verdict)
        remarks += why
    if clause.lasting:
        verdict, why = _lasted(fact, clause.lasting, content, as_of)
        verdicts.append(verdict)
        remarks += why
    if clause.above or clause.below or clause.raised:
        verdict, why = _measured(match, clause, content, evidence)
        verdicts.append(verdict)
        remarks += why
    elif fact.resource_type == "Observation":
        if match.answer is Answer.NO:
            return Verdict.AGAINST, (phrase("answers-no"),)
        if match.answer is Answer.NONE:
            verdicts.append(Verdict.INCONCLUSIVE)
            remarks.append(phrase("answers-nothing"))
    if match.disputed:
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append(phrase("text-disputes"))
    if clause.suggests:
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append(phrase("hint"))
    uncertain = fact.standing is Standing.UNCERTAIN or (
        fact.standing is Standing.SUSPECTED and not clause.unconfirmed_counts
    )
    if match.weak or uncertain:
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append(phrase("not-specific" if match.weak else "not-certain"))
    worst = max(verdicts, key=_WEIGHT.index)
    return worst, tuple(remarks)


MR_STATUSES: dict[str, Words] = {
    "safe": phrase("mr-safe"),
    "conditional": phrase("mr-conditional"),
    "unsafe": phrase("mr-unsafe"),
    "unlabelled": phrase("mr-unlabelled"),
    "unknown": phrase("mr-unknown"),
}
"""What a device record may say of MR, in words."""

SEVERITIES: dict[str, Words] = {
    "mild": phrase("severity-mild"),
    "moderate": phrase("severity-moderate"),
    "severe": phrase("severity-severe"),
    "unknown": phrase("severity-unknown"),
}
"""How severe the record of an allergy says a reaction was, in words."""

_WEIGHT = [Verdict.FOR, Verdict.INCONCLUSIVE, Verdict.AGAINST, Verdict.IRRELEVANT]


def _cancelled(fact: Fact, value_set: str, evidence: Evidence) -> bool:
    """Say whether a record of `value_set` surely came after `fact`; undated records never do."""
    known = fact.started or fact.when
    return known is not None and any(
        match.fact.standing is Standing.STANDS
        and not match.weak
        and match.fact.when is not None
        and match.fact.when.first >= known.last
        and match.fact.when.last <= evidence.as_of
        for match in evidence.of(value_set)
    )


def _recent(
    fact: Fact, clause: Clause, parameter: str, content: Content, as_of: date
) -> tuple[Verdict, Remarks]:
    """Say whether a record lies inside the look-back that `parameter` gives."""
    inside = on_or_after(fact.when, content.cutoff(parameter, as_of))
    if clause.open_ended and not fact.current and fact.ended is None and not inside:
        inside = None
    if inside is False:
        return Verdict.IRRELEVANT, (phrase("outside-look-back"),)
    if inside is None and not (fact.when is None and clause.undated_counts):
        return Verdict.INCONCLUSIVE, (phrase("not-surely-recent"),)
    return Verdict.FOR, ()


def _lasted(fact: Fact, parameter: str, content: Content, as_of: date) -> tuple[Verdict, Remarks]:
    """Say whether a record has lasted at least as long as `parameter` asks."""
    end = as_of if fact.current else (fact.ended.last if fact.ended else None)
    if fact.started is None or end is None:
        return Verdict.INCONCLUSIVE, (phrase("duration-unknown"),)
    long_enough = on_or_after(fact.started, content.cutoff(parameter, end))
    if long_enough is None:
        return Verdict.INCONCLUSIVE, (phrase("start-inexact"),)
    starts_on_cutoff = fact.started == Span(*[content.cutoff(parameter, end)] * 2)
    if long_enough and not starts_on_cutoff:
        return Verdict.AGAINST, (phrase("not-lasted"),)
    return Verdict.FOR, ()


def _measured(
    match: Match, clause: Clause, content: Content, evidence: Evidence
) -> tuple[Verdict, Remarks]:
    """Compare a measurement with what the laboratory said of it, or with thresholds."""
    measured = match.fact.measurement
    if measured is None or measured.value is None:
        return Verdict.IRRELEVANT, (phrase("no-value"),)
    if clause.raised and RAISED_FLAGS & set(measured.flags):
        return Verdict.FOR, (phrase("flagged-high"),)
    bounds = [
        (parameter, above)
        for parameter, above in ((clause.above, True), (clause.below, False))
        if parameter
    ]
    if not bounds:
        return against_range(measured)
    said: Remarks = ()
    for parameter, above in bounds:
        threshold, unit = content.quantity(parameter)
        values, comparator, said = _comparable(match, measured, unit, clause, content, evidence)
        if not values:
            return Verdict.INCONCLUSIVE, said
        verdict, why = against_threshold(values, comparator, threshold, above=above)
        if verdict is not Verdict.FOR:
            return verdict, (*said, *why)
    return Verdict.FOR, said


def _comparable(
    match: Match,
    measured: Measurement,
    unit: str,
    clause: Clause,
    content: Content,
    evidence: Evidence,
) -> tuple[list[Decimal], str, Remarks]:
    """Return the values a measurement stands for in `unit`, their comparator, and how they arose.

    Without a usable value the list is empty and the words say why.
    """
    estimate = content.estimates[clause.estimated_by] if clause.estimated_by else None
    if estimate is None or match.value_set != estimate.made_from:
        value = in_unit(measured, unit)
        if value is None:
            return [], "", (phrase("unit-unusable"),)
        return [value], measured.comparator, ()
    day = match.fact.when
    values = estimated(measured, estimate, content, evidence.born, day, evidence.gender)
    if not values:
        return [], "", (phrase("not-estimated", estimate=estimate.title),)
    lowest, highest = str(min(values)), str(max(values))
    shown = lowest if lowest == highest else phrase("range", from_=lowest, to=highest)
    said = phrase("estimated", estimate=estimate.title, value=shown, unit=unit)
    return values, _turned(measured.comparator), (said,)


def _turned(comparator: str) -> str:
    """Return the comparator of an estimate that falls as the value it is made from rises."""
    return comparator.translate(str.maketrans("<>", "><"))
