"""What every card says after its own text: what else stands against the order, and what is left."""

from collections.abc import Iterator

from cds_service.content.phrasebook import Phrasebook, phrase
from cds_service.engine.advice import Advice, Assessment
from cds_service.render.words import held_back


def closing(advice: Advice, assessment: Assessment, detail: str, book: Phrasebook) -> Iterator[str]:
    """Yield the paragraphs that follow the text `detail` of a card, if they say anything.

    What a text says itself by its placeholder ``{held}`` is not said twice.
    """
    if advice.also_against:
        notes = [verdict.state.note for verdict in advice.also_against if verdict.state]
        yield book.say(phrase("also-against", reasons="; ".join(notes)))
    if advice.held and "{held}" not in detail:
        yield book.say(phrase("held-back", held="; ".join(held_back(advice.held, book))))
    if advice.none_left:
        rated = assessment.topic is not None and assessment.topic.certain
        yield book.say(phrase("none-left" if rated else "not-covered"))
    if assessment.recognised.from_text:
        yield book.say(phrase("read-from-text"))
