"""The records behind a finding, each judged by the clauses of the finding."""

from collections.abc import Iterator
from datetime import date

import msgspec

from cds_service.content.library import Content
from cds_service.content.model import Clause, Procedure
from cds_service.content.phrasebook import Phrase, Words, phrase
from cds_service.engine.evidence import Evidence
from cds_service.engine.facts import Answer
from cds_service.engine.judge import MR_STATUSES, judge
from cds_service.engine.matches import Match
from cds_service.engine.newest import is_usable
from cds_service.engine.reactions import Reaction
from cds_service.engine.studies import same
from cds_service.engine.verdict import Verdict
from cds_service.fhir.dates import Span, age_in_years


class Item(msgspec.Struct, frozen=True):
    """One piece of evidence as it is shown: which record, what, when, and what it says."""

    reference: str
    resource_type: str
    label: Words
    when: str
    value: tuple[Words, ...]
    verdict: Verdict
    remarks: tuple[Phrase, ...]
    from_text: bool
    on: Span | None = None
    """The days the record may be of."""
    of_order: bool = False
    """Whether the order itself states it."""
    reactions: tuple[Reaction, ...] = ()
    """What the record of an allergy says happened."""


def items_of(
    clause: Clause, content: Content, evidence: Evidence, procedure: Procedure | None
) -> Iterator[Item]:
    """Yield what every record says about `clause`, for the `procedure` in question."""
    if clause.age_at_least or clause.age_below or clause.gender:
        yield _patient_item(clause, content, evidence)
    if clause.same_study and procedure is not None:
        yield from _study_items(clause, content, evidence, procedure)
    if clause.contradicting:
        yield from map(_contradiction, evidence.contradiction)
    yield from _clause_items(clause, content, evidence)


def _clause_items(clause: Clause, content: Content, evidence: Evidence) -> list[Item]:
    since = None
    if clause.look_back and not clause.mr_status and not clause.severity:
        since = content.cutoff(clause.look_back, evidence.as_of)
    matches = [
        match
        for name in clause.value_sets
        for match in (evidence.newest_of(name) if clause.latest else evidence.of(name, since))
        if match.fact.resource_type in clause.origin
    ]
    if clause.latest:
        matches = _latest(matches, clause, content)
    items = []
    for match in matches:
        verdict, remarks = judge(match, clause, content, evidence)
        if verdict is not Verdict.IRRELEVANT or remarks:
            items.append(_item(match, verdict, remarks))
    return items if since is None else _without_older(items, since)


def _without_older(items: list[Item], since: date) -> list[Item]:
    """Return `items` where, of observations from before `since`, only the newest day is told.

    A chart may hold a value a day for years. None before the look-back settles anything, and the
    newest of them tells that there were some.
    """
    older = [
        item.on.last
        for item in items
        if item.on is not None and item.on.last < since and _is_irrelevant_observation(item)
    ]
    if len(older) <= 1:
        return items
    newest = max(older)
    return [
        item
        for item in items
        if item.on is None or item.on.last >= newest or not _is_irrelevant_observation(item)
    ]


def _is_irrelevant_observation(item: Item) -> bool:
    return item.verdict is Verdict.IRRELEVANT and item.resource_type == "Observation"


def _study_items(
    clause: Clause, content: Content, evidence: Evidence, procedure: Procedure
) -> list[Item]:
    """Return the studies on record that the procedure would repeat."""
    items = []
    for study in evidence.studies:
        if study.fact.resource_type in clause.origin and same(study, procedure):
            match = Match("", study.fact, weak=False, from_text=False, answer=Answer.NONE)
            verdict, remarks = judge(match, clause, content, evidence)
            items.append(_item(match, verdict, remarks))
    return items


def _contradiction(said: Words) -> Item:
    return Item("", "ServiceRequest", said, "", (), Verdict.FOR, (), False, of_order=True)


def _latest(matches: list[Match], clause: Clause, content: Content) -> list[Match]:
    """Return the values of the most recent day; a reported value before an estimated one.

    A date that is not exact may be that of the latest day, and then its value counts too. Without
    any date all values are left, and the look-back makes a question of them.
    """
    measured = [match for match in matches if is_usable(match)]
    dated = [match for match in measured if match.fact.when is not None]
    if not dated:
        return measured
    newest = max(match.fact.when.first for match in dated if match.fact.when)
    found = [match for match in dated if match.fact.when and match.fact.when.last >= newest]
    if clause.estimated_by:
        made_from = content.estimates[clause.estimated_by].made_from
        reported = [match for match in found if match.value_set != made_from]
        return reported or found
    return found


def _patient_item(clause: Clause, content: Content, evidence: Evidence) -> Item:
    """Return what birth date and gender say; what is not recorded settles nothing."""
    verdicts: list[Verdict] = []
    values: list[Words] = []
    remarks: list[Phrase] = []
    if clause.age_at_least or clause.age_below:
        if evidence.born is None:
            verdicts.append(Verdict.INCONCLUSIVE)
            remarks.append(phrase("birth-date-unknown"))
        else:
            youngest, oldest = age_in_years(evidence.born, evidence.as_of)
            fits = {_age_fits(age, clause, content) for age in (youngest, oldest)}
            verdicts.append(_settled(fits))
            exact = youngest == oldest
            ages = phrase("range", from_=str(youngest), to=str(oldest))
            values.append(phrase("years", age=str(youngest) if exact else ages))
    if clause.gender:
        known = evidence.gender in ("female", "male")
        verdicts.append(_settled({evidence.gender in clause.gender} if known else {True, False}))
        values.append(_GENDERS.get(evidence.gender, evidence.gender))
        if not known:
            remarks.append(phrase("gender-does-not-tell"))
    return Item(
        reference="Patient",
        resource_type="Patient",
        label=phrase("age-and-gender" if clause.gender else "age"),
        when="",
        value=tuple(filter(None, values)),
        verdict=max(verdicts, key=_LEAST.index),
        remarks=tuple(remarks),
        from_text=False,
    )


_GENDERS: dict[str, Words] = {
    "female": phrase("gender-female"),
    "male": phrase("gender-male"),
    "other": phrase("gender-other"),
    "unknown": phrase("gender-unknown"),
}
_LEAST = [Verdict.FOR, Verdict.INCONCLUSIVE, Verdict.AGAINST]


def _settled(answers: set[bool]) -> Verdict:
    if len(answers) > 1:
        return Verdict.INCONCLUSIVE
    return Verdict.FOR if answers == {True} else Verdict.AGAINST


def _age_fits(age: int, clause: Clause, content: Content) -> bool:
    old_enough = clause.age_at_least is None or age >= content.quantity(clause.age_at_least)[0]
    young_enough = clause.age_below is None or age < content.quantity(clause.age_below)[0]
    return old_enough and young_enough


def _item(match: Match, verdict: Verdict, remarks: tuple[Phrase, ...]) -> Item:
    fact = match.fact
    measured = fact.measurement
    value: tuple[Words, ...] = ()
    if measured is not None and measured.value is not None:
        value = (f"{measured.comparator}{measured.value} {measured.unit}".strip(),)
    elif fact.mr_status:
        value = (phrase("mr-status", status=MR_STATUSES[fact.mr_status]),)
    return Item(
        reference=fact.reference,
        resource_type=fact.resource_type,
        label=fact.label,
        when=_day(fact.when),
        value=value,
        verdict=verdict,
        remarks=remarks,
        from_text=match.from_text,
        on=fact.when,
        of_order=fact.of_order,
        reactions=fact.reactions,
    )


def _day(span: Span | None) -> str:
    """Return a span as a reader writes it: a day, a month or a year."""
    if span is None:
        return ""
    if span.first == span.last:
        return span.first.isoformat()
    whole_month = (span.first.year, span.first.month) == (span.last.year, span.last.month)
    return f"{span.first:%Y-%m}" if whole_month else f"{span.first:%Y}"
