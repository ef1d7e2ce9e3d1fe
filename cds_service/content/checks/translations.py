"""Other languages: nothing a card can say is left without words, and the words fit."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.checks.links import nearest
from cds_service.content.issue import Issue
from cds_service.content.model import CardText, Texts, Translations
from cds_service.content.phrases import PHRASES
from cds_service.content.template import PLACES
from cds_service.content.translation import SOURCE_LANGUAGE
from cds_service.content.yaml_places import KeyPath

_NAMED = 5
"""How many of the missing ids a message names."""


class _Section(NamedTuple):
    """A part of a document of translations, and the kind of thing whose ids it lists."""

    key: str
    kind: str
    noun: str


_SECTIONS = (
    _Section("program", "", "phrases of the program"),
    _Section("procedures", "procedure", "procedures"),
    _Section("findings", "finding", "findings"),
    _Section("variants", "variant", "variants"),
    _Section("states", "safety-state", "states of safety rules"),
    _Section("override-reasons", "override-reason", "override reasons"),
    _Section("estimates", "estimate", "estimates"),
)
_PARTS = ("summary", "detail", "suggestion", "action")


def languages_are_complete(content: Catalogue) -> Iterator[Issue]:
    """TRANS001: a language that cards may be shown in has words for everything on them."""
    if not content.complete:
        return
    for language, path in _languages(content).items():
        lacking = [
            (section.noun, _in_use(content, section) - _translated(content, language, section))
            for section in _SECTIONS
        ]
        texts = content.active["card-text"]
        lacking.append(("card texts", texts - _card_texts(content, language).keys()))
        for noun, ids in lacking:
            if ids:
                said = f"there are {noun} without words in '{language}'"
                named = sorted(ids)[:_NAMED]
                more = ", …" if len(ids) > len(named) else ""
                hint = f"translate: {', '.join(named)}{more}"
                yield content.issue(path, ("language",), "TRANS001", said, hint)


def translations_are_of_something(content: Catalogue) -> Iterator[Issue]:
    """TRANS002: what is translated exists."""
    unread = content.seen_in_unread
    for path, document in content.each(Translations):
        for section in _SECTIONS:
            known = set(PHRASES) if section.key == "program" else content.known[section.kind]
            for name in _words(document, section):
                if name not in known and name not in unread and name.split(".")[0] not in unread:
                    where = (section.key, name)
                    said = f"there is nothing called '{name}' among the {section.noun}"
                    yield content.issue(path, where, "TRANS002", said, nearest(name, known))
    english = _card_texts(content, SOURCE_LANGUAGE)
    for path, number, card in _other_cards(content):
        if card.id not in english and card.id not in unread:
            said = f"there is no English card '{card.id}'"
            hint = nearest(card.id, set(english))
            yield content.issue(path, ("cards", number, "id"), "TRANS002", said, hint)


def places_are_those_of_the_english_text(content: Catalogue) -> Iterator[Issue]:
    """TRANS003: a translation has the placeholders of the English text, each at least once."""
    for path, document in content.each(Translations):
        for name, words in document.program.items():
            if name in PHRASES:
                yield from _same_places(content, path, ("program", name), words, PHRASES[name])
    english = _card_texts(content, SOURCE_LANGUAGE)
    for path, number, card in _other_cards(content):
        for part in _PARTS if card.id in english else ():
            ours, theirs = getattr(card, part), getattr(english[card.id], part)
            yield from _same_places(content, path, ("cards", number, part), ours, theirs)


def things_are_translated_once(content: Catalogue) -> Iterator[Issue]:
    """TRANS004: one thing has one translation in a language."""
    first: dict[tuple[str, str, str], str] = {}
    for path, document in content.each(Translations):
        for section in _SECTIONS:
            for name in _words(document, section):
                earlier = first.setdefault((document.language, section.key, name), path)
                if earlier != path:
                    said = f"'{name}' is translated in {earlier} too"
                    where = (section.key, name)
                    yield content.issue(path, where, "TRANS004", said, "keep one of them")


def cards_offer_the_same_reasons(content: Catalogue) -> Iterator[Issue]:
    """TRANS005: a card offers the same override reasons in every language."""
    english = _card_texts(content, SOURCE_LANGUAGE)
    for path, number, card in _other_cards(content):
        if card.id in english and card.override_reasons != english[card.id].override_reasons:
            said = f"'{card.id}' offers other reasons than in English"
            hint = f"there: {', '.join(english[card.id].override_reasons) or 'none'}"
            yield content.issue(path, ("cards", number), "TRANS005", said, hint)


def cards_tell_the_same_studies_apart(content: Catalogue) -> Iterator[Issue]:
    """TRANS006: a card has words on the same studies in every language."""
    english = _card_texts(content, SOURCE_LANGUAGE)
    for path, number, card in _other_cards(content):
        if card.id in english:
            ours, theirs = (
                [each.orders for each in found.limits_of_ordered]
                for found in (card, english[card.id])
            )
            if ours != theirs:
                said = f"the limits of '{card.id}' are on other studies than in English"
                hint = "keep the entries of the English card, in their order"
                yield content.issue(path, ("cards", number), "TRANS006", said, hint)


def _languages(content: Catalogue) -> dict[str, str]:
    """Return every language but English that is in use, and a document in it."""
    found: dict[str, str] = {}
    spoken = [(path, doc.language, doc.status) for path, doc in content.each(Translations)]
    spoken += [(path, doc.language, doc.status) for path, doc in content.each(Texts)]
    for path, language, status in spoken:
        if language != SOURCE_LANGUAGE and status == "active":
            found.setdefault(language, path)
    return found


def _in_use(content: Catalogue, section: _Section) -> set[str]:
    return set(PHRASES) if section.key == "program" else content.active[section.kind]


def _words(document: Translations, section: _Section) -> Iterable[str]:
    words: dict[str, object] = getattr(document, section.key.replace("-", "_"))
    return words


def _translated(content: Catalogue, language: str, section: _Section) -> set[str]:
    return {
        name
        for _, document in content.each(Translations)
        if document.language == language and document.status == "active"
        for name in _words(document, section)
    }


def _card_texts(content: Catalogue, language: str) -> dict[str, CardText]:
    return {
        card.id: card
        for _, document in content.each(Texts)
        if document.language == language and document.status == "active"
        for card in document.cards
    }


def _other_cards(content: Catalogue) -> Iterator[tuple[str, int, CardText]]:
    """Yield path, place and text of every card in another language than English."""
    for path, document in content.each(Texts):
        if document.language != SOURCE_LANGUAGE:
            for number, card in enumerate(document.cards):
                yield path, number, card


def _same_places(
    content: Catalogue, path: str, where: KeyPath, words: str, english: str
) -> Iterator[Issue]:
    here, there = set(PLACES.findall(words)), set(PLACES.findall(english))
    if here != there:
        lacks = [f"lacks {{{name}}}" for name in sorted(there - here)]
        adds = [f"adds {{{name}}}" for name in sorted(here - there)]
        said = f"the translation {' and '.join([*lacks, *adds])}"
        yield content.issue(path, where, "TRANS003", said, "keep the places of the English text")


CHECKS = (
    languages_are_complete,
    translations_are_of_something,
    places_are_those_of_the_english_text,
    things_are_translated_once,
    cards_offer_the_same_reasons,
    cards_tell_the_same_studies_apart,
)
