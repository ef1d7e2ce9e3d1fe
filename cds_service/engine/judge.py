"""What one record says about one clause of a finding."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from cds_service.content.library import Content
from cds_service.content.model import Clause
from cds_service.engine.evidence import Evidence, Match
from cds_service.engine.facts import Answer, Fact, Measurement, Standing
from cds_service.fhir.dates import Span, on_or_after
from cds_service.fhir.units import to_unit

RAISED_FLAGS = frozenset({"H", "HH", "HU"})
"""Interpretation codes that say above the reference range (HL7 v3 ObservationInterpretation)."""


class Verdict(StrEnum):
    """What one record says about one finding."""

    FOR = "for"
    INCONCLUSIVE = "inconclusive"
    AGAINST = "against"
    IRRELEVANT = "irrelevant"


def judge(
    match: Match, clause: Clause, content: Content, evidence: Evidence
) -> tuple[Verdict, str]:
    """Return what one matching record says about a clause, and why if it does not count."""
    fact, as_of = match.fact, evidence.as_of
    if fact.standing is Standing.DENIES:
        return Verdict.AGAINST, "the record denies it"
    if clause.status == "current" and not fact.current:
        return Verdict.IRRELEVANT, "no longer current"
    if clause.mr_status and fact.mr_status not in clause.mr_status:
        return Verdict.IRRELEVANT, f"MR status on the device record: {fact.mr_status}"
    verdicts = [Verdict.FOR]
    remarks = []
    if clause.cancelled_by and _cancelled(fact, clause.cancelled_by, evidence):
        # parts of a removed device may stay, so this is a question and not an end
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append("a later record says it was removed; parts may remain")
    if clause.look_back:
        inside = on_or_after(fact.when, content.cutoff(clause.look_back, as_of))
        if clause.open_ended and not fact.current and fact.ended is None and not inside:
            inside = None
        if inside is False:
            return Verdict.IRRELEVANT, "outside the look-back"
        if inside is None and not (fact.when is None and clause.undated_counts):
            verdicts.append(Verdict.INCONCLUSIVE)
            remarks.append("its date does not say whether it is recent")
    if clause.lasting:
        verdict, remark = _lasted(fact, clause.lasting, content, as_of)
        verdicts.append(verdict)
        remarks.append(remark)
    if clause.above or clause.raised:
        verdict, remark = _measured(fact.measurement, clause, content)
        verdicts.append(verdict)
        remarks.append(remark)
    elif fact.resource_type == "Observation":
        if match.answer is Answer.NO:
            return Verdict.AGAINST, "the observation answers no"
        if match.answer is Answer.NONE:
            verdicts.append(Verdict.INCONCLUSIVE)
            remarks.append("the observation gives no yes or no")
    if clause.suggests:
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append("a hint only")
    uncertain = fact.standing is Standing.UNCERTAIN or (
        fact.standing is Standing.SUSPECTED and not clause.unconfirmed_counts
    )
    if match.weak or uncertain:
        verdicts.append(Verdict.INCONCLUSIVE)
        remarks.append("suspected, planned or not specific" if not match.weak else "not specific")
    worst = max(verdicts, key=_WEIGHT.index)
    return worst, "; ".join(filter(None, remarks))


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
        for match in evidence.matches.get(value_set, ())
    )


def _lasted(fact: Fact, parameter: str, content: Content, as_of: date) -> tuple[Verdict, str]:
    """Say whether a record has lasted at least as long as `parameter` asks."""
    end = as_of if fact.current else (fact.ended.last if fact.ended else None)
    if fact.started is None or end is None:
        return Verdict.INCONCLUSIVE, "it is not on record how long it has lasted"
    long_enough = on_or_after(fact.started, content.cutoff(parameter, end))
    if long_enough is None:
        return Verdict.INCONCLUSIVE, "its start is not exact enough"
    starts_on_cutoff = fact.started == Span(*[content.cutoff(parameter, end)] * 2)
    if long_enough and not starts_on_cutoff:
        return Verdict.AGAINST, "it has not lasted that long"
    return Verdict.FOR, ""


def _measured(
    measured: Measurement | None, clause: Clause, content: Content
) -> tuple[Verdict, str]:
    """Compare a measurement with what the laboratory said of it, or with a threshold."""
    if measured is None or measured.value is None:
        return Verdict.IRRELEVANT, "no value"
    if clause.raised and RAISED_FLAGS & set(measured.flags):
        return Verdict.FOR, "flagged high by the laboratory"
    if clause.above:
        return _against_threshold(measured, *content.quantity(clause.above))
    if measured.high is None:
        return Verdict.INCONCLUSIVE, "neither flag nor reference range"
    if measured.high_unit not in ("", measured.unit):
        return Verdict.INCONCLUSIVE, "reference range in another unit"
    raised = Decimal(str(measured.value)) > Decimal(str(measured.high))
    return (Verdict.FOR if raised else Verdict.AGAINST), "against its reference range"


def _against_threshold(measured: Measurement, threshold: Decimal, unit: str) -> tuple[Verdict, str]:
    value = to_unit(measured.value, measured.unit, unit)
    if value is None:
        return Verdict.INCONCLUSIVE, "its unit is missing or not one of this measurement"
    if measured.comparator in ("<", "<=") and value > threshold:
        return Verdict.INCONCLUSIVE, "reported only as below a value"
    if measured.comparator in (">", ">=") and value < threshold:
        return Verdict.INCONCLUSIVE, "reported only as above a value"
    above = value > threshold or (value == threshold and measured.comparator == ">")
    return (Verdict.FOR, "") if above else (Verdict.AGAINST, "not above the threshold")
