"""Parts of the report: a record, a rating, a safety verdict, what accepting a card does."""

from collections.abc import Iterator
from textwrap import wrap

from cds_service.cli.output import visible
from cds_service.content.model import Rating
from cds_service.content.phrasebook import english
from cds_service.render.names import RATINGS, SOURCES
from cds_service.render.traceparts import Trace

RATING_BASIS = (
    "Two sources: read in two independent sources of the guideline's table. One source: read in"
    " one. Inferred: in none of our sources; our own assumption, not a rating of the guideline,"
    " and never shown as one."
)
"""What the column on the basis of a rating means."""

_BASIS = {"two-sources": "two sources", "one-source": "one source", "inferred": "inferred"}
_VERDICTS = {
    "for": "",
    "inconclusive": "leaves it open",
    "against": "speaks against it",
    "irrelevant": "does not count",
}
_EFFECTS = {
    "hold": "HOLD, do not go on before it is cleared",
    "exclude": "EXCLUDED, never suggested",
    "caution": "CAUTION, may go on with care",
    "ask": "ASK, a question to answer first",
    "replace": "REPLACE, another study comes first",
    "urgent": "URGENT, must not wait",
}
_NAME, _RATING, _SEEN, _LEVEL = 42, 33, 11, 5


def one_record(item: Trace) -> str:
    """Return one record in a line: reference, label, date, value, and what it says."""
    dated = item["date"] or "undated"
    if item["type"] == "Patient" or item["ofOrder"]:  # an age, and what the order itself states
        dated = ""
    said = ", ".join(filter(None, (visible(item["label"]), visible(item["value"]), dated)))
    notes = [_reaction(each) for each in item["reactions"]]
    notes += [_VERDICTS[item["verdict"]], item["remark"]]
    if item["fromText"]:
        notes.append("found in text only")
    note = "; ".join(filter(None, notes))
    return f"{visible(item['reference'])}: {said}" + (f" ({note})" if note else "")


def _reaction(reaction: Trace) -> str:
    parts = [*reaction["what"], reaction["severity"], reaction["onset"]]
    return f"reaction: {visible(', '.join(filter(None, parts)))}"


def one_rating(rated: Trace) -> str:
    """Return a rating in words with how it is known; an inferred one is no guideline rating."""
    words = english([RATINGS[Rating(rated["rating"])]])
    if not rated["citable"]:
        return f"not listed in our sources; taken by us as {words} (inferred)"
    return f"{words} ({_BASIS[rated['seenIn']]})"


def rating_rows(table: list[Trace]) -> Iterator[str]:
    """Yield a table of ratings in columns: procedure, rating, how it is known, radiation."""
    yield _columns("Procedure", "Rating", "Basis", "RRL")
    yield _columns("-" * _NAME, "-" * _RATING, "-" * _SEEN, "-" * _LEVEL)
    for rated in table:
        words = english([RATINGS[Rating(rated["rating"])]])
        first, *rest = wrap(visible(rated["procedure"]["title"]), _NAME) or [""]
        yield _columns(
            first,
            words if rated["citable"] else f"({words})",
            _BASIS[rated["seenIn"]],
            rated["procedure"]["radiationLevel"],
        )
        yield from (_columns(f"  {line}", "", "", "") for line in rest)


def _columns(name: str, rating: str, seen: str, level: str) -> str:
    row = f"  {name:<{_NAME}} {rating:<{_RATING}} {seen:<{_SEEN}} {level:<{_LEVEL}}"
    return row.rstrip()


def verdict_lines(verdict: Trace, phrases: dict[str, str]) -> Iterator[str]:
    """Yield what a safety rule says of a procedure, and what its silence rests on."""
    if verdict["state"] is not None:
        found = ", ".join(phrases[name] for name in verdict["findings"])
        on_record = f" [{found}]" if found else ""
        yield f"{verdict['title']}: {_EFFECTS[verdict['effect']]}; {verdict['note']}{on_record}"
    elif not verdict["unread"]:
        yield f"{verdict['title']}: nothing on record"
    if verdict["unread"]:
        sources = ", ".join(english([SOURCES[kind]]) for kind in verdict["unread"])
        yield f"{verdict['title']}: cannot be ruled out, because not read to the end: {sources}"


def accepting(card: Trace) -> Iterator[str]:
    """Yield what accepting each suggestion of a card would do to the order."""
    suggestions = card.get("suggestions", [])
    if not suggestions:
        yield "Nothing to accept: it asks a question or gives a warning."
    for suggestion in suggestions:
        recommended = " (recommended)" if suggestion.get("isRecommended") else ""
        yield f"Accept{recommended}: {suggestion['label']}"
        yield from (f"which {_action(action)}" for action in suggestion["actions"])


def _action(action: Trace) -> str:
    resource = action.get("resource", {})
    name = action.get("resourceId") or f"{resource.get('resourceType')}/{resource.get('id')}"
    if action["type"] == "delete":
        return f"deletes {name}"
    parts = [resource.get("code", {}).get("text", "")]
    if resource.get("priority"):
        parts.append(f"priority {resource['priority']}")
    return f"updates {name}: {', '.join(filter(None, parts))}"
