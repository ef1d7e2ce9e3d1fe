"""Rules that are off by default: which of the rules as written are in force."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from cds_service.content.model import Recommendation, SafetyRule

if TYPE_CHECKING:
    from cds_service.content.library import Content, TopicContent


def safety_rules_in_force(
    rules: Iterable[SafetyRule], switched_on: Collection[str]
) -> tuple[SafetyRule, ...]:
    """Return `rules` without those, and without those states, that are off.

    A state is named as ``rule.state``. A rule of which no state is left has no effect and is left
    out too.
    """
    kept = []
    for rule in rules:
        states = tuple(
            state
            for state in rule.states
            if not state.off_by_default or f"{rule.id}.{state.id}" in switched_on
        )
        if states and (not rule.off_by_default or rule.id in switched_on):
            same = len(states) == len(rule.states)
            kept.append(rule if same else msgspec.structs.replace(rule, states=states))
    return tuple(kept)


def recommendations_in_force(
    rules: Iterable[Recommendation], switched_on: Collection[str]
) -> tuple[Recommendation, ...]:
    """Return `rules` without those that are off."""
    return tuple(rule for rule in rules if not rule.off_by_default or rule.id in switched_on)


def topics_in_force(
    topics: Iterable["TopicContent"], switched_on: Collection[str]
) -> tuple["TopicContent", ...]:
    """Return `topics`, each without the recommendations that are off."""
    return tuple(
        replace(
            topic,
            recommendations=recommendations_in_force(topic.recommendations, switched_on),
        )
        for topic in topics
    )


def off_by_default(content: "Content") -> Iterator[str]:
    """Yield the ids of all rules, and of all states as ``rule.state``, that are off by default."""
    for topic in content.topics_as_written:
        yield from (rule.id for rule in topic.recommendations if rule.off_by_default)
    for safety in content.safety_rules_as_written:
        if safety.off_by_default:
            yield safety.id
        yield from (f"{safety.id}.{state.id}" for state in safety.states if state.off_by_default)


def with_switched_on(content: "Content", names: Collection[str]) -> "Content":
    """Return `content` with those of `names` in force too that are off by default.

    A state brings its rule with it. Other names change nothing.
    """
    dormant = set(off_by_default(content))
    wanted = {name for name in names if name in dormant}
    wanted |= {rule for name in names if (rule := name.partition(".")[0]) in dormant}
    if not wanted:
        return content
    switched_on = content.local.switched_on | wanted
    return replace(
        content,
        local=replace(content.local, switched_on=switched_on),
        topics=topics_in_force(content.topics_as_written, switched_on),
        safety_rules=safety_rules_in_force(content.safety_rules_as_written, switched_on),
    )
