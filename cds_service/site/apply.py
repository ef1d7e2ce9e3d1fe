"""A site file as what the content and the engine take: its own part of the content, its policy."""

from cds_service.content.library import SITE_SOURCE, Content
from cds_service.content.local import Local, LocalCoding, LocalLink, PresetReason
from cds_service.content.model import Concept, ConceptGroup
from cds_service.engine.policy import Policy
from cds_service.fhir.codes import Code, system_name
from cds_service.site.codes import TEXT, local_code, text_key, written_system
from cds_service.site.model import AddedCode, Site
from cds_service.site.ordering import order_rows
from cds_service.site.read import SiteFile
from cds_service.site.written import written_rules

REASON_SYSTEM = "urn:imaging-order-advisor:site-override-reason"
"""The code system of a site's reasons for which it names none."""


def policy(site: Site) -> Policy:
    """Return how much `site` wants to be said, and how loudly."""
    return Policy(
        max_cards_per_order=site.cards.most_per_order,
        disabled_cards=frozenset(site.cards.switched_off),
        indicator_caps=dict(site.cards.indicator_caps),
        rules_off=frozenset(site.rules.switched_off),
    )


def local(file: SiteFile, content: Content) -> Local:
    """Return what a site adds to `content`, which is compiled without any site.

    The file has passed the check.
    """
    site = file.site
    codes: dict[Code, str] = {}
    texts: dict[str, str] = {}
    for (row, _, _), implied in order_rows(file):
        if row.system == TEXT and not implied:
            texts[text_key(row.code)] = row.procedure
        else:
            codes[local_code(row.system, row.code)] = row.procedure
    suggested: dict[str, tuple[LocalCoding, ...]] = {}
    for each in site.suggestions:
        coding = LocalCoding(written_system(each.code.system), each.code.code, each.code.display)
        suggested[each.procedure] = (*suggested.get(each.procedure, ()), coding)
    return Local(
        digest=file.digest,
        language=site.language,
        parameters={name: str(value) for name, value in site.parameters.items()},
        switched_on=frozenset(site.rules.switched_on),
        order_codes=codes,
        order_texts=texts,
        suggested=suggested,
        override_reasons=_reasons(site, content),
        card_override_reasons=dict(site.cards.override_reasons),
        links=_links(site, content),
        value_sets={name: _groups(added) for name, added in site.value_sets.items()},
        expansions=tuple(file.expansions),
    )


def _reasons(site: Site, content: Content) -> dict[str, PresetReason]:
    """Return the site's reasons; one with a shipped code and no system keeps the shipped system."""
    shipped = {each.code for reasons in content.override_reasons.values() for each in reasons}
    return {
        each.code: PresetReason(
            each.code,
            each.display,
            each.system or ("" if each.code in shipped else REASON_SYSTEM),
        )
        for each in site.override_reasons
    }


def _links(site: Site, content: Content) -> dict[str, tuple[LocalLink, ...]]:
    """Return the links of each rule's card, by rule id, in the order of the file.

    A topic's links are for its own rules: a safety rule may show the same card for other reasons.
    """
    return {
        rule.id: links
        for rule in written_rules(content)
        if (
            links := tuple(
                LocalLink(link.label, link.url, link.instead)
                for link in site.links
                if (link.card and link.card == rule.card)
                or (link.topic and link.topic == rule.topic)
            )
        )
    }


def _groups(added: tuple[AddedCode, ...]) -> tuple[ConceptGroup, ...]:
    """Return added codes as groups of a value set, one for each code system."""
    systems: dict[str, list[AddedCode]] = {}
    for each in added:
        systems.setdefault(system_name(each.system), []).append(each)
    return tuple(
        ConceptGroup(
            system=system,
            source=SITE_SOURCE,
            codes=tuple(
                Concept(
                    code=each.code,
                    label=each.label,
                    role="weak" if each.role == "weak" else "include",
                )
                for each in codes
            ),
        )
        for system, codes in systems.items()
    )
