"""The whole coverage report of a content."""

from collections import Counter

from cds_service.content.coverage import gaps, rules, terminology
from cds_service.content.coverage.documents import proofs
from cds_service.content.coverage.model import Coverage
from cds_service.content.load import Loaded


def coverage(loaded: Loaded) -> Coverage:
    """Return what `loaded`, which must be free of errors, covers; the same for the same files.

    Only active documents count, save for value sets and gaps. Kinds of documents that no table
    here is about are passed over.

    Raises:
        KeyError: a document refers to something that is not there.
    """
    documents = list(loaded.documents.values())
    active = [doc for doc in documents if doc.status == "active"]
    proved = proofs(loaded)
    states = tuple(rules.safety_states(active, proved))
    recommended = tuple(rules.recommendations(active, proved))
    scenarios = tuple(rules.variants(active, proved))
    rated = tuple(rules.ratings(active))
    found = tuple(terminology.findings(active, proved))
    numbers = tuple(terminology.parameters(active))
    sets = tuple(terminology.value_sets(documents))
    studies = terminology.procedures(active)
    seen = Counter(row.seen_in for row in rated)
    return Coverage(
        content_version=loaded.content_version,
        totals={
            "safety states": len(states),
            "recommendations": len(recommended),
            "variants": len(scenarios),
            "findings": len(found),
            "ratings": len(rated),
            **{f"ratings, {name}": number for name, number in sorted(seen.items())},
            "parameters": len(numbers),
            "value sets": sum(row.status == "active" for row in sets),
            "value sets, not in use": sum(row.status != "active" for row in sets),
            "procedures": sum(len(group.procedures) for group in studies),
            "cases": sum(len(document["cases"]) for document in loaded.cases.values()),
        },
        safety_states=states,
        recommendations=recommended,
        variants=scenarios,
        findings=found,
        ratings=rated,
        parameters=numbers,
        value_sets=sets,
        procedures=studies,
        gaps=(
            *gaps.finding_gaps(found),
            *gaps.proof_gaps((*states, *recommended, *scenarios)),
            *gaps.document_gaps(documents),
        ),
    )
