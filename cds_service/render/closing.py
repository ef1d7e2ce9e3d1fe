"""What every card says after its own text: what else stands against the order, and what is left."""

from collections.abc import Iterable, Iterator

from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.safety import SafetyVerdict
from cds_service.render.words import in_sentence

_ALSO = "**Also against it:** {reasons}."
_PASSED_OVER = "**Rated as well or better, but held back:** {held}."
_NONE_LEFT = (
    "**No alternative is left** among the studies the guideline rates as usually or may be"
    " appropriate. Ask the radiologist on duty which study can answer the question."
)
_NOT_COVERED = (
    "**Alternative:** no guideline table of this advisor covers this order. Ask the radiologist on"
    " duty which study can answer the question."
)
_FROM_TEXT = "*The study was read from the order's text, not from a code.*"


def closing(advice: Advice, assessment: Assessment, detail: str) -> Iterator[str]:
    """Yield the paragraphs that follow the text `detail` of a card, if they say anything.

    What a text says itself by its placeholder ``{held}`` is not said twice.
    """
    if advice.also_against:
        yield _ALSO.format(reasons="; ".join(_notes(advice.also_against)))
    if advice.held and "{held}" not in detail:
        yield _PASSED_OVER.format(held="; ".join(_held(advice.held)))
    if advice.none_left:
        yield _NONE_LEFT if assessment.topic else _NOT_COVERED
    if assessment.recognised.from_text:
        yield _FROM_TEXT


def _notes(verdicts: Iterable[SafetyVerdict]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.state is not None:
            yield verdict.state.note


def _held(verdicts: Iterable[SafetyVerdict]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.state is not None:
            yield f"{in_sentence(verdict.procedure.title)}, because {verdict.state.note}"
