"""A topic as a plan: whom it is about, its variants with their ratings, its recommendations."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cds_service.content.model import (
    Document,
    Parameter,
    Procedure,
    Ratings,
    Recommendation,
    Recommendations,
    Topic,
    ValueSet,
    Variant,
    VariantRatings,
    Variants,
)
from cds_service.export.actions import authored, eca_rule, off, remedy, triggers, urgency
from cds_service.export.citations import cited, related
from cds_service.export.conditions import (
    AGE,
    BODY_REGION,
    PRIORITY,
    RATING,
    UNSETTLED,
    VARIANTS,
    condition,
    none_of,
    of_findings,
    of_order,
    one_of,
    only,
    suspicion,
    variable,
)
from cds_service.export.namespace import Json, Namespace
from cds_service.export.valuesets import canonicals


@dataclass(slots=True)
class TopicDocuments:
    """A topic and the documents that belong to it."""

    topic: Topic
    variants: list[Variants] = field(default_factory=list)
    ratings: list[Ratings] = field(default_factory=list)
    recommendations: list[Recommendations] = field(default_factory=list)


def gathered(topic: Topic, documents: list[Document]) -> TopicDocuments:
    """Return `topic` with its documents: those in use, and those of its own status."""
    made = TopicDocuments(topic)
    for each in documents:
        if each.status not in ("active", topic.status):
            continue
        match each:
            case Variants(topic=topic.id):
                made.variants.append(each)
            case Ratings(topic=topic.id):
                made.ratings.append(each)
            case Recommendations(topic=topic.id):
                made.recommendations.append(each)
    return made


def plan(
    space: Namespace,
    found: TopicDocuments,
    procedures: dict[str, Procedure],
    parameters: dict[str, Parameter],
    value_sets: dict[str, ValueSet],
    library: str,
) -> Json:
    """Return the plan of a topic; `library` is the canonical of the library its findings are in."""
    topic = found.topic
    youngest = parameters[topic.population.age_at_least]
    made = space.of_document("PlanDefinition", f"topic-{topic.id}", topic)
    made["extension"].append(authored(space, topic))
    root = {
        "id": f"topic.{topic.id}",
        "title": topic.title,
        "documentation": [related(topic.guideline)],
        "trigger": triggers(),
        "condition": [
            condition(
                f"%{AGE} >= {youngest.value}", {"age-at-least": topic.population.age_at_least}
            ),
            condition(_complaint(topic), {"indication": topic.indication.finding}),
        ],
        "input": list(_reasons(space, topic, value_sets)),
        "action": [
            {
                "id": "variants",
                "title": "Variants with their ratings",
                "action": list(_variants(space, found)),
            },
            {
                "id": "recommendations",
                "title": "Recommendations",
                "action": list(_recommendations(space, found, procedures)),
            },
        ],
    }
    root["action"] = [group for group in root["action"] if group["action"]]  # type: ignore[index]
    return made | {
        "type": eca_rule(),
        "relatedArtifact": [related(topic.guideline), *map(related, topic.sources)],
        "library": [library],
        "action": [{key: value for key, value in root.items() if value}],
    }


def _complaint(topic: Topic) -> str:
    """Return that the complaint is known, or suspected on an order for the topic's own region."""
    finding = topic.indication.finding
    own = one_of(BODY_REGION, topic.own_regions)
    return f"(%{variable(finding)} or (({own}) and %{suspicion(finding)}).where($this).exists())"


def _reasons(space: Namespace, topic: Topic, value_sets: dict[str, ValueSet]) -> Iterator[Json]:
    """Yield the reasons one of which a coded order must state to be for this topic."""
    own = topic.indication.own_region_reason_value_sets
    names = dict.fromkeys((*topic.indication.reason_value_sets, *own))
    for canonical in canonicals(space, names, value_sets):
        yield {
            "type": "ServiceRequest",
            "codeFilter": [{"path": "reasonCode", "valueSet": canonical}],
        }


def _variants(space: Namespace, found: TopicDocuments) -> Iterator[Json]:
    tables: dict[str, list[tuple[Ratings, VariantRatings]]] = {}
    for document in found.ratings:
        for table in document.tables:
            tables.setdefault(table.variant, []).append((document, table))
    for variants in found.variants:
        for variant in sorted(variants.variants, key=lambda each: each.number):
            rated = [
                row
                for document, table in tables.get(variant.id, [])
                for row in _ratings(space, document, table)
            ]
            action = {
                "id": f"variant.{variant.id}",
                "extension": [
                    space.extension("precedence", valueInteger=variant.precedence),
                    authored(space, variant),
                ],
                "prefix": str(variant.number),
                "title": variant.title,
                "documentation": cited(variants, variant.source, variant.locator),
                "condition": _selects(variant),
                "action": rated,
            }
            yield {key: value for key, value in action.items() if value}


def _selects(variant: Variant) -> list[Json]:
    conditions = [of_findings(variant.when)]
    if variant.split:
        wanted = variant.split.finding
        said: str | dict[str, str] = wanted
        if variant.split.state == "absent":
            said = {"not": wanted}
        conditions.append(of_findings(said))
    return conditions


def _ratings(space: Namespace, document: Ratings, table: VariantRatings) -> Iterator[Json]:
    """Yield the rating of each procedure of a table, best first as the table has them."""
    for row in table.rows:
        for procedure in row.procedures:
            made = {
                "extension": [
                    space.extension("rating", valueCode=row.rating.value),
                    space.extension("seen-in", valueCode=row.seen_in),
                    authored(space, row),
                ],
                "title": row.row,
                "description": row.note.strip(),
                "documentation": [
                    artifact for source in row.sources for artifact in cited(document, source)
                ],
                "definitionCanonical": space.canonical("ActivityDefinition", procedure),
            }
            yield {key: value for key, value in made.items() if value}


def _recommendations(
    space: Namespace, found: TopicDocuments, procedures: dict[str, Procedure]
) -> Iterator[Json]:
    for document in found.recommendations:
        for rule in document.recommendations:
            said, priority = urgency(space, rule.indicator, rule.card)
            action = {
                "id": f"recommendation.{rule.id}",
                "extension": [*said, *off(space, rule.off_by_default), authored(space, rule)],
                "title": rule.title,
                "description": f"Limits: {rule.limits.strip()}",
                **priority,
                "documentation": cited(document, rule.source, rule.locator),
                "condition": _speaks(rule),
                **remedy(space, rule.remedy, procedures),
            }
            yield {key: value for key, value in action.items() if value}


def _speaks(rule: Recommendation) -> list[Json]:
    conditions = of_order(rule.orders)
    if rule.variants:
        conditions.append(condition(only(VARIANTS, rule.variants)))
    if rule.unsettled:
        conditions.append(condition(f"%{UNSETTLED}"))
    if rule.rated:
        conditions.append(condition(one_of(RATING, (each.value for each in rule.rated))))
    if rule.findings is not None:
        conditions.append(of_findings(rule.findings))
    if rule.unless_priority:
        conditions.append(condition(none_of(PRIORITY, rule.unless_priority)))
    return conditions
