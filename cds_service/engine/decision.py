"""The decision on one order in the making: what is found against it, and what is advised."""

from dataclasses import dataclass, field

from cds_service.content.library import Content
from cds_service.content.model import Citation, Procedure, Recommendation, Remedy, SafetyState
from cds_service.engine import safety
from cds_service.engine.advice import Advice, Suppressed, TopicAssessment
from cds_service.engine.findings import Findings
from cds_service.engine.policy import Policy
from cds_service.engine.proposal import propose
from cds_service.engine.ratings import Rated
from cds_service.engine.recognise import Recognised
from cds_service.engine.recommend import grounds, why_not
from cds_service.engine.safety import SafetyVerdict
from cds_service.engine.together import Together
from cds_service.engine.topics import assess
from cds_service.fhir.orders import DraftOrder

_SWITCHED_OFF = "this site has switched the rule off"
_TOGETHER = "the orders of this call together ask for it"
_PART = "the order is one of several that together ask for what a safety rule wants"
_HELD = "a safety rule holds the order or replaces it, and its card proposes the alternative"


@dataclass(slots=True)
class Decision:
    """What is known of one order, and what was decided so far."""

    order: DraftOrder
    recognised: Recognised
    findings: Findings
    content: Content
    together: Together
    safety: tuple[SafetyVerdict, ...] = ()
    topics: list[TopicAssessment] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)

    def consider(self, policy: Policy) -> None:
        """Collect the advice of the safety rules, then that of the topic that speaks.

        An order that contradicts itself is looked at in each of its readings: what is a hazard in
        one of them is said, and no topic speaks. A safety rule that the site has switched off is
        judged all the same: nothing that it holds back or excludes may be proposed.
        """
        procedure = self.recognised.procedure
        if procedure is None:
            for reading in self.recognised.readings:
                self._check(reading, None, policy)
            return
        self.topics = [
            assess(topic, procedure, self.order, self.findings, self.content)
            for topic in self.content.topics
        ]
        topic = next((topic for topic in self.topics if topic.applies), None)
        self._check(procedure, topic, policy)
        if topic is None:
            return
        held = self._held(policy)
        for rule in topic.topic.recommendations:
            silent = why_not(rule, procedure, self.order, topic, self.findings, held=held)
            if not silent and policy.silences(rule.id):
                silent = _SWITCHED_OFF
            if silent:
                self.suppressed.append(Suppressed(rule.id, silent))
            else:
                self._recommend(rule, procedure, topic)

    def _held(self, policy: Policy) -> str:
        """Return why no topic rule may propose another study, or the empty string.

        An order that with others asks for what a safety rule wants is left as it is: a guideline
        rates the single study, and a change of one order would part it from the others.
        """
        deciding = {
            rule_id
            for verdict in self.safety
            if verdict.decides_alternative
            and verdict.state is not None
            and not policy.silences(rule_id := f"{verdict.rule.id}.{verdict.state.id}")
        }
        if not deciding:
            return ""
        part = {each.rule_id for each in self.suppressed if each.why == _TOGETHER}
        return _PART if deciding <= part else _HELD

    def _check(self, procedure: Procedure, topic: TopicAssessment | None, policy: Policy) -> None:
        """Put `procedure` through the safety rules; a situation already told is not told twice."""
        new = safety.check(procedure, self.findings, self.content)
        if self.safety:
            told = {(v.rule.id, v.state and v.state.id) for v in self.safety}
            new = tuple(v for v in new if (v.rule.id, v.state and v.state.id) not in told)
        self.safety = (*self.safety, *new)
        for verdict in new:
            if verdict.state is not None:
                self._warn(verdict, procedure, topic, policy)

    def _warn(
        self,
        verdict: SafetyVerdict,
        procedure: Procedure,
        topic: TopicAssessment | None,
        policy: Policy,
    ) -> None:
        state = verdict.state
        if state is None or not state.card or state.indicator is None:
            return
        rule_id = f"{verdict.rule.id}.{state.id}"
        if self.order.priority in state.unless_priority:
            self.suppressed.append(Suppressed(rule_id, "the order already has that priority"))
            return
        if self.together.ask_for(verdict.rule.unless_together, self.recognised.procedure):
            self.suppressed.append(Suppressed(rule_id, _TOGETHER))
            return
        if policy.silences(rule_id):
            self.suppressed.append(Suppressed(rule_id, _SWITCHED_OFF))
            return
        remedy = self._remedy(state, policy)
        # what a guideline rates is offered only where it is certain that it is about this patient
        rating = topic if topic is not None and topic.certain else None
        proposed = propose(
            remedy,
            procedure,
            rating,
            self.findings,
            self.content,
            instead_of=None,
            rated_only=False,
        )
        wanted = bool(remedy.order or remedy.best_rated)
        self.advice.append(
            Advice(
                card=state.card,
                indicator=state.indicator,
                rule=state,
                rule_id=rule_id,
                citations=_cited_safety(verdict, proposed.rated, topic),
                proposal=proposed.proposal,
                evidence=verdict.evidence,
                headline=verdict.headline,
                variant=topic.variant if topic else None,
                rated_order=topic.rated_order if topic else None,
                rated_proposal=proposed.rated,
                held=proposed.held,
                cautions=proposed.cautions,
                none_left=wanted and not proposed.proposal.procedures,
            )
        )

    def _remedy(self, state: SafetyState, policy: Policy) -> Remedy:
        """Return what takes the place of the order, so that its cards agree on one study.

        Where another study comes first in any case, it is that one; where the order is held back,
        what the hold asks for.
        """
        if state.effect not in ("hold", "exclude") or not state.remedy.best_rated:
            return state.remedy
        decisive = [
            other.remedy
            for effect in ("replace", "hold")
            for verdict in self.safety
            if (other := verdict.state) is not None
            and other.effect == effect
            and other.card
            and (other.remedy.order or other.remedy.best_rated)
            and not policy.silences(f"{verdict.rule.id}.{other.id}")
        ]
        return decisive[0] if decisive else state.remedy

    def _recommend(
        self, rule: Recommendation, procedure: Procedure, topic: TopicAssessment
    ) -> None:
        proposed = propose(
            rule.remedy,
            procedure,
            topic,
            self.findings,
            self.content,
            instead_of=topic.rated_order,
            rated_only=True,
        )
        if (rule.remedy.order or rule.remedy.best_rated) and not proposed.proposal.procedures:
            why = "nothing better rated is left that no safety rule excludes"
            self.suppressed.append(Suppressed(rule.id, why))
            return
        evidence = grounds(rule, topic, self.findings)
        self.advice.append(
            Advice(
                card=rule.card,
                indicator=rule.indicator,
                rule=rule,
                rule_id=rule.id,
                citations=_cited(topic.topic.topic.guideline, topic.topic.sources[rule.id]),
                proposal=proposed.proposal,
                evidence=evidence,
                headline=tuple(each for each in evidence if each.finding.category in _TELLING),
                variant=topic.variant,
                rated_order=topic.rated_order,
                rated_proposal=proposed.rated,
                held=proposed.held,
                cautions=proposed.cautions,
            )
        )


def _cited_safety(
    verdict: SafetyVerdict, rated: Rated | None, topic: TopicAssessment | None
) -> tuple[Citation, ...]:
    """Return the source of the situation and, where the alternative is rated, the guideline."""
    named = verdict.state.source if verdict.state else ""
    sources = tuple(source for source in verdict.rule.sources if source.id == named)
    return (*sources, *((topic.topic.topic.guideline,) if topic and rated else ()))


def _cited(guideline: Citation, source: Citation) -> tuple[Citation, ...]:
    """Return the guideline and, where it is another, the source of the rule itself."""
    return (guideline,) if source.url == guideline.url else (guideline, source)


_TELLING = ("red-flag", "urgent", "risk", "context", "safety")
