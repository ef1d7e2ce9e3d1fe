"""What depends on what: which findings a value set can change, and which rules a finding can.

Compiled once at start, so that a request decides only what its chart says something about. The
cost of a request then does not grow with the number of findings and rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cds_service.content.expression import affirmed, leaves
from cds_service.content.model import (
    Clause,
    Estimate,
    Expression,
    Finding,
    Procedure,
    Recommendation,
    SafetyRule,
    Variant,
)


@dataclass(frozen=True, slots=True)
class Dependence:
    """For each thing that a chart may say something about, what may change by it."""

    by_value_set: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Value set id → ids of the findings that its records may change."""
    on_patient: frozenset[str] = frozenset()
    """Findings that rest on age or gender."""
    on_studies: frozenset[str] = frozenset()
    """Findings that rest on earlier studies of the procedure in question."""
    on_contradiction: frozenset[str] = frozenset()
    """Findings that rest on what the order says of itself."""
    rules_of: Mapping[str, tuple[SafetyRule, ...]] = field(default_factory=dict)
    """Procedure id → the safety rules that bear on it."""
    rules_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Finding id → ids of the safety rules that ask for it."""
    findings_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of all findings that a state of a safety rule asks for, by ``rule.state``, or a variant,
    by ``topic/variant``."""
    affirmed_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of findings whose presence speaks for a state of a safety rule, a variant, as above,
    or a recommendation, by ``topic#recommendation``."""


def dependence(
    findings: Iterable[Finding],
    estimates: Mapping[str, Estimate],
    rules: tuple[SafetyRule, ...],
    topics: Iterable[tuple[str, Iterable[Variant], Iterable[Recommendation]]],
    procedures: Iterable[Procedure],
) -> Dependence:
    """Return what depends on what among `findings`, `rules`, `topics` and `procedures`.

    `topics` are ids of topics, each with its variants and its recommendations.
    """
    by_value_set: dict[str, set[str]] = {}
    on_patient, on_studies, on_contradiction = set(), set(), set()
    for finding in findings:
        for clause in finding.evidence:
            for value_set in _value_sets(clause, estimates):
                by_value_set.setdefault(value_set, set()).add(finding.id)
            if clause.age_at_least or clause.age_below or clause.gender:
                on_patient.add(finding.id)
            if clause.same_study:
                on_studies.add(finding.id)
            if clause.contradicting:
                on_contradiction.add(finding.id)
    stated: dict[str, Expression | None] = {
        f"{rule.id}.{state.id}": state.when for rule in rules for state in rule.states
    }
    for topic, variants, recommendations in topics:
        stated |= {f"{topic}/{each.id}": each.when for each in variants}
        stated |= {f"{topic}#{each.id}": each.findings for each in recommendations}
    return Dependence(
        by_value_set={name: frozenset(found) for name, found in by_value_set.items()},
        on_patient=frozenset(on_patient),
        on_studies=frozenset(on_studies),
        on_contradiction=frozenset(on_contradiction),
        rules_of={
            procedure.id: tuple(rule for rule in rules if rule.bears_on.matches(procedure))
            for procedure in procedures
        },
        rules_on=_rules_on(rules),
        findings_of={owner: frozenset(leaves(each)) for owner, each in stated.items()},
        affirmed_by={owner: tuple(affirmed(each)) for owner, each in stated.items()},
    )


def _value_sets(clause: Clause, estimates: Mapping[str, Estimate]) -> Iterable[str]:
    yield from clause.value_sets
    if clause.cancelled_by:
        yield clause.cancelled_by
    if clause.estimated_by:
        yield estimates[clause.estimated_by].made_from


def _rules_on(rules: Iterable[SafetyRule]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rule in rules:
        for name in _asked_for(rule):
            found.setdefault(name, set()).add(rule.id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _asked_for(rule: SafetyRule) -> Iterable[str]:
    yield from rule.watches
    for state in rule.states:
        yield from leaves(state.when)
        yield from state.unless_newer
