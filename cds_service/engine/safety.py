"""Safety rules: what holds for a procedure in this patient, whatever the topic."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import msgspec

from cds_service.content.expression import State, affirmed, evaluate
from cds_service.content.library import Content
from cds_service.content.model import Procedure, SafetyRule, SafetyState
from cds_service.engine.findings import Findings, Result


@dataclass(frozen=True, slots=True)
class SafetyVerdict:
    """What one rule says of one procedure.

    `state` is None when none of the rule's situations holds. `unread` are the sources that were
    not read to the end and might hold one: then silence means nothing.
    """

    rule: SafetyRule
    procedure: Procedure
    state: SafetyState | None
    evidence: tuple[Result, ...]
    unread: tuple[str, ...]

    @property
    def headline(self) -> tuple[Result, ...]:
        """Return the evidence to name first: what the rule watches for, else all of it."""
        watched = tuple(each for each in self.evidence if each.finding.id in self.rule.watches)
        return watched or self.evidence

    @property
    def suggestable(self) -> bool:
        """Whether we may propose the procedure as far as this rule goes."""
        return self.state is None or self.state.effect not in ("hold", "exclude")

    @property
    def clears_first(self) -> bool:
        """Whether something is to be cleared before the procedure goes ahead."""
        return self.state is not None and self.state.effect != "urgent"


def in_force(content: Content, switched_on: Collection[str]) -> Content:
    """Return `content` without the states off by default, but those named in `switched_on`.

    A state is named as ``rule.state``. A rule of which no state is left has no effect.
    """
    kept = []
    for rule in content.safety_rules:
        states = tuple(
            state
            for state in rule.states
            if not state.off_by_default or f"{rule.id}.{state.id}" in switched_on
        )
        if states:
            kept.append(msgspec.structs.replace(rule, states=states))
    return replace(content, safety_rules=tuple(kept))


def check(procedure: Procedure, findings: Findings, content: Content) -> tuple[SafetyVerdict, ...]:
    """Return what every safety rule that bears on `procedure` says of it."""
    return tuple(
        _judge(rule, procedure, findings)
        for rule in content.safety_rules
        if rule.bears_on.matches(procedure)
    )


def _judge(rule: SafetyRule, procedure: Procedure, findings: Findings) -> SafetyVerdict:
    state = next(
        (
            state
            for state in rule.states
            if evaluate(state.when, findings.state, findings.suspected) is State.PRESENT
        ),
        None,
    )
    told = list(affirmed(state.when)) if state else []
    evidence = findings.present([*rule.watches, *told])
    if state and not evidence:
        evidence = [findings[name] for name in rule.watches if findings.suspected(name)]
    unread = dict.fromkeys(
        kind
        for name in rule.watches
        if findings.state(name) is State.UNKNOWN
        for kind in findings[name].unread
    )
    return SafetyVerdict(rule, procedure, state, tuple(evidence), tuple(unread))
