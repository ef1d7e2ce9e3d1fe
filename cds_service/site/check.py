"""All rules that a site file must keep, held against the content it is used with."""

from collections.abc import Callable, Iterator

from cds_service.content.issue import Issue
from cds_service.content.library import ORDER_NOT_ASSESSED, Content
from cds_service.content.load import Loaded
from cds_service.content.model import OverrideReasons, Texts
from cds_service.site import ordering, switching, values
from cds_service.site.names import nearest
from cds_service.site.read import SiteFile
from cds_service.site.written import shown_cards, written_rules

_CHECKS: tuple[Callable[[SiteFile, Content], Iterator[Issue]], ...] = (
    values.parameters_exist_and_fit,
    ordering.order_codes_mean_one_thing,
    ordering.added_codes_are_new,
    switching.switches_name_rules,
    switching.switches_change_something,
    switching.cards_exist,
    switching.caps_lower_something,
    switching.serious_harm_is_shown,
    switching.something_is_left,
)


def check_site(file: SiteFile, loaded: Loaded, content: Content) -> list[Issue]:
    """Return every problem of `file`, of reading and of meaning, by path and line.

    `content` is `loaded` compiled without any site.
    """
    found = [issue for rule in _CHECKS for issue in rule(file, content)]
    found += _language(file, loaded, content)
    found += _links(file, content)
    found += _suggestions(file, content)
    found += _reasons(file, loaded, content)
    return sorted({*file.issues, *found})


def _language(file: SiteFile, loaded: Loaded, content: Content) -> Iterator[Issue]:
    """SITE002: every card that a rule shows has a text in the language."""
    texts = [
        doc
        for doc in loaded.documents.values()
        if isinstance(doc, Texts) and doc.status == "active"
    ]
    needed = shown_cards(written_rules(content)) | {ORDER_NOT_ASSESSED}
    wanted = file.site.language
    missing = needed - {card.id for doc in texts if doc.language == wanted for card in doc.cards}
    if missing:
        said = f"{len(missing)} of {len(needed)} cards have no text in '{wanted}'"
        languages = ", ".join(sorted({doc.language for doc in texts})) or "no language"
        hint = f"the content has the languages {languages}"
        yield file.issue(("language",), "SITE002", said, hint)


def _links(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE011, REF006, REF009: a link is for a card or for a topic that exists."""
    cards = shown_cards(written_rules(content))
    topics = {topic.topic.id for topic in content.topics_as_written}
    for number, link in enumerate(file.site.links):
        here = ("links", number)
        if bool(link.card) == bool(link.topic):
            said = "the link names a card and a topic" if link.card else "the link is for nothing"
            yield file.issue(here, "SITE011", said, "name either a 'card' or a 'topic'")
        elif link.card and link.card not in cards:
            said, hint = f"there is no card '{link.card}'", nearest(link.card, cards)
            yield file.issue((*here, "card"), "REF006", said, hint)
        elif link.topic and link.topic not in topics:
            said, hint = f"there is no topic '{link.topic}'", nearest(link.topic, topics)
            yield file.issue((*here, "topic"), "REF009", said, hint)


def _suggestions(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE009: a procedure with a code of the site is one that can be suggested."""
    proposed = {name for name, known in content.procedures.items() if known.suggestable}
    for topic in content.topics_as_written:
        proposed.update(name for rule in topic.recommendations for name in rule.remedy.order)
    for safety in content.safety_rules_as_written:
        proposed.update(name for state in safety.states for name in state.remedy.order)
    for number, each in enumerate(file.site.suggestions):
        if each.procedure in content.procedures and each.procedure not in proposed:
            said = f"no rule ever suggests '{each.procedure}'"
            hint = "to have it understood in orders, list it under 'orders'"
            yield file.issue(("suggestions", number, "procedure"), "SITE009", said, hint)


def _reasons(file: SiteFile, loaded: Loaded, content: Content) -> Iterator[Issue]:
    """REF007, ID008, SITE009: reasons that cards offer exist, each once, and are offered."""
    site = file.site
    shipped = {
        reason.code
        for doc in loaded.documents.values()
        if isinstance(doc, OverrideReasons) and doc.status == "active"
        for reason in doc.reasons
    }
    own = [reason.code for reason in site.override_reasons]
    known = shipped | set(own)
    for card, codes in site.cards.override_reasons.items():
        for number, code in enumerate(codes):
            if code not in known:
                offer = ("cards", "override-reasons", card, number)
                said = f"there is no override reason '{code}'"
                yield file.issue(offer, "REF007", said, nearest(code, known))
    offered = {code for codes in site.cards.override_reasons.values() for code in codes}
    offered |= {
        reason.code
        for card, reasons in content.override_reasons.items()
        if card not in site.cards.override_reasons
        for reason in reasons
    }
    for number, code in enumerate(own):
        where = ("override-reasons", number, "code")
        if code in own[:number]:
            yield file.issue(where, "ID008", f"another reason has the code '{code}'", "keep one")
        elif code not in offered:
            hint = "list it for a card under 'cards: override-reasons'"
            yield file.issue(where, "SITE009", f"no card offers the reason '{code}'", hint)
