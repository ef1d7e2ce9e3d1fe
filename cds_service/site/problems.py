"""Problems in a site file: what they are called, beside those it shares with clinical content.

Codes are stable: a code that is no longer used is never given to another rule.
"""

from cds_service.content.issue import RULES, Issue, Rule

SITE_RULES: dict[str, Rule] = {
    "SITE001": Rule("error", "A file that the site file names cannot be read."),
    "SITE002": Rule("error", "The content does not have every card text in this language."),
    "SITE003": Rule("error", "There is no such rule."),
    "SITE004": Rule("error", "Two rows give one code of the site's orders different meanings."),
    "SITE005": Rule("warning", "A row says again what another row or the content says already."),
    "SITE006": Rule("warning", "A code of the site is also a standard code for something else."),
    "SITE007": Rule("warning", "Everything is switched off: no card is ever shown."),
    "SITE008": Rule("error", "A rule is switched off and on."),
    "SITE009": Rule("warning", "The entry changes nothing."),
    "SITE010": Rule("error", "The table of order codes cannot be read as one."),
    "SITE011": Rule("error", "A link does not name either a card or a topic."),
    "SITE012": Rule("error", "The value set has this code already; a site only adds."),
    "SITE013": Rule("error", "A standard code or name is given a meaning that it does not have."),
    "SITE014": Rule("warning", "A row of the table names no procedure: its code stays unknown."),
    "SITE015": Rule("warning", "A card about serious harm is shown with less urgency, or is off."),
    "SITE016": Rule("warning", "A number is far from the shipped one: its unit may be wrong."),
}
"""Every issue code that only site files have. ``docs/site.md`` shows this table."""


def problem(path: str, place: tuple[int, int], code: str, message: str, hint: str = "") -> Issue:
    """Return the issue `code`, of content or of site files, at `place` (line and column).

    Raises:
        KeyError: there is no such code.
    """
    line, column = place
    rule = SITE_RULES[code] if code in SITE_RULES else RULES[code]
    return Issue(path, line, column, code, rule.severity, message, hint)
