"""Documents in the words of another language.

What is translated takes the place of the English words in the documents themselves, so that
nothing downstream asks for a language. What has no translation stays English; the check of the
content reports it.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from cds_service.content.model import (
    Document,
    Estimate,
    Estimates,
    Findings,
    FindingWords,
    OverrideReasons,
    Procedure,
    Procedures,
    SafetyRule,
    Translations,
    Variant,
    Variants,
)
from cds_service.content.phrasebook import Phrasebook
from cds_service.content.phrases import PHRASES

SOURCE_LANGUAGE = "en"
"""The language of everything that is not translated."""


def merged(documents: Iterable[Document], language: str) -> Translations | None:
    """Return all active translations into `language` as one document, or None without any."""
    found = [
        doc
        for doc in documents
        if isinstance(doc, Translations) and doc.language == language and doc.status == "active"
    ]
    if not found:
        return None
    whole = found[0]
    for doc in found[1:]:
        whole = msgspec.structs.replace(
            whole,
            keep_capitals=whole.keep_capitals or doc.keep_capitals,
            program={**whole.program, **doc.program},
            procedures={**whole.procedures, **doc.procedures},
            findings={**whole.findings, **doc.findings},
            variants={**whole.variants, **doc.variants},
            states={**whole.states, **doc.states},
            override_reasons={**whole.override_reasons, **doc.override_reasons},
            estimates={**whole.estimates, **doc.estimates},
        )
    return whole


def phrasebook(words: Translations | None) -> Phrasebook:
    """Return the program's phrases in `words`, or in English without any."""
    if words is None:
        return Phrasebook(PHRASES)
    return Phrasebook({**PHRASES, **words.program}, words.keep_capitals)


def translated(documents: Iterable[Document], words: Translations | None) -> list[Document]:
    """Return `documents` with the titles, phrases, notes and reasons of `words`."""
    if words is None:
        return list(documents)
    return [_in_words(document, words) for document in documents]


def _in_words(document: Document, words: Translations) -> Document:
    change = msgspec.structs.replace
    match document:
        case Procedures():
            return change(document, procedures=_titled(document.procedures, words.procedures))
        case Variants():
            return change(document, variants=_titled(document.variants, words.variants))
        case Estimates():
            return change(document, estimates=_titled(document.estimates, words.estimates))
        case Findings():
            known = {
                each.id: FindingWords(title=each.title, phrase=each.phrase)
                for each in document.findings
            } | words.findings
            findings = tuple(
                change(each, title=known[each.id].title, phrase=known[each.id].phrase)
                for each in document.findings
            )
            return change(document, findings=findings)
        case SafetyRule():
            states = tuple(
                change(state, note=words.states.get(f"{document.id}.{state.id}", state.note))
                for state in document.states
            )
            return change(document, states=states)
        case OverrideReasons():
            reasons = tuple(
                change(each, display=words.override_reasons.get(each.code, each.display))
                for each in document.reasons
            )
            return change(document, reasons=reasons)
        case _:
            return document


_Titled = TypeVar("_Titled", Procedure, Variant, Estimate)


def _titled(parts: Iterable[_Titled], titles: Mapping[str, str]) -> tuple[_Titled, ...]:
    return tuple(
        msgspec.structs.replace(part, title=titles.get(part.id, part.title)) for part in parts
    )
