"""Checks of what a site switches on, off, or shows with less urgency."""

from collections.abc import Iterator

from cds_service.content.issue import Issue
from cds_service.content.library import Content
from cds_service.content.yaml_places import KeyPath
from cds_service.engine.policy import EVERY_CARD
from cds_service.site.names import nearest
from cds_service.site.read import SiteFile
from cds_service.site.written import shown_cards, switchable, written_rules


def switches_name_rules(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE003, SITE008: what is switched is a rule, and is not switched both ways."""
    known = switchable(written_rules(content))
    switched = file.site.rules
    lists = {"switched-off": switched.switched_off, "switched-on": switched.switched_on}
    for key, names in lists.items():
        for number, name in enumerate(names):
            where = ("rules", key, number)
            if name not in known:
                yield file.issue(
                    where, "SITE003", f"there is no rule '{name}'", nearest(name, known)
                )
            elif key == "switched-on" and name in switched.switched_off:
                said = f"'{name}' is switched off and on"
                yield file.issue(where, "SITE008", said, "take it out of one of the lists")


def switches_change_something(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE009: only what is off by default is switched on, and only what is on is switched off."""
    rules = written_rules(content)
    dormant = {name for rule in rules for name in rule.needs}
    on = file.site.rules.switched_on
    for number, name in enumerate(on):
        whole = name.partition(".")[0]
        where = ("rules", "switched-on", number)
        if name in dormant:
            if whole in dormant and whole not in on:
                said = f"'{name}' stays off: its rule is off by default"
                yield file.issue(where, "SITE009", said, f"switch '{whole}' on too")
        elif name in switchable(rules):
            inside = sorted(each for each in dormant if each.startswith(f"{name}."))
            hint = f"its states can be: {', '.join(inside)}" if inside else "take it out"
            yield file.issue(where, "SITE009", f"'{name}' is on anyway", hint)
    for number, name in enumerate(file.site.rules.switched_off):
        meant = [rule for rule in rules if name in (rule.id, rule.safety_rule)]
        if meant and not any(rule.in_force(file.site) for rule in meant):
            said = f"'{name}' is off by default"
            yield file.issue(("rules", "switched-off", number), "SITE009", said, "take it out")


def cards_exist(file: SiteFile, content: Content) -> Iterator[Issue]:
    """REF006: a card that is switched off, capped or given reasons is one that a rule shows."""
    known = shown_cards(written_rules(content))
    cards = file.site.cards
    for number, name in enumerate(cards.switched_off):
        if name not in known:
            where: KeyPath = ("cards", "switched-off", number)
            yield file.issue(where, "REF006", f"there is no card '{name}'", nearest(name, known))
    for key, names in (
        ("indicator-caps", set(cards.indicator_caps) - {EVERY_CARD}),
        ("override-reasons", set(cards.override_reasons)),
    ):
        for name in sorted(names - known):
            said = f"there is no card '{name}'"
            yield file.issue_of_key(("cards", key, name), "REF006", said, nearest(name, known))


def caps_lower_something(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE009: a cap is below what a rule shows its card with, or an exception from the general."""
    caps = file.site.cards.indicator_caps
    rules = written_rules(content)
    for card, cap in caps.items():
        urgent = [rule.indicator.rank for rule in rules if rule.card == card and rule.indicator]
        if urgent and min(urgent) >= cap.rank and EVERY_CARD not in caps:
            said = f"'{card}' is never more urgent than '{cap.value}'"
            yield file.issue(("cards", "indicator-caps", card), "SITE009", said, "take it out")


def serious_harm_is_shown(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE015: a card about serious harm is not lowered or switched off without a word."""
    site = file.site
    for rule in written_rules(content):
        if not (rule.serious and rule.card and rule.in_force(site)):
            continue
        here = f"'{rule.id}' ({rule.effect or 'critical'})"
        cap = site.cards.indicator_caps.get(rule.card, site.cards.indicator_caps.get(EVERY_CARD))
        if rule.off(site):
            number = next(
                at
                for at, name in enumerate(site.rules.switched_off)
                if name in (rule.id, rule.safety_rule)
            )
            said = f"{here} warns of serious harm and is switched off"
            yield file.issue(("rules", "switched-off", number), "SITE015", said, _DECIDE)
        elif rule.card in site.cards.switched_off:
            number = site.cards.switched_off.index(rule.card)
            said = f"{here} warns of serious harm, and its card '{rule.card}' is switched off"
            yield file.issue(("cards", "switched-off", number), "SITE015", said, _DECIDE)
        elif cap and rule.indicator and cap.rank > rule.indicator.rank:
            key = rule.card if rule.card in site.cards.indicator_caps else EVERY_CARD
            said = (
                f"{here} warns of serious harm, and its card '{rule.card}' is shown as"
                f" '{cap.value}' instead of '{rule.indicator.value}'"
            )
            yield file.issue(("cards", "indicator-caps", key), "SITE015", said, _DECIDE)


def something_is_left(file: SiteFile, content: Content) -> Iterator[Issue]:
    """SITE007: at least one rule can still show a card."""
    rules = written_rules(content)
    if rules and not any(rule.speaks(file.site) for rule in rules):
        where = ("cards", "switched-off") if file.site.cards.switched_off else ("rules",)
        said = "no card is ever shown"
        hint = "right only for a silent trial; calls are answered and counted"
        yield file.issue(where, "SITE007", said, hint)


_DECIDE = "whoever answers for this at the site should have decided it"
