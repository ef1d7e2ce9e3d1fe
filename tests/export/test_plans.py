"""Topics and safety rules: every variant, rating, rule and state is in the export, with sources."""

import pytest
from fhirpathpy import evaluate

from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.content.model import Procedures, Ratings, Recommendations, SafetyRule, Variants
from tests.export.reader import Exported, Json, actions

TOPIC = "topic-low-back-pain"


def group(exported: Exported, name: str) -> list[Json]:
    """Return the actions of the group `name` in the plan of low back pain."""
    (found,) = (each for each in exported.root(TOPIC)["action"] if each["id"] == name)
    return found["action"]


def expressions(action: Json) -> list[str]:
    return [each["expression"]["expression"] for each in action["condition"]]


def test_every_topic_and_every_safety_rule_is_one_plan(
    exported: Exported, content: Content
) -> None:
    expected = {f"topic-{each.topic.id}" for each in content.topics}
    expected |= {f"safety-rule-{each.id}" for each in content.safety_rules_as_written}
    assert set(exported.of_type("PlanDefinition")) == expected


def test_every_plan_waits_for_both_hooks(exported: Exported) -> None:
    for plan in exported.of_type("PlanDefinition"):
        assert exported.root(plan)["trigger"] == [
            {"type": "named-event", "name": "order-select"},
            {"type": "named-event", "name": "order-sign"},
        ], plan


def test_every_variant_is_there_with_its_number_precedence_and_place_in_the_source(
    exported: Exported, loaded: Loaded
) -> None:
    (document,) = (doc for doc in loaded.documents.values() if isinstance(doc, Variants))
    written = {each["id"]: each for each in group(exported, "variants")}
    assert set(written) == {f"variant.{each.id}" for each in document.variants}
    for variant in document.variants:
        action = written[f"variant.{variant.id}"]
        assert action["prefix"] == str(variant.number)
        assert exported.said(action, "precedence") == [variant.precedence]
        (cited,) = action["documentation"]
        assert cited["citation"].endswith(f": {variant.locator}")
        assert len(action["condition"]) == (2 if variant.split else 1)


def test_twin_variants_are_told_apart_by_a_condition_of_their_own(exported: Exported) -> None:
    written = {each["id"]: each for each in group(exported, "variants")}
    assert expressions(written["variant.low-back-pain-1"])[1] == "(%subacute_or_chronic_pain).not()"
    assert expressions(written["variant.low-back-pain-2"])[1] == "%subacute_or_chronic_pain"


def test_every_rating_of_every_variant_is_there_with_how_it_is_known(
    exported: Exported, loaded: Loaded
) -> None:
    (document,) = (doc for doc in loaded.documents.values() if isinstance(doc, Ratings))
    expected = {
        (table.variant, row.row, name, row.rating.value, row.seen_in, len(row.sources))
        for table in document.tables
        for row in table.rows
        for name in row.procedures
    }
    written = {
        (
            variant["id"].removeprefix("variant."),
            row["title"],
            row["definitionCanonical"].rpartition("/")[2].partition("|")[0],
            *exported.said(row, "rating"),
            *exported.said(row, "seen-in"),
            len(row.get("documentation", ())),
        )
        for variant in group(exported, "variants")
        for row in variant["action"]
    }
    assert written == expected
    assert any(seen_in == "inferred" for *_, seen_in, _sources in written)


def test_every_recommendation_is_there_in_the_order_in_which_it_is_tried(
    exported: Exported, loaded: Loaded
) -> None:
    (document,) = (doc for doc in loaded.documents.values() if isinstance(doc, Recommendations))
    written = group(exported, "recommendations")
    assert [each["id"] for each in written] == [
        f"recommendation.{rule.id}" for rule in document.recommendations
    ]
    for action, rule in zip(written, document.recommendations, strict=True):
        assert exported.said(action, "indicator") == [rule.indicator.value]
        assert exported.said(action, "card") == [rule.card]
        assert rule.locator in action["documentation"][0]["citation"]
        assert rule.limits.strip() in action["description"]


def test_every_state_of_every_safety_rule_is_there_the_gravest_first(
    exported: Exported, loaded: Loaded
) -> None:
    rules = [doc for doc in loaded.documents.values() if isinstance(doc, SafetyRule)]
    for rule in rules:
        written = exported.root(f"safety-rule-{rule.id}")["action"]
        assert [each["id"] for each in written] == [f"state.{state.id}" for state in rule.states]
        assert [exported.said(each, "effect") for each in written] == [
            [state.effect] for state in rule.states
        ]
        assert all(each["documentation"] for each in written)


def test_a_rule_bears_on_the_procedures_it_selects(exported: Exported) -> None:
    assert expressions(exported.root("safety-rule-gadolinium-contrast")) == [
        "%order__modality in ('MR')",
        "%order__contrast in ('with' | 'without-and-with' | 'with-possibly-without')",
    ]


def test_accepting_an_urgent_card_sets_the_priority_of_the_order(exported: Exported) -> None:
    states = {each["id"]: each for each in exported.root("safety-rule-spine-emergency")["action"]}
    state = states["state.not-urgent-yet"]
    (step,) = state["action"]
    assert step["dynamicValue"] == [
        {"path": "priority", "expression": {"language": "text/fhirpath", "expression": "'stat'"}}
    ]
    assert "(%order__priority in ('stat' | 'asap')).where($this).empty()" in expressions(state)


@pytest.mark.parametrize(
    ("rule", "kind", "target"),
    [
        ("add-contrast", "update", "mri-lumbar-spine-without-and-with-contrast"),
        ("mri-preferred", "update", None),
        ("imaging-not-needed", "remove", None),
    ],
)
def test_accepting_a_recommendation_does_one_thing(
    exported: Exported, rule: str, kind: str, target: str | None
) -> None:
    (action,) = (
        each
        for each in group(exported, "recommendations")
        if each["id"] == f"recommendation.{rule}"
    )
    (step,) = action["action"]
    assert action["selectionBehavior"] == "at-most-one"
    assert step["type"]["coding"][0]["code"] == kind
    if target:
        url = exported.get("ActivityDefinition", target)["url"]
        assert step["definitionCanonical"].partition("|")[0] == url


def test_a_card_that_only_asks_has_nothing_to_accept(exported: Exported) -> None:
    (action,) = (
        each
        for each in group(exported, "recommendations")
        if each["id"] == "recommendation.red-flags-not-settled"
    )
    assert "action" not in action


def test_the_indicator_of_a_card_is_the_priority_of_its_action(exported: Exported) -> None:
    told = {
        (*exported.said(action, "indicator"), action["priority"])
        for plan in exported.of_type("PlanDefinition").values()
        for action in actions(plan)
        if exported.said(action, "indicator")
    }
    assert told == {("critical", "stat"), ("warning", "urgent"), ("info", "routine")}


def test_adults_only_and_suspicion_in_the_own_region(exported: Exported) -> None:
    age, complaint = expressions(exported.root(TOPIC))
    assert age == "%patient__age >= 18"
    assert complaint == (
        "(%low_back_pain or ((%order__body_region in ('lumbar-spine'))"
        " and %suspected__low_back_pain).where($this).exists())"
    )


def test_every_procedure_can_be_requested_under_its_own_codes(
    exported: Exported, loaded: Loaded
) -> None:
    procedures = {
        each.id: each
        for doc in loaded.documents.values()
        if isinstance(doc, Procedures)
        for each in doc.procedures
    }
    written = exported.of_type("ActivityDefinition")
    assert set(written) == set(procedures)
    for name, procedure in procedures.items():
        made = written[name]
        assert (made["kind"], made["intent"]) == ("ServiceRequest", "proposal")
        codes = [each["code"] for each in made["code"].get("coding", ())]
        assert codes == [each.code for each in procedure.codes]
        assert made["bodySite"] == [{"text": procedure.body_region.replace("-", " ")}]
    catalogue = exported.get("CodeSystem", "imaging-procedures")
    assert {each["code"] for each in catalogue["concept"]} == set(procedures)


def test_what_a_vague_order_may_mean_is_said(exported: Exported) -> None:
    catalogue = {
        each["code"]: each for each in exported.get("CodeSystem", "imaging-procedures")["concept"]
    }
    vague = catalogue["mri-lumbar-spine-contrast-unspecified"]
    said = [each["valueCode"] for each in vague["property"] if each["code"] == "may-be"]
    assert "mri-lumbar-spine-without-contrast" in said
    assert set(said) <= set(catalogue)


def test_a_rule_that_a_site_must_switch_on_says_so(small, export_small) -> None:
    (name,) = (each for each in export_small().of_type("PlanDefinition") if "safety" in each)
    before = export_small()
    assert before.said(before.get("PlanDefinition", name), "off-by-default") == []
    path = small / "safety" / "rule.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "off-by-default: true\n", encoding="utf-8")
    after = export_small()
    assert after.said(after.get("PlanDefinition", name), "off-by-default") == [True]


def test_a_topic_in_draft_is_exported_with_its_documents_in_draft(small, export_small) -> None:
    for name in ("topic", "variants", "ratings", "recommendations"):
        path = small / "topic" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("status: active", "status: draft"), encoding="utf-8")
    made = export_small()
    (plan,) = (
        each for name, each in made.of_type("PlanDefinition").items() if name.startswith("topic-")
    )
    assert plan["status"] == "draft"
    assert [each["id"] for each in plan["action"][0]["action"]] == ["variants", "recommendations"]


def test_a_state_that_newer_records_silence_has_a_condition_on_them(exported: Exported) -> None:
    silenced = [
        expressions(state)[-1]
        for state in exported.root("safety-rule-repeat-study")["action"]
        if "newer__" in "".join(expressions(state))
    ]
    assert silenced
    assert all("%newer__new_motor_deficit" in each for each in silenced)
    assert all(each.endswith(".where($this).empty()") for each in silenced)


def test_a_rule_that_orders_together_silence_has_a_condition_on_them(exported: Exported) -> None:
    """The condition means to a FHIRPath engine what it means to ours."""
    written = exported.root("safety-rule-spine-level")["action"]
    told = {each["id"]: [e for e in expressions(each) if "call__" in e] for each in written}
    assert told.pop("state.known-metastases") == []
    ((condition,),) = {tuple(each) for each in told.values()}

    def speaks(*ordered: str) -> bool:
        (*found,) = evaluate({}, condition, {"call__procedures": list(ordered)})
        return found == [True]

    lumbar, thoracic, cervical = (
        f"mri-{level}-spine-without-contrast" for level in ("lumbar", "thoracic", "cervical")
    )
    assert speaks()
    assert speaks(lumbar, thoracic)
    assert speaks(lumbar, "ct-thoracic-spine-without-contrast", cervical)
    assert speaks("radiography-lumbar-spine", thoracic, cervical)
    assert not speaks(cervical, lumbar, thoracic)
    assert not speaks(lumbar, "ct-whole-spine-with-contrast")
