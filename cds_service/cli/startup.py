"""From settings to content that may be used, the same way for every command."""

import os
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from cds_service.content import strict_yaml
from cds_service.content.check import check
from cds_service.content.issue import Issue, issue
from cds_service.content.library import Content, compile_content
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import Parameter, Parameters, Texts
from cds_service.fhir.dates import parse_duration
from cds_service.settings import Settings, SettingsError

NO_PROOF = "CASE"
"""Issue codes that start so say that a case is missing, not that the content cannot be used."""

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_LONGEST_MONTHS = 150 * 12
_LONGEST_DAYS = 150 * 366


class ContentRefused(Exception):  # noqa: N818 - it reads as what happened
    """Raised when clinical content has errors; `issues` are all its problems, by place."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        """Keep `issues`, warnings among them."""
        self.issues = tuple(issues)
        super().__init__("\n".join(map(str, self.issues)))


def environment() -> Settings:
    """Return the settings in the environment of this process.

    Raises:
        SettingsError: settings have wrong values; the text names every one of them.
    """
    return Settings.from_environment(os.environ)


def open_content(settings: Settings) -> Content:
    """Return the content that `settings` name, checked and compiled.

    Raises:
        ContentRefused: it has errors, or the site's parameter values have.
        ContentNotFound: there is none.
        SettingsError: a setting does not fit the content.
    """
    loaded = load(content_directory(settings.cards_dir))
    return compiled(loaded, settings, check(loaded))


def compiled(loaded: Loaded, settings: Settings, problems: Iterable[Issue]) -> Content:
    """Return `loaded` compiled with the site's values, unless `problems` has an error.

    Raises:
        ContentRefused: `problems` or the site's values have errors; all of both are given.
        SettingsError: a setting does not fit the content.
    """
    overrides, wrong = _site_parameters(loaded, settings.site_parameters)
    found = [*problems, *wrong]
    if any(each.severity == "error" for each in found):
        raise ContentRefused(found)
    content = compile_content(
        loaded.documents.values(),
        loaded.content_version,
        language=settings.language,
        overrides=overrides,
    )
    _fits(settings, content, loaded)
    return content


def _fits(settings: Settings, content: Content, loaded: Loaded) -> None:
    """Refuse settings that name a language or cards the content does not have.

    A card without its text would fail on the first patient, and a card that is switched off under
    a mistyped name would still be shown.
    """
    shown = set(_cards(content))
    wrong = []
    if missing := sorted(shown - set(content.texts)):
        texts = [doc for doc in loaded.documents.values() if isinstance(doc, Texts)]
        languages = ", ".join(sorted({text.language for text in texts if text.status == "active"}))
        wrong.append(
            f"  CDS_LANGUAGE is {settings.language!r}, in which {len(missing)} of {len(shown)}"
            f" cards have no text; the content has texts in {languages or 'no language'}"
        )
    if unknown := [name for name in settings.disabled_cards if name not in shown]:
        wrong.append(
            f"  CDS_DISABLED_CARDS names no card with {', '.join(map(repr, unknown))};"
            f" the cards are {', '.join(sorted(shown))}"
        )
    if wrong:
        raise SettingsError("\n".join(["These settings do not fit the clinical content:", *wrong]))


def _cards(content: Content) -> Iterator[str]:
    for topic in content.topics:
        yield from (rule.card for rule in topic.recommendations)
    for rule in content.safety_rules:
        yield from (state.card for state in rule.states if state.card)


def _site_parameters(loaded: Loaded, path: Path | None) -> tuple[dict[str, str], list[Issue]]:
    """Return a site's values by parameter id, and what is wrong with them."""
    if path is None:
        return {}, []
    try:
        data, positions, issues = strict_yaml.read(path)
    except OSError as problem:
        raise SettingsError(
            f"CDS_SITE_PARAMETERS names the file {path}, which cannot be read"
            f" ({problem.strerror or 'no reason given'})."
        ) from None
    if data is not None and not isinstance(data, dict):
        hint = "write one line 'parameter-id: value' for each value of the site"
        said = "this is not a list of parameters with their values"
        issues.append(issue(str(path), positions.at(()), "SCHEMA005", said, hint))
    if not isinstance(data, dict):
        return {}, issues
    known = _parameters(loaded)
    values = {}
    for name, value in data.items():
        if name not in known:
            hint = f"the parameters are {', '.join(sorted(known))}"
            said = f"there is no parameter '{name}'"
            issues.append(issue(str(path), positions.key((name,)), "REF002", said, hint))
        elif hint := _wrong_value(known[name], value):
            said = f"'{value}' is no value of the parameter '{name}'"
            issues.append(issue(str(path), positions.at((name,)), "PARAM006", said, hint))
        else:
            values[name] = str(value)
    return values, issues


def _parameters(loaded: Loaded) -> dict[str, Parameter]:
    return {
        parameter.id: parameter
        for doc in loaded.documents.values()
        if isinstance(doc, Parameters) and doc.status == "active"
        for parameter in doc.parameters
    }


def _wrong_value(parameter: Parameter, value: Any) -> str:
    """Return what `value` would have to be, or the empty string if it can be used."""
    text = "" if isinstance(value, bool | list | dict) or value is None else str(value)
    if parameter.unit:
        try:
            usable = bool(_NUMBER.fullmatch(text)) and Decimal(text).is_finite()
        except InvalidOperation:
            usable = False
        return (
            ""
            if usable
            else f"write a number, such as {parameter.value}; its unit stays {parameter.unit}"
        )
    try:
        months, days = parse_duration(text)
        usable = months <= _LONGEST_MONTHS and days <= _LONGEST_DAYS
    except ValueError:
        usable = False
    return "" if usable else f"write an ISO 8601 duration, such as {parameter.value}"
