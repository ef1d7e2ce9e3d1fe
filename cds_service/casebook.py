"""Running the cases of the content against the engine, for clinicians and for the tests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cds_service.content.cases import Case
from cds_service.content.library import Content
from cds_service.content.switches import with_switched_on
from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.chart import Chart, Source, SourceState
from cds_service.engine.decide import decide
from cds_service.engine.policy import Policy
from cds_service.fhir.orders import read_order
from cds_service.render.cards import card as render_card

_EVERY_CARD = Policy(max_cards_per_order=99)
"""Cases see every card that fires; how many a site shows is its own setting."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case; it holds if nothing went against what it expects."""

    case: Case
    assessment: Assessment
    failures: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything the case expects came true."""
        return not self.failures


def run(cases: Iterable[Case], content: Content) -> list[Outcome]:
    """Return the outcome of each case."""
    return [run_case(case, content) for case in cases]


def run_case(case: Case, content: Content) -> Outcome:
    """Return the outcome of one case, every difference in words."""
    assessment = assess(case, content)
    failures = [*_about(case, assessment), *_expected(case, assessment)]
    return Outcome(case, assessment, tuple(failures))


def assess(case: Case, content: Content) -> Assessment:
    """Return the assessment of the case's order on its chart, as the service would make it.

    Every card is given, however many a site wants. Rules that are off by default are on in the
    cases about them.
    """
    content = with_switched_on(content, case.about)
    order, *others = (read_order(each) for each in (case.order, *case.beside))
    if order is None:
        raise ValueError(f"{case.name}: the order is of no type that can order imaging")
    beside = (order, *filter(None, others))
    made = chart(case, content)
    return decide(made, (order,), content, case.as_of, _EVERY_CARD, beside=beside)[0]


def chart(case: Case, content: Content) -> Chart:
    """Return the chart of a case: every source complete but those the case calls missing."""
    sources = {kind: Source(SourceState.COMPLETE) for kind in content.resource_types}
    for kind, state in case.missing.items():
        sources[kind] = Source(SourceState(state))
    hidden = {kind for kind, state in case.missing.items() if state != SourceState.PARTIAL}
    resources = tuple(r for r in case.resources if r.get("resourceType") not in hidden)
    return Chart(str(case.resources[0].get("id", "")), resources, sources)


def fired(name: str, assessment: Assessment) -> bool:
    """Say whether the finding, variant, safety state or recommendation `name` fired."""
    if name in assessment.findings:
        return assessment.findings[name].state.value == "present"
    states = {f"{v.rule.id}.{v.state.id}" for v in assessment.safety if v.state}
    states -= {silenced.rule_id for silenced in assessment.suppressed}
    rules = {advice.rule_id for advice in assessment.advice}
    topic = assessment.topic
    variants = {v.id for v in topic.selection.selected} if topic and topic.selection else set()
    return name in states | rules | variants


def _about(case: Case, assessment: Assessment) -> list[str]:
    wanted = "fire" if case.fires else "stay silent"
    return [
        f"{name} should {wanted} and did not"
        for name in case.about
        if fired(name, assessment) is not case.fires
    ]


_EXPECTATIONS = {"findings", "variant", "rating", "cards"}
_WORDS = ("says", "says-not")


def _expected(case: Case, assessment: Assessment) -> list[str]:
    expect = case.expect
    failures = [f"a case cannot expect {name!r}" for name in expect.keys() - _EXPECTATIONS]
    for name, state in expect.get("findings", {}).items():
        actual = assessment.findings[name].state.value if name in assessment.findings else "no such"
        if actual != state:
            failures.append(f"finding {name}: expected {state}, got {actual}")
    topic = assessment.topic
    if "variant" in expect:
        actual_variant = topic.variant.id if topic and topic.variant else None
        if actual_variant != expect["variant"]:
            failures.append(f"variant: expected {expect['variant']}, got {actual_variant}")
    if "rating" in expect:
        rated = topic.rated_order.rating.value if topic and topic.rated_order else None
        if rated != expect["rating"]:
            failures.append(f"rating of the order: expected {expect['rating']}, got {rated}")
    if "cards" in expect:
        failures += _cards(expect["cards"], assessment)
    return failures


def _cards(expected: list[dict[str, Any]], assessment: Assessment) -> list[str]:
    actual = [shown(advice) for advice in assessment.advice]
    wanted = [
        {"accept": None, **{name: each for name, each in card.items() if name not in _WORDS}}
        for card in expected
    ]
    missing = [card for card in wanted if not any(_fits(card, got) for got in actual)]
    extra = [got for got in actual if not any(_fits(card, got) for card in wanted)]
    return [
        *(f"card expected and not given: {card}" for card in missing),
        *(f"card given and not expected: {got}" for got in extra),
        *_words(expected, assessment),
    ]


def _words(expected: list[dict[str, Any]], assessment: Assessment) -> Iterator[str]:
    """Yield what the cards do not say and should, or say and should not."""
    said: dict[str, str] = {}
    if any(name in card for card in expected for name in _WORDS):
        content = assessment.findings.content
        for advice in assessment.advice:
            made = render_card(advice, assessment, content, lambda: "")
            said[advice.card] = f"{made['summary']}\n{made['detail']}"
    for card in expected:
        text = said.get(card.get("card", ""), "")
        for words in card.get("says", ()):
            if words not in text:
                yield f"card {card['card']}: does not say {words!r}"
        for words in card.get("says-not", ()):
            if words in text:
                yield f"card {card['card']}: says {words!r}"


def _fits(card: dict[str, Any], got: dict[str, Any]) -> bool:
    return all(got.get(name) == value for name, value in card.items())


def shown(advice: Advice) -> dict[str, Any]:
    """Return what a case says of a card: its id, its indicator and what accepting does."""
    proposal = advice.proposal
    accept: str | list[str] | None = None
    if proposal.priority:
        accept = f"priority {proposal.priority}"
    elif proposal.remove:
        accept = "remove the order"
    elif proposal.procedures:
        names = [procedure.id for procedure in proposal.procedures]
        accept = names[0] if len(names) == 1 else names
    return {"card": advice.card, "indicator": advice.indicator.value, "accept": accept}
