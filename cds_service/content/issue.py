"""Problems in clinical content: what they are called, where they are, and what to do.

Codes are stable: a code that is no longer used is never given to another rule.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """What an issue code means, in one line, and whether content with it may be used."""

    severity: Severity
    meaning: str


def _error(meaning: str) -> Rule:
    return Rule("error", meaning)


def _warning(meaning: str) -> Rule:
    return Rule("warning", meaning)


RULES: dict[str, Rule] = {
    # How the file is written
    "FILE001": _error("The file would not be read: the name of a content file ends in .yaml."),
    "FILE002": _error("The content directory holds no content."),
    "YAML001": _error("The file is not plain UTF-8 text, or starts with a byte order mark."),
    "YAML002": _error("The file is empty."),
    "YAML003": _error("The file is not well-formed YAML."),
    "YAML004": _error("There is a tab in the file; indent and separate with blanks."),
    "YAML005": _error("A key is given twice in one place."),
    "YAML006": _error("Anchors and aliases (& and *) are not used in content."),
    "YAML007": _error("Tags (!) are not used in content."),
    "YAML008": _error("There is more than one document in the file."),
    "YAML009": _error("A key is not a plain word."),
    # What the kind of document allows
    "SCHEMA001": _error("The document does not say which kind it is, or the kind is unknown."),
    "SCHEMA002": _error("A key is not one this place has."),
    "SCHEMA003": _error("A key is missing."),
    "SCHEMA004": _error("A word is not one of those allowed here."),
    "SCHEMA005": _error("A value is of the wrong sort, for example a list instead of a text."),
    "SCHEMA006": _error("A text is not written in the way that is needed here."),
    "SCHEMA007": _error("A code or a version is not in quotes and was read as a number."),
    "SCHEMA008": _error("A text or list is empty, too short or too long, or repeats an entry."),
    # Ids
    "ID001": _error("Two documents of one kind have the same id."),
    "ID002": _error("Two findings have the same id."),
    "ID003": _error("Two variants have the same id."),
    "ID004": _error("Two procedures have the same id."),
    "ID005": _error("Two parameters have the same id."),
    "ID006": _error("Two recommendations have the same id."),
    "ID007": _error("Two card texts of one language have the same id."),
    "ID008": _error("Two override reasons have the same code."),
    "ID009": _error("Two states of one safety rule have the same id."),
    "ID010": _error("Two sources of one document have the same id."),
    "ID011": _error("A radiation level is given twice."),
    "ID012": _error("Two estimates have the same id."),
    # What refers to what
    "REF001": _error("There is no such value set."),
    "REF002": _error("There is no such parameter."),
    "REF003": _error("There is no such finding."),
    "REF004": _error("There is no such variant."),
    "REF005": _error("There is no such procedure."),
    "REF006": _error("There is no such card text."),
    "REF007": _error("There is no such override reason."),
    "REF008": _error("The document lists no such source."),
    "REF009": _error("There is no such topic."),
    "REF010": _error("There is no such radiation level."),
    "REF011": _error("Findings are not read from this type of FHIR resource."),
    "REF012": _error("An active document refers to something that is a draft or retired."),
    "REF013": _error("A case names something that does not exist."),
    "REF014": _error("No procedure has this modality, body region or contrast."),
    "REF015": _error(
        "A parameter or card text that the program itself needs is missing or not active."
    ),
    "REF016": _error("There is no such estimate."),
    # Parameters
    "PARAM001": _error("A threshold has no unit in which this measurement can be compared."),
    "PARAM002": _error("A look-back or duration is not an ISO 8601 duration such as P12M."),
    "PARAM003": _error("An age limit is not in years (unit a)."),
    "PARAM004": _error("A published parameter does not cite its source."),
    "PARAM005": _error("A local default does not say in a note why it is so."),
    "PARAM006": _error("The value is neither a number with a unit nor a duration."),
    # Rules
    "RULE001": _error("An expression does not have the shape of one of its operators."),
    "RULE002": _error("Accepting a card would do more than one thing."),
    "RULE003": _error("Two variants of one precedence are not told apart by a split."),
    "RULE004": _warning("All states of a safety rule are off by default, but not the rule itself."),
    # Codes
    "CODE001": _error("A code stands for two procedures."),
    "CODE002": _error("A name stands for two procedures."),
    "CODE003": _error("A SNOMED CT id is mistyped: its check digit is wrong."),
    "CODE004": _error("A LOINC code is mistyped: its check digit is wrong."),
    "CODE005": _error("An ICD-10-CM code does not have the shape of one."),
    "CODE006": _error("A value set lists one code twice."),
    "CODE007": _error("A code map holds long text; licensed descriptions must not be copied."),
    "CODE008": _error("The code system is not one that records are read in."),
    "CODE009": _error("A code does not have the shape its code system gives its codes."),
    "CODE010": _warning("Descendants do nothing here: the codes do not show their hierarchy."),
    # Expansions of value sets
    "EXPAND001": _warning("The expanded value set is not in use: its descendants do not count."),
    "EXPAND002": _warning("The value set no longer counts the parent: nothing below it counts."),
    "EXPAND003": _warning("The value set has changed since it was expanded."),
    "EXPAND004": _error("The value set now excludes a code that the expansion did not leave out."),
    # Guideline tables
    "RATE001": _error("A table lacks a procedure that other tables of the topic rate."),
    "RATE002": _error("A table rates one procedure twice."),
    "RATE003": _error("An inferred rating has no note that says from what."),
    "RATE004": _error("A variant has no table of ratings."),
    "RATE005": _error("A variant has two tables of ratings."),
    # Words
    "TEXT001": _error("The summary of a card is longer than 139 characters before filling."),
    "TEXT002": _error("A text has a placeholder that is not known."),
    "TEXT003": _error("The limits are empty or too short to say when this is wrong."),
    "TEXT004": _warning("A finding's phrase compares with a number; numbers are parameters."),
    "TEXT005": _error("A phrase has no words, or a brace in it is not closed."),
    "TEXT006": _error("A value set lists a phrase in two ways, for example as one it excludes."),
    "TEXT007": _error("A cue asserts two things."),
    "TEXT008": _error("A word of orders means two regions, or two kinds of contrast."),
    # Other languages
    "TRANS001": _error("A language lacks words for something that cards can say."),
    "TRANS002": _error("Words are translated for something that does not exist."),
    "TRANS003": _error("A translation has other placeholders than the English text."),
    "TRANS004": _error("One thing is translated twice into one language."),
    "TRANS005": _error("A card offers other override reasons than the English one does."),
    "TRANS006": _error("A card has words on the limits of other studies than the English one."),
    # Proof by cases
    "CASE001": _error("A finding lacks a case that must fire or a near miss."),
    "CASE002": _error("A variant lacks a case that must fire or a near miss."),
    "CASE003": _error("A state of a safety rule lacks a case that must fire or a near miss."),
    "CASE004": _error("A recommendation lacks a case that must fire or a near miss."),
    "CASE005": _error("Two cases of one file have the same name."),
    # What nothing uses
    "USE001": _warning("No finding or topic uses the value set."),
    "USE002": _warning("Nothing uses the finding."),
    "USE003": _warning("No rule shows the card text."),
    "USE004": _warning("Nothing uses the parameter."),
    "USE005": _warning("No card text offers the override reason."),
}
"""Every issue code: its severity and what it means. ``cards/README.md`` shows this table."""


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One problem: file, place (counted from 1), code, and what the author can do about it."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    hint: str

    def __str__(self) -> str:
        """Return the issue as ``path:line:col: CODE severity: message (hint)``."""
        place = f"{self.path}:{self.line}:{self.column}"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.code} {self.severity}: {self.message}{hint}"


def issue(path: str, place: tuple[int, int], code: str, message: str, hint: str = "") -> Issue:
    """Return the issue `code` at `place` (line and column) with the severity of its rule.

    Raises:
        KeyError: `code` is not one of RULES.
    """
    line, column = place
    return Issue(path, line, column, code, RULES[code].severity, message, hint)
