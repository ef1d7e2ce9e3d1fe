"""The words of cards, limits and findings."""

import re
from collections.abc import Iterator

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.issue import Issue
from cds_service.content.model import Findings, Recommendations, Texts
from cds_service.content.yaml_places import KeyPath

PLACEHOLDERS = frozenset(
    {
        "ordered",
        "suggested",
        "evidence",
        "variant",
        "rating-ordered",
        "rating-suggested",
        "guideline",
        "not-checked",
        "looked-for",
        "ask",
        "held",
        "priority",
        "radiation",
        "caution",
        "flags",
        "unsettled",
        "limits-of-ordered",
    }
)
"""What a card text may leave open for the advice to fill in, written ``{ordered}``."""

LONGEST_SUMMARY = 139
"""Characters of a card summary: fewer than 140 (CDS Hooks 2.0.1, Card Attributes)."""

SHORTEST_LIMITS = 15
"""Characters below which limits cannot say when something is wrong."""

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")
_COMPARISON = re.compile(r"[<>≤≥=]\s*\d|\d\s*[<>≤≥=]")


def summaries_are_short(content: Catalogue) -> Iterator[Issue]:
    """TEXT001: a summary is short enough before anything is filled in."""
    for path, document in content.each(Texts):
        for number, card in enumerate(document.cards):
            length = len(card.summary.strip())
            if length > LONGEST_SUMMARY:
                said = f"the summary of '{card.id}' has {length} characters before filling"
                hint = f"at most {LONGEST_SUMMARY}, with room for what is filled in"
                yield content.issue(path, ("cards", number, "summary"), "TEXT001", said, hint)


def placeholders_are_known(content: Catalogue) -> Iterator[Issue]:
    """TEXT002: a text leaves open only what can be filled in."""
    for path, document in content.each(Texts):
        for number, card in enumerate(document.cards):
            texts = {
                "summary": card.summary,
                "detail": card.detail,
                "suggestion": card.suggestion,
                "action": card.action,
            }
            for key, text in texts.items():
                for match in _BRACES.finditer(text):
                    if match.group(1) not in PLACEHOLDERS:
                        said = f"'{match.group()}' is not a placeholder"
                        hint = f"known: {', '.join(sorted(PLACEHOLDERS))}"
                        yield content.issue(path, ("cards", number, key), "TEXT002", said, hint)
            for index, each in enumerate(card.limits_of_ordered):
                for match in _BRACES.finditer(each.words):
                    where: KeyPath = ("cards", number, "limits-of-ordered", index, "words")
                    said = f"'{match.group()}' is not filled in here"
                    yield content.issue(path, where, "TEXT002", said, "write it out")


def limits_say_when_it_is_wrong(content: Catalogue) -> Iterator[Issue]:
    """TEXT003: documents, findings and recommendations say when they are wrong."""
    limits: list[tuple[str, KeyPath, str]] = []
    for path, document in content.loaded.documents.items():
        if document.status == "retired":
            continue
        limits.append((path, ("limits",), document.limits))
        if isinstance(document, Findings):
            for number, finding in enumerate(document.findings):
                limits.append((path, ("findings", number, "limits"), finding.limits))
        elif isinstance(document, Recommendations):
            for number, rule in enumerate(document.recommendations):
                limits.append((path, ("recommendations", number, "limits"), rule.limits))
    for path, where, words in limits:
        if len(words.strip()) < SHORTEST_LIMITS:
            said = "the limits say too little"
            yield content.issue(path, where, "TEXT003", said, "say when this is wrong or missed")


def numbers_live_in_parameters(content: Catalogue) -> Iterator[Issue]:
    """TEXT004: a finding's phrase does not repeat a threshold that a site may change."""
    for path, document in content.each(Findings):
        for number, finding in enumerate(document.findings):
            if _COMPARISON.search(finding.phrase):
                said = f"the phrase '{finding.phrase}' compares with a number"
                hint = "numbers live in parameters; say it in words"
                yield content.issue(path, ("findings", number, "phrase"), "TEXT004", said, hint)


CHECKS = (
    summaries_are_short,
    placeholders_are_known,
    limits_say_when_it_is_wrong,
    numbers_live_in_parameters,
)
