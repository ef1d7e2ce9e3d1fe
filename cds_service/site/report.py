"""What is in force at a site, and where each value comes from, as plain data.

The keys are stable: ``imaging-advisor config --json`` prints them, and its text is made from them
alone. ``from`` is ``content`` or ``site``.

    contentVersion, siteFile (null without one)
    attention   what is silenced or lowered although it warns of serious harm, and total silence
    remarks     all other warnings about the file
    language, mostCardsPerOrder    value, from
    rules       id, title, card, source, from; indicator and shownAs (null without a card);
                effect (of safety states); state: on, off, card off, off by default; consequence
    parameters  id, title, value, unit, basis, source, note, from; shipped: value, basis, source
    orders      system, code, procedure, title, file, line
    suggestions procedure, title, system, code, display
    reasons     for each card that differs: card, reasons: code, display, system
    links       rule, label, url, instead
    valueSets   id, title, added: system, code, label, role
    expansions  files
"""

from typing import Any

from cds_service.content.issue import Issue
from cds_service.content.library import SITE_SOURCE, Content
from cds_service.content.model import Citation, Parameter
from cds_service.site.apply import policy
from cds_service.site.model import Site
from cds_service.site.ordering import order_rows
from cds_service.site.read import SiteFile
from cds_service.site.written import WrittenRule, written_rules

Row = dict[str, Any]

ATTENTION = frozenset({"SITE007", "SITE015"})
"""Warnings that nobody may overlook."""


def report(
    shipped: Content, content: Content, file: SiteFile | None, problems: tuple[Issue, ...]
) -> Row:
    """Return what is in force: `content` is `shipped` with what `file` adds."""
    site = file.site if file else Site()
    defaults = Site()
    return {
        "contentVersion": content.version,
        "siteFile": str(file.path) if file else None,
        "attention": [str(each) for each in problems if each.code in ATTENTION],
        "remarks": [str(each) for each in problems if each.code not in ATTENTION],
        "language": _value(site.language, defaults.language),
        "mostCardsPerOrder": _value(site.cards.most_per_order, defaults.cards.most_per_order),
        "rules": [_rule(rule, site) for rule in written_rules(shipped)],
        "parameters": [_parameter(parameter, site) for parameter in shipped.parameters.values()],
        "orders": _orders(file, content),
        "suggestions": [
            {
                "procedure": name,
                "title": content.procedures[name].title,
                "system": coding.system,
                "code": coding.code,
                "display": coding.display,
            }
            for name, codings in content.local.suggested.items()
            for coding in codings
        ],
        "reasons": _reasons(shipped, content),
        "links": [
            {"rule": rule, "label": link.label, "url": link.url, "instead": link.instead}
            for rule, links in content.local.links.items()
            for link in links
        ],
        "valueSets": _value_sets(content),
        "expansions": [str(path) for path in content.local.expansions],
    }


def _value(value: object, default: object) -> Row:
    return {"value": value, "from": "content" if value == default else "site"}


def _rule(rule: WrittenRule, site: Site) -> Row:
    state, consequence = _state(rule, site)
    shown = None
    if rule.card and rule.indicator:
        shown = policy(site).capped(rule.card, rule.indicator)
    capped = shown is not None and shown is not rule.indicator
    if capped and shown and rule.indicator and state == "on":
        consequence = f"shown as {shown.value} instead of {rule.indicator.value}"
    by_site = state in ("off", "card off") or bool(rule.needs and state == "on") or capped
    return {
        "id": rule.id,
        "title": rule.title,
        "card": rule.card or None,
        "indicator": rule.indicator.value if rule.card and rule.indicator else None,
        "shownAs": shown.value if shown else None,
        "effect": rule.effect or None,
        "state": state,
        "consequence": consequence,
        "source": _source(rule.citation),
        "from": "site" if by_site else "content",
    }


def _state(rule: WrittenRule, site: Site) -> tuple[str, str]:
    """Return whether a rule is on, and what that means."""
    still = "; what it excludes is still never proposed" if _excludes(rule) else ""
    if not rule.in_force(site):
        return "off by default", "no effect at all"
    if rule.off(site):
        return "off", f"no card{still}"
    if not rule.card:
        return "on", f"never a card{still}"
    if rule.card in site.cards.switched_off:
        return "card off", f"no card, because the card '{rule.card}' is switched off{still}"
    return "on", f"shows the card '{rule.card}'"


def _excludes(rule: WrittenRule) -> bool:
    return rule.effect in ("hold", "exclude")


def _parameter(shipped: Parameter, site: Site) -> Row:
    own = site.parameters.get(shipped.id)
    source = _source(shipped.source)
    return {
        "id": shipped.id,
        "title": shipped.title,
        "value": shipped.value if own is None else str(own),
        "unit": shipped.unit or None,
        "basis": shipped.basis if own is None else "site",
        "source": source if own is None else None,
        "note": (shipped.note or None) if own is None else None,
        "from": "content" if own is None else "site",
        "shipped": {"value": shipped.value, "basis": shipped.basis, "source": source},
    }


def _source(citation: Citation | None) -> Row | None:
    if citation is None:
        return None
    return {"title": citation.title, "url": citation.url, "locator": citation.locator}


def _orders(file: SiteFile | None, content: Content) -> list[Row]:
    return [
        {
            "system": placed.row.system,
            "code": placed.row.code,
            "procedure": placed.row.procedure,
            "title": content.procedures[placed.row.procedure].title,
            "file": placed.path,
            "line": placed.places["code"][0],
        }
        for placed, _ in (order_rows(file) if file else ())
    ]


def _reasons(shipped: Content, content: Content) -> list[Row]:
    return [
        {
            "card": card,
            "reasons": [
                {"code": each.code, "display": each.display, "system": each.system}
                for each in reasons
            ],
        }
        for card, reasons in content.override_reasons.items()
        if reasons != shipped.override_reasons.get(card, reasons)
    ]


def _value_sets(content: Content) -> list[Row]:
    return [
        {
            "id": name,
            "title": content.value_sets[name].title,
            "added": [
                {
                    "system": group.system,
                    "code": concept.code,
                    "label": concept.label,
                    "role": concept.role,
                }
                for group in content.value_sets[name].concepts
                if group.source == SITE_SOURCE
                for concept in group.codes
            ],
        }
        for name in content.local.value_sets
    ]
