"""Assessments as CDS Hooks cards (CDS Hooks 2.0.1, CDS Service Response)."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cds_service.content.library import ORDER_NOT_ASSESSED, Content
from cds_service.content.model import CardText, Indicator, Procedure
from cds_service.content.phrasebook import phrase
from cds_service.content.template import template
from cds_service.engine.advice import Advice, Assessment
from cds_service.fhir.read import Json
from cds_service.render.closing import closing
from cds_service.render.suggestions import RatingOf, suggestions
from cds_service.render.text import fill_detail, fill_summary
from cds_service.render.words import placeholders

CARD_SYSTEM = "urn:imaging-order-advisor:card"
OVERRIDE_SYSTEM = "urn:imaging-order-advisor:override-reason"


def cards(
    assessments: Iterable[Assessment],
    content: Content,
    new_id: Callable[[], str],
    rating: RatingOf | None = None,
) -> list[dict[str, Any]]:
    """Return the cards of all assessments, the most urgent first, in the shape of CDS Hooks 2.0.1.

    `new_id` gives a fresh UUID for each card and suggestion, for the client's feedback. `rating`
    is given where the client wants suggested orders to carry their rating.
    """
    return [
        card(advice, assessment, content, new_id, rating)
        for advice, assessment in in_order_of_cards(assessments)
    ]


def in_order_of_cards(assessments: Iterable[Assessment]) -> list[tuple[Advice, Assessment]]:
    """Return the advice behind each card with its assessment, in the order of `cards`."""
    found = [(advice, assessment) for assessment in assessments for advice in assessment.advice]
    found.sort(key=lambda pair: pair[0].indicator.rank)
    return found


def card(
    advice: Advice,
    assessment: Assessment,
    content: Content,
    new_id: Callable[[], str],
    rating: RatingOf | None = None,
) -> dict[str, Any]:
    """Return one card. Optional members without a value are left out, never empty.

    Source, override reasons and links are those of the rule: whoever changes them, copies them.
    """
    text = content.texts[advice.card]
    frame = _frame(advice, text, content)
    values = placeholders(frame.places, advice, assessment, content)
    offered = suggestions(advice, assessment, text, values, content, new_id, rating)
    whole: dict[str, Any] = {
        "uuid": new_id(),
        "summary": fill_summary(text.summary, values),
        "detail": "\n\n".join(
            [
                fill_detail(text.detail, values),
                *closing(advice, assessment, text.detail, content.phrasebook),
                frame.footer,
            ]
        ),
        "indicator": advice.indicator.value,
        "source": frame.source,
    }
    if offered:
        whole["suggestions"] = offered
        whole["selectionBehavior"] = "at-most-one"
    if frame.override_reasons:
        whole["overrideReasons"] = frame.override_reasons
    whole["links"] = frame.links
    return whole


class _Frame(NamedTuple):
    """What a card of one rule has in every patient. All cards of the rule share it as it is."""

    places: tuple[str, ...]
    """The placeholders of its texts."""
    footer: str
    source: Json
    override_reasons: list[Json]
    links: list[Json]


def _frame(advice: Advice, text: CardText, content: Content) -> _Frame:
    key = ("frame", advice.card, advice.rule_id, advice.citations)
    known: _Frame | None = content.memory.get(key)
    if known is not None:
        return known
    citation = advice.citations[0]
    texts = (text.summary, text.detail, text.suggestion, text.action)
    frame = _Frame(
        places=tuple(dict.fromkeys(name for each in texts for name in template(each).places)),
        footer=_footer(advice, content),
        source={
            "label": citation.title,
            "url": citation.url,
            "topic": {"system": CARD_SYSTEM, "code": advice.card, "display": text.title},
        },
        override_reasons=[
            {
                "code": reason.code,
                "system": reason.system or OVERRIDE_SYSTEM,
                "display": reason.display,
            }
            for reason in content.override_reasons[advice.card]
        ],
        links=_links(advice, content),
    )
    return content.memory.keep(key, frame)


def _links(advice: Advice, content: Content) -> list[Json]:
    """Return the links of a card: first the site's own, then, unless it replaces them, ours."""
    own = content.local.links.get(advice.rule_id, ())
    named = [(link.label, link.url) for link in own]
    if not any(link.instead for link in own):
        named += [(source.title, source.url) for source in advice.citations]
    return [{"label": label, "url": url, "type": "absolute"} for label, url in named]


def not_assessed(
    procedure: Procedure | None, content: Content, new_id: Callable[[], str]
) -> dict[str, Any]:
    """Return the card for an order that could not be assessed: silence would look like consent."""
    text = content.texts[ORDER_NOT_ASSESSED]
    book = content.phrasebook
    ordered = book.in_sentence(procedure.title) if procedure else book.say(phrase("imaging"))
    values = {"ordered": ordered}
    return {
        "uuid": new_id(),
        "summary": fill_summary(text.summary, values),
        "detail": fill_detail(text.detail, values),
        "indicator": Indicator.INFO.value,
        "source": {
            "label": book.say(phrase("advisor")),
            "topic": {"system": CARD_SYSTEM, "code": ORDER_NOT_ASSESSED, "display": text.title},
        },
    }


def _footer(advice: Advice, content: Content) -> str:
    """Return the line that says where the advice comes from and in which edition."""
    cited = "; ".join(f"{source.title}, {source.locator}" for source in advice.citations)
    return content.phrasebook.say(
        phrase("footer", sources=cited, rule=advice.rule_id, version=content.version)
    )
