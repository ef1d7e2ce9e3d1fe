"""Rows of the trace that stand in several of its lists: procedures, findings, ratings, verdicts.

Their keys are listed with the trace (`cds_service.render.trace`).
"""

from typing import Any

from cds_service.content.library import Content
from cds_service.content.model import Citation, Procedure
from cds_service.content.phrasebook import english
from cds_service.engine.items import Item
from cds_service.engine.ratings import Rated
from cds_service.engine.result import Result
from cds_service.engine.safety import SafetyVerdict
from cds_service.render.text import plain_unit

Trace = dict[str, Any]
"""A part of the trace, as plain data."""


def procedure_row(procedure: Procedure | None, content: Content) -> Trace | None:
    """Return `procedure` with the adult dose of its radiation level; None for None."""
    if procedure is None:
        return None
    level = content.radiation_levels.get(procedure.radiation_level)
    return {
        "id": procedure.id,
        "title": procedure.title,
        "modality": procedure.modality,
        "bodyRegion": procedure.body_region,
        "contrast": procedure.contrast,
        "radiationLevel": procedure.radiation_level,
        "adultDose": level.adult if level else "",
    }


def finding_row(result: Result) -> Trace:
    """Return the state of a finding with the records looked at."""
    return {
        "id": result.finding.id,
        "title": result.finding.title,
        "phrase": result.finding.phrase,
        "category": result.finding.category,
        "state": result.state.value,
        "suspected": result.suspected,
        "reasons": list(result.reasons),
        "unread": list(result.unread),
        "records": [_record(item) for item in result.items],
    }


def _record(item: Item) -> Trace:
    return {
        "reference": item.reference,
        "type": item.resource_type,
        "label": english([item.label]),
        "date": item.when,
        "value": plain_unit(english(item.value, ", ")),
        "verdict": item.verdict.value,
        "remark": plain_unit(english(item.remarks)),
        "reactions": [
            {"what": list(each.manifestations), "severity": each.severity, "onset": each.onset}
            for each in item.reactions
        ],
        "fromText": item.from_text,
        "ofOrder": item.of_order,
    }


def rated_row(rated: Rated | None, content: Content) -> Trace | None:
    """Return `rated` with where the rating was seen; None for None."""
    if rated is None:
        return None
    return {
        "procedure": procedure_row(rated.procedure, content),
        "variant": rated.variant.id,
        "row": rated.row.row,
        "rating": rated.rating.value,
        "seenIn": rated.row.seen_in,
        "citable": rated.citable,
        "sources": list(rated.row.sources),
        "note": rated.row.note,
    }


def verdict_row(verdict: SafetyVerdict) -> Trace:
    """Return what one safety rule says about one procedure."""
    state = verdict.state
    return {
        "rule": verdict.rule.id,
        "title": verdict.rule.title,
        "procedure": verdict.procedure.id,
        "state": state.id if state else None,
        "effect": state.effect if state else None,
        "note": state.note if state else "",
        "findings": [result.finding.id for result in verdict.evidence],
        "unread": list(verdict.unread),
    }


def citation_row(citation: Citation) -> Trace:
    """Return a source: title, address, and where in it."""
    return {"title": citation.title, "url": citation.url, "locator": citation.locator}
