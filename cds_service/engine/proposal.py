"""What a card offers to accept: the best procedure that no safety rule excludes."""

from typing import NamedTuple

import msgspec

from cds_service.content.library import Content
from cds_service.content.model import Procedure, Rating, Remedy
from cds_service.engine import safety
from cds_service.engine.advice import Proposal, TopicAssessment
from cds_service.engine.findings import Findings
from cds_service.engine.ratings import Rated
from cds_service.engine.safety import SafetyVerdict


class Proposed(msgspec.Struct, frozen=True):
    """A proposal, the rating of what it orders, and what safety rules held back.

    `held` are verdicts on procedures the guideline rates at least as well as the one proposed;
    `cautions` are verdicts on the proposed one itself that leave a question to clear first.
    """

    proposal: Proposal
    rated: Rated | None = None
    held: tuple[SafetyVerdict, ...] = ()
    cautions: tuple[SafetyVerdict, ...] = ()


class _Candidate(NamedTuple):
    """A procedure that may be proposed, and its rating where the guideline gives one."""

    procedure: Procedure
    rated: Rated | None

    @property
    def rank(self) -> int:
        """Return the rank of the rating; what is not rated comes after everything that is."""
        return self.rated.rating.rank if self.rated else len(Rating)


def propose(
    remedy: Remedy,
    ordered: Procedure,
    topic: TopicAssessment | None,
    findings: Findings,
    content: Content,
    *,
    instead_of: Rated | None,
    rated_only: bool,
) -> Proposed:
    """Return what accepting a card with `remedy` would do to an order for `ordered`.

    A proposed procedure is rated better than `instead_of`, or, where that is None because the
    ordered procedure cannot go ahead, at least not as usually not appropriate. A remedy that names
    procedures may name ones no guideline table rates, unless `rated_only`. Every candidate is put
    through all safety rules. Ratings that were only inferred are never proposed.
    """
    if remedy.set_priority or remedy.remove_order:
        return Proposed(Proposal(priority=remedy.set_priority, remove=remedy.remove_order))
    if remedy.order:
        candidates = _named(remedy, ordered, topic, content, rated_only=rated_only)
    elif remedy.best_rated and topic is not None:
        candidates = _best_rated(remedy, ordered, topic, instead_of)
    else:
        return Proposed(Proposal())
    allowed: list[_Candidate] = []
    cautions: tuple[SafetyVerdict, ...] = ()
    held: dict[str, SafetyVerdict] = {}
    for candidate in candidates:
        verdicts = safety.check(candidate.procedure, findings, content)
        stop = next((verdict for verdict in verdicts if not verdict.suggestable), None)
        if stop is None:
            if not allowed:
                cautions = tuple(each for each in verdicts if each.clears_first)
            allowed.append(candidate)
        elif not allowed:
            held.setdefault(stop.rule.id, stop)
    chosen = [each for each in allowed if each.rank == allowed[0].rank]
    chosen = chosen[: max(remedy.best_rated, 1)]
    return Proposed(
        Proposal(tuple(each.procedure for each in chosen)),
        chosen[0].rated if chosen else None,
        tuple(held.values()),
        cautions,
    )


def _named(
    remedy: Remedy,
    ordered: Procedure,
    topic: TopicAssessment | None,
    content: Content,
    *,
    rated_only: bool,
) -> list[_Candidate]:
    """Return the procedures a remedy names, in its order, with their ratings."""
    rows = {rated.procedure.id: rated for rated in topic.table} if topic else {}
    found = []
    for name in remedy.order:
        rated = rows.get(name)
        if rated is not None and not rated.citable:
            continue
        if name != ordered.id and (rated is not None or not rated_only):
            found.append(_Candidate(content.procedures[name], rated))
    return found


def _best_rated(
    remedy: Remedy, ordered: Procedure, topic: TopicAssessment, instead_of: Rated | None
) -> list[_Candidate]:
    ceiling = instead_of.rating if instead_of else Rating.USUALLY_NOT_APPROPRIATE
    return [
        _Candidate(rated.procedure, rated)
        for rated in topic.table
        if rated.rating.rank < ceiling.rank
        and _may_be_named(rated, ordered)
        and (not remedy.modality or rated.procedure.modality in remedy.modality)
    ]


def _may_be_named(rated: Rated, ordered: Procedure) -> bool:
    procedure = rated.procedure
    return (
        procedure.suggestable
        and rated.citable
        and procedure.id != ordered.id
        and procedure.id not in ordered.may_be
    )
