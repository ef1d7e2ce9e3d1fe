"""A safety rule as a plan: which procedures it bears on, and its states, the gravest first."""

from collections.abc import Iterator

from cds_service.content.model import Procedure, SafetyRule
from cds_service.export.actions import authored, eca_rule, off, remedy, triggers, urgency
from cds_service.export.citations import cited, related
from cds_service.export.conditions import (
    PRIORITY,
    condition,
    no_newer,
    none_of,
    not_together,
    of_findings,
    of_order,
)
from cds_service.export.namespace import Json, Namespace


def plan(
    space: Namespace, rule: SafetyRule, procedures: dict[str, Procedure], library: str
) -> Json:
    """Return the plan of `rule`; `library` is the canonical of the library its findings are in."""
    made = space.of_document("PlanDefinition", f"safety-rule-{rule.id}", rule)
    made["extension"] += [*off(space, rule.off_by_default), authored(space, rule)]
    root = {
        "id": f"safety-rule.{rule.id}",
        "title": rule.title,
        "description": "The first state whose condition is true decides.",
        "trigger": triggers(),
        "condition": of_order(rule.bears_on),
        "selectionBehavior": "at-most-one",
        "action": list(_states(space, rule, procedures)),
    }
    return made | {
        "type": eca_rule(),
        "relatedArtifact": [related(each) for each in rule.sources],
        "library": [library],
        "action": [{key: value for key, value in root.items() if value}],
    }


def _states(space: Namespace, rule: SafetyRule, procedures: dict[str, Procedure]) -> Iterator[Json]:
    for state in rule.states:
        said = [space.extension("effect", valueCode=state.effect)]
        priority: Json = {}
        if state.indicator is not None:
            more, priority = urgency(space, state.indicator, state.card)
            said += more
        conditions = [of_findings(state.when)]
        if state.unless_priority:
            conditions.append(condition(none_of(PRIORITY, state.unless_priority)))
        if state.unless_newer:
            conditions.append(condition(no_newer(state.unless_newer)))
        if state.card and rule.unless_together:
            conditions.append(_together(rule, procedures))
        action = {
            "id": f"state.{state.id}",
            "extension": [*said, *off(space, state.off_by_default), authored(space, state)],
            "title": state.note.strip(),
            **priority,
            "documentation": cited(rule, state.source, state.locator),
            "condition": conditions,
            **remedy(space, state.remedy, procedures),
        }
        yield {key: value for key, value in action.items() if value}


def _together(rule: SafetyRule, procedures: dict[str, Procedure]) -> Json:
    """Return the condition that the orders of the call do not ask together for what is wanted."""
    groups = [
        [
            [each.id for each in procedures.values() if selector.matches(each)]
            for selector in alternative
        ]
        for alternative in rule.unless_together
    ]
    return condition(not_together(groups), rule.unless_together)
