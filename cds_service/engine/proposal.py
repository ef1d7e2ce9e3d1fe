"""What a card offers to accept: the best procedure that no safety rule excludes."""

from dataclasses import dataclass

from cds_service.content.library import Content
from cds_service.content.model import Procedure, Rating, Remedy
from cds_service.engine import safety
from cds_service.engine.advice import Proposal, TopicAssessment
from cds_service.engine.findings import Findings
from cds_service.engine.ratings import Rated
from cds_service.engine.safety import SafetyVerdict


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal, the rating of what it orders, and what safety rules held back.

    `held` are verdicts on procedures the guideline rates at least as well as the one proposed;
    `cautions` are verdicts on the proposed one itself that leave a question to clear first.
    """

    proposal: Proposal
    rated: Rated | None = None
    held: tuple[SafetyVerdict, ...] = ()
    cautions: tuple[SafetyVerdict, ...] = ()


def propose(
    remedy: Remedy,
    ordered: Procedure,
    topic: TopicAssessment | None,
    findings: Findings,
    content: Content,
    *,
    instead_of: Rated | None,
) -> Proposed:
    """Return what accepting a card with `remedy` would do to an order for `ordered`.

    A proposed procedure is rated better than `instead_of`, or, where that is None because the
    ordered procedure cannot go ahead, at least not as usually not appropriate. Every candidate is
    put through all safety rules. Ratings that were only inferred are never proposed.
    """
    if remedy.set_priority or remedy.remove_order:
        return Proposed(Proposal(priority=remedy.set_priority, remove=remedy.remove_order))
    if topic is None or not (remedy.order or remedy.best_rated):
        return Proposed(Proposal())
    if remedy.order:
        rows = {rated.procedure.id: rated for rated in topic.table}
        candidates = [rows[name] for name in remedy.order if name in rows and rows[name].citable]
    else:
        ceiling = instead_of.rating if instead_of else Rating.USUALLY_NOT_APPROPRIATE
        candidates = [
            rated
            for rated in topic.table
            if rated.rating.rank < ceiling.rank
            and _may_be_named(rated, ordered)
            and (not remedy.modality or rated.procedure.modality in remedy.modality)
        ]
    allowed: list[Rated] = []
    held: dict[str, SafetyVerdict] = {}
    for rated in candidates:
        verdicts = safety.check(rated.procedure, findings, content)
        stop = next((verdict for verdict in verdicts if not verdict.suggestable), None)
        if stop is None:
            allowed.append(rated)
        elif not allowed:
            held.setdefault(stop.rule.id, stop)
    chosen = [rated for rated in allowed if rated.rating is allowed[0].rating]
    chosen = chosen[: max(remedy.best_rated, 1)]
    cautions = [
        verdict
        for rated in chosen[:1]
        for verdict in safety.check(rated.procedure, findings, content)
        if verdict.state is not None and verdict.state.effect != "urgent"
    ]
    return Proposed(
        Proposal(tuple(rated.procedure for rated in chosen)),
        chosen[0] if chosen else None,
        tuple(held.values()),
        tuple(cautions),
    )


def _may_be_named(rated: Rated, ordered: Procedure) -> bool:
    procedure = rated.procedure
    return (
        procedure.suggestable
        and rated.citable
        and procedure.id != ordered.id
        and procedure.id not in ordered.may_be
    )
