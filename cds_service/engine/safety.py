"""Safety rules: what holds for a procedure in this patient, whatever the topic."""

import msgspec

from cds_service.content.expression import State
from cds_service.content.library import Content
from cds_service.content.model import Procedure, SafetyRule, SafetyState
from cds_service.engine.findings import Findings
from cds_service.engine.items import Item
from cds_service.engine.result import Result
from cds_service.engine.verdict import Verdict


class SafetyVerdict(msgspec.Struct, frozen=True):
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
    def decides_alternative(self) -> bool:
        """Whether the card of this rule says what comes instead, so that no topic rule may."""
        return self.state is not None and self.state.effect in ("hold", "replace")

    @property
    def clears_first(self) -> bool:
        """Whether something is to be cleared before the procedure goes ahead."""
        return self.state is not None and self.state.effect != "urgent"


def check(procedure: Procedure, findings: Findings, content: Content) -> tuple[SafetyVerdict, ...]:
    """Return what every safety rule that bears on `procedure` says of it."""
    about = findings.about(procedure)
    otherwise = _silent(procedure, about, content)
    touched = about.touched_rules
    return tuple(
        [
            _judge(verdict.rule, procedure, about) if verdict.rule.id in touched else verdict
            for verdict in otherwise
        ]
    )


def _silent(
    procedure: Procedure, findings: Findings, content: Content
) -> tuple[SafetyVerdict, ...]:
    """Return what every rule says where nothing is on record that it asks for."""
    verdicts = findings.silence.verdicts
    known: tuple[SafetyVerdict, ...] | None = verdicts.get(procedure.id)
    if known is None:
        unspoken = findings.unspoken(procedure)
        rules = content.dependence.rules_of[procedure.id]
        known = tuple(_judge(rule, procedure, unspoken) for rule in rules)
        verdicts[procedure.id] = known
    return known


def _judge(rule: SafetyRule, procedure: Procedure, findings: Findings) -> SafetyVerdict:
    state = next((state for state in rule.states if _holds(state, rule, findings)), None)
    told = findings.content.dependence.affirmed_by[f"{rule.id}.{state.id}"] if state else ()
    evidence = findings.present([*rule.watches, *told])
    if state and not evidence:
        evidence = [findings[name] for name in rule.watches if findings.suspected(name)]
    watched = [findings[name] for name in rule.watches]
    unread = dict.fromkeys(
        kind for each in watched if each.state is State.UNKNOWN for kind in each.unread
    )
    return SafetyVerdict(rule, procedure, state, tuple(evidence), tuple(unread))


def _holds(state: SafetyState, rule: SafetyRule, findings: Findings) -> bool:
    held = findings.of(state.when, f"{rule.id}.{state.id}")
    return held is State.PRESENT and not _overtaken(state, rule, findings)


def _overtaken(state: SafetyState, rule: SafetyRule, findings: Findings) -> bool:
    """Say whether something newer than what the state rests on is on record.

    What it rests on is dated by its newest record; records without an exact date never overtake.
    """
    if not state.unless_newer:
        return False
    names = findings.content.dependence.affirmed_by[f"{rule.id}.{state.id}"]
    told = [item for name in names for item in _proof(findings[name])]
    days = [item.on.last for item in told if item.on is not None]
    return bool(days) and any(
        item.on is not None and item.on.first > max(days)
        for name in state.unless_newer
        if findings.state(name) is State.PRESENT
        for item in _proof(findings[name])
        if not item.of_order
    )


def _proof(result: Result) -> list[Item]:
    return [item for item in result.items if item.verdict is Verdict.FOR]
