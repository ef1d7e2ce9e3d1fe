"""Numbers, expressions over findings, and remedies."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.checks.expressions import expressions, misshapen
from cds_service.content.checks.references import clause_parameters
from cds_service.content.issue import Issue
from cds_service.content.model import (
    Findings,
    Parameter,
    Parameters,
    RadiationLevels,
    Recommendations,
    Remedy,
    SafetyRule,
    Topic,
)
from cds_service.content.yaml_places import KeyPath
from cds_service.fhir.dates import parse_duration
from cds_service.fhir.units import ANALYTES

_YEARS = "a"


def parameters_fit_their_use(content: Catalogue) -> Iterator[Issue]:
    """PARAM001 to PARAM003: a threshold has a known unit, a window none, an age years."""
    for path, where, parameter in _used_parameters(content):
        key, name, unit = where[-1], parameter.id, parameter.unit
        if key in ("above", "below") and unit not in ANALYTES:
            said = f"'{name}' has {f'the unit {unit}' if unit else 'no unit'}"
            hint = f"a measured value is compared in one of: {', '.join(ANALYTES)}"
            yield content.issue(path, where, "PARAM001", said, hint)
        elif key in ("look-back", "lasting") and unit:
            said = f"'{name}' is a number in {unit}, not a duration"
            yield content.issue(path, where, "PARAM002", said, "name a duration such as P12M")
        elif key in ("age-at-least", "age-below", "child-below") and unit != _YEARS:
            said = f"'{name}' is not an age in years"
            yield content.issue(path, where, "PARAM003", said, "name a number with the unit a")


def published_parameters_cite(content: Catalogue) -> Iterator[Issue]:
    """PARAM004: a published value says where it is published."""
    for path, where, parameter in _parameters(content):
        if parameter.basis == "published" and parameter.source is None:
            said = f"'{parameter.id}' is said to be published, but cites nothing"
            hint = "give it a source, or make it a local-default"
            yield content.issue(path, where, "PARAM004", said, hint)


def local_defaults_give_reasons(content: Catalogue) -> Iterator[Issue]:
    """PARAM005: a local default says why it is so."""
    for path, where, parameter in _parameters(content):
        if parameter.basis == "local-default" and not parameter.note.strip():
            said = f"the local default '{parameter.id}' has no note"
            hint = "say why this value, so that a site can judge it"
            yield content.issue(path, where, "PARAM005", said, hint)


def parameter_values_can_be_read(content: Catalogue) -> Iterator[Issue]:
    """PARAM006: a value is a number with a unit, or a duration without one."""
    for path, where, parameter in _parameters(content):
        try:
            if parameter.unit:
                readable = Decimal(parameter.value).is_finite()
            else:
                readable = bool(parse_duration(parameter.value))
        except (InvalidOperation, ValueError):
            readable = False
        if not readable:
            sort = f"a number of {parameter.unit}" if parameter.unit else "a duration such as P12M"
            said = f"'{parameter.value}' is not {sort}"
            hint = "a number needs a unit beside it; a duration has none"
            yield content.issue(path, (*where, "value"), "PARAM006", said, hint)


def expressions_have_their_shape(content: Catalogue) -> Iterator[Issue]:
    """RULE001: an expression is a finding, or one operator over what that operator takes."""
    for path, document in content.loaded.documents.items():
        for expression, where in expressions(document):
            for place, said, hint in misshapen(expression, where):
                yield content.issue(path, place, "RULE001", said, hint)


def remedies_do_one_thing(content: Catalogue) -> Iterator[Issue]:
    """RULE002: accepting a card does one thing to the order, or nothing."""
    remedies: list[tuple[str, KeyPath, Remedy]] = []
    for path, rules in content.each(Recommendations):
        for number, rule in enumerate(rules.recommendations):
            remedies.append((path, ("recommendations", number, "remedy"), rule.remedy))
    for path, safety in content.each(SafetyRule):
        for number, state in enumerate(safety.states):
            remedies.append((path, ("states", number, "remedy"), state.remedy))
    for path, where, remedy in remedies:
        done = {
            "order": remedy.order,
            "best-rated": remedy.best_rated,
            "set-priority": remedy.set_priority,
            "remove-order": remedy.remove_order,
        }
        given = [key for key, value in done.items() if value]
        if len(given) > 1:
            said = f"accepting this card would do several things: {', '.join(given)}"
            yield content.issue(path, where, "RULE002", said, "keep one of them")


def rules_are_off_as_a_whole(content: Catalogue) -> Iterator[Issue]:
    """RULE004: a safety rule of which nothing is on by default is itself off by default."""
    for path, rule in content.each(SafetyRule):
        if not rule.off_by_default and all(state.off_by_default for state in rule.states):
            said = f"nothing of '{rule.id}' is on by default"
            hint = "write 'off-by-default: true' once, for the rule itself"
            yield content.issue(path, ("states",), "RULE004", said, hint)


def _parameters(content: Catalogue) -> Iterator[tuple[str, KeyPath, Parameter]]:
    for path, document in content.each(Parameters):
        for number, parameter in enumerate(document.parameters):
            yield path, ("parameters", number), parameter


def _used_parameters(content: Catalogue) -> Iterator[tuple[str, KeyPath, Parameter]]:
    """Yield every place that names a known parameter; its last key says for what."""
    for path, topic in content.each(Topic):
        if found := content.parameters.get(topic.population.age_at_least):
            yield path, ("population", "age-at-least"), found
    for path, levels in content.each(RadiationLevels):
        if found := content.parameters.get(levels.child_below):
            yield path, ("child-below",), found
    for path, document in content.each(Findings):
        for number, finding in enumerate(document.findings):
            for index, clause in enumerate(finding.evidence):
                for key, name in clause_parameters(clause):
                    if found := content.parameters.get(name):
                        yield path, ("findings", number, "evidence", index, key), found


CHECKS = (
    parameters_fit_their_use,
    published_parameters_cite,
    local_defaults_give_reasons,
    parameter_values_can_be_read,
    expressions_have_their_shape,
    remedies_do_one_thing,
    rules_are_off_as_a_whole,
)
