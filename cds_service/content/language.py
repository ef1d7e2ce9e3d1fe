"""The phrases, cues and order words of one language, compiled for reading text."""

from collections.abc import Iterable, Iterator

from cds_service.content.model import AssertionCues, Joined, OrderWords, ValueSet
from cds_service.text.assertion import Assertion, Cue, End, Listed
from cds_service.text.mentions import Meaning, Phrase, TextIndex
from cds_service.text.order_text import OrderTerm, OrderTextReader


def text_index(value_sets: Iterable[ValueSet], cues: AssertionCues | None) -> TextIndex:
    """Return the index of the phrases of `value_sets`, read with `cues`."""
    known = tuple(value_sets)
    phrases: list[tuple[str, Meaning]] = list(_phrases(known))
    if cues is not None:
        phrases += _cues(cues)
    lasting = frozenset(value_set.id for value_set in known if value_set.lasting)
    if cues is None:
        return TextIndex(phrases, lasting)
    listed = dict.fromkeys(cues.complaints, Listed.NEW) | dict.fromkeys(cues.sought, Listed.SOUGHT)
    return TextIndex(phrases, lasting, cues.known_words, listed)


def order_text_reader(words: OrderWords | None) -> OrderTextReader:
    """Return the reader of order texts in `words`; without them it recognises nothing."""
    if words is None:
        return OrderTextReader((), {}, {})
    phrases = [
        (text, OrderTerm(axis, word.means, word.contrast, word.body_region))
        for axis, group in (
            ("modality", words.modalities),
            ("body-region", words.body_regions),
            ("contrast", words.contrast),
        )
        for word in group
        for text in word.words
    ]
    phrases += [(text, OrderTerm("not-imaging")) for text in words.not_imaging]
    return OrderTextReader(
        phrases, _by_parts(words.joined_modalities), _by_parts(words.joined_regions)
    )


def _phrases(value_sets: Iterable[ValueSet]) -> Iterator[tuple[str, Meaning]]:
    for value_set in value_sets:
        for role, texts in (
            ("include", value_set.phrases),
            ("weak", value_set.suggestive_phrases),
            ("exclude", value_set.excluded_phrases),
            ("deny", value_set.denying_phrases),
            ("narrower", value_set.narrower_phrases),
            ("broader", value_set.broader_phrases),
        ):
            for text in texts:
                yield text, Phrase(value_set.id, role)


def _cues(document: AssertionCues) -> Iterator[tuple[str, Meaning]]:
    for rank, group in enumerate(document.assertions):
        says = Assertion(group.says)
        for text in group.before:
            yield text, Cue(says, False, group.reach, group.over_commas, rank, group.ended)
        for text in group.after:
            yield text, Cue(says, True, group.reach_back, group.over_commas, rank, group.ended)
    for text in document.ends:
        yield text, End(False)
    for text in document.look_alikes:
        yield text, End(True, backwards=False)
        yield text, End(True, backwards=True)


def _by_parts(joined: Iterable[Joined]) -> dict[frozenset[str], str]:
    return {frozenset(each.parts): each.means for each in joined}
