"""The words by which texts are read: phrases of value sets, cues, and the words of orders."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cds_service.content.checks.catalogue import Catalogue
from cds_service.content.issue import Issue
from cds_service.content.model import AssertionCues, OrderWords, ValueSet
from cds_service.content.yaml_places import KeyPath
from cds_service.text.patterns import parse

_MOST_FORMS = 300
"""Of a phrase with more forms than this only so many are compared with other phrases."""

_parsed = lru_cache(maxsize=8192)(parse)  # each phrase is looked at by two rules


class _Written(NamedTuple):
    """A phrase as it is written, its place, and the list it belongs to."""

    text: str
    where: KeyPath
    group: str


def phrases_can_be_read(content: Catalogue) -> Iterator[Issue]:
    """TEXT005: a phrase has words, and each of its braces is closed."""
    for path, phrase in _all(content):
        try:
            empty = _parsed(phrase.text).may_be_nothing
        except ValueError:
            said, hint = f"'{phrase.text}' opens a brace and does not close it", "close it"
            yield content.issue(path, phrase.where, "TEXT005", said, hint)
            continue
        if empty:
            said = f"'{phrase.text}' can be nothing at all"
            hint = (
                "words such as 'the' and most signs are left out of texts; name a word that stays"
            )
            yield content.issue(path, phrase.where, "TEXT005", said, hint)


def phrases_mean_one_thing(content: Catalogue) -> Iterator[Issue]:
    """TEXT006: a phrase of one value set counts in one way."""
    for path, document in content.each(ValueSet):
        yield from _twice(content, path, _value_set(document), "TEXT006")


def cues_assert_one_thing(content: Catalogue) -> Iterator[Issue]:
    """TEXT007: a cue that reaches one way asserts one thing."""
    for path, document in content.each(AssertionCues):
        for key in ("before", "after"):
            cues = [each for each in _cues(document) if each.where[-2] == key]
            yield from _twice(content, path, cues, "TEXT007")


def order_words_mean_one_thing(content: Catalogue) -> Iterator[Issue]:
    """TEXT008: a word of orders means one region, and one contrast."""
    for path, document in content.each(OrderWords):
        for key in ("body-regions", "contrast"):
            words = [each for each in _order_words(document) if each.where[0] == key]
            yield from _twice(content, path, words, "TEXT008")


def _twice(content: Catalogue, path: str, phrases: list[_Written], code: str) -> Iterator[Issue]:
    """Yield each phrase of which a form is also in a list that means something else."""
    if len({phrase.group for phrase in phrases}) < 2:  # noqa: PLR2004 - nothing to be confused
        return
    known: dict[tuple[str, ...], _Written] = {}
    for phrase in phrases:
        try:
            read = _parsed(phrase.text).forms(_MOST_FORMS)
        except ValueError:  # reported by TEXT005
            continue
        if known.keys().isdisjoint(read):
            known.update(dict.fromkeys(read, phrase))
            continue
        for words in read:
            other = known.setdefault(words, phrase)
            if other.group != phrase.group:
                said = f"'{' '.join(words)}' is both '{other.group}' and '{phrase.group}'"
                yield content.issue(path, phrase.where, code, said, "keep it in one of them")
                break


def _all(content: Catalogue) -> Iterator[tuple[str, _Written]]:
    for path, value_set in content.each(ValueSet):
        yield from ((path, each) for each in _value_set(value_set))
    for path, cues in content.each(AssertionCues):
        yield from ((path, each) for each in _cues(cues))
    for path, words in content.each(OrderWords):
        yield from ((path, each) for each in _order_words(words))


def _value_set(document: ValueSet) -> list[_Written]:
    return [
        _Written(text, (key, number), key)
        for key, texts in (
            ("phrases", document.phrases),
            ("suggestive-phrases", document.suggestive_phrases),
            ("excluded-phrases", document.excluded_phrases),
            ("denying-phrases", document.denying_phrases),
            ("narrower-phrases", document.narrower_phrases),
            ("broader-phrases", document.broader_phrases),
        )
        for number, text in enumerate(texts)
    ]


def _cues(document: AssertionCues) -> list[_Written]:
    found = [
        _Written(text, ("assertions", place, key, number), group.says)
        for place, group in enumerate(document.assertions)
        for key, texts in (("before", group.before), ("after", group.after))
        for number, text in enumerate(texts)
    ]
    for key, texts in (("ends", document.ends), ("look-alikes", document.look_alikes)):
        found += [_Written(text, (key, number), key) for number, text in enumerate(texts)]
    return found


def _order_words(document: OrderWords) -> list[_Written]:
    found = [
        _Written(text, (key, place, "words", number), word.means)
        for key, group in (
            ("modalities", document.modalities),
            ("body-regions", document.body_regions),
            ("contrast", document.contrast),
        )
        for place, word in enumerate(group)
        for number, text in enumerate(word.words)
    ]
    found += [
        _Written(text, ("not-imaging", number), "not-imaging")
        for number, text in enumerate(document.not_imaging)
    ]
    return found


CHECKS = (
    phrases_can_be_read,
    phrases_mean_one_thing,
    cues_assert_one_thing,
    order_words_mean_one_thing,
)
