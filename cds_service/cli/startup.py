"""From settings to content that may be used, the same way for every command."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cds_service.cli.beside import checked
from cds_service.content.compile import compile_content
from cds_service.content.issue import Issue
from cds_service.content.library import Content
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import ValueSetExpansions
from cds_service.engine.policy import Policy
from cds_service.settings import Settings, SettingsError, variable
from cds_service.site.apply import local, policy
from cds_service.site.check import check_site
from cds_service.site.read import SiteFile, read_site

NO_PROOF = "CASE"
"""Issue codes that start so say that a case is missing, not that the content cannot be used."""


class ContentRefused(Exception):  # noqa: N818 - it reads as what happened
    """Raised when clinical content, or the site file, has errors; `issues` are all problems."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        """Keep `issues`, warnings among them."""
        self.issues = tuple(issues)
        super().__init__("\n".join(map(str, self.issues)))


@dataclass(frozen=True, slots=True)
class InForce:
    """What a site uses: its content, its policy, and the warnings about its file.

    `shipped` is the content without the site, and `site` the file, if there is one.
    """

    content: Content
    policy: Policy
    shipped: Content
    site: SiteFile | None = None
    remarks: tuple[Issue, ...] = ()


def environment() -> Settings:
    """Return the settings in the environment of this process.

    Raises:
        SettingsError: settings have wrong values; the text names every one of them.
    """
    return Settings.from_environment(os.environ)


def load_checked(directory: Path | None) -> Loaded:
    """Return the documents in `directory`, or of the content in use, that passed the check.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no such directory.
        SettingsError: settings have wrong values.
    """
    loaded = load(directory or content_directory(environment().cards_dir))
    problems = checked(loaded)
    if any(each.severity == "error" for each in problems):
        raise ContentRefused(problems)
    return loaded


def open_content(settings: Settings) -> Content:
    """Return the content that `settings` name, checked and compiled with what the site adds.

    Raises:
        ContentRefused: it has errors, or the site file has.
        ContentNotFound: there is none.
        SettingsError: the site file cannot be opened.
    """
    return open_site(settings).content


def open_site(settings: Settings) -> InForce:
    """Return the content that `settings` name, and how the site uses it.

    Raises:
        ContentRefused: the content has errors, or the site file has.
        ContentNotFound: there is no content.
        SettingsError: the site file cannot be opened.
    """
    loaded = load(content_directory(settings.cards_dir))
    return compiled(loaded, settings, checked(loaded))


def compiled(loaded: Loaded, settings: Settings, problems: Iterable[Issue]) -> InForce:
    """Return `loaded` compiled as the site uses it, unless `problems` has an error.

    Raises:
        ContentRefused: `problems` or the site file have errors; all of both are given.
        SettingsError: the site file cannot be opened.
    """
    site = _read(settings.site_file) if settings.site_file else None
    found = [*problems, *(site.issues if site else ())]
    if any(each.severity == "error" for each in found):
        raise ContentRefused(found)
    documents = loaded.documents.values()
    shipped = compile_content(documents, loaded.content_version)
    if site is None:
        return InForce(shipped, Policy(), shipped)
    remarks = check_site(site, loaded, shipped)
    if any(each.severity == "error" for each in remarks):
        raise ContentRefused([*problems, *remarks])
    expansions, wrong = _expansions(site, loaded)
    if any(each.severity == "error" for each in wrong):
        raise ContentRefused([*problems, *remarks, *wrong])
    added = local(site, shipped)
    content = compile_content(documents, loaded.content_version, added, expansions)
    remarks = [*remarks, *wrong]
    return InForce(content, policy(site.site), shipped, site, tuple(remarks))


def _expansions(site: SiteFile, loaded: Loaded) -> tuple[list[ValueSetExpansions], list[Issue]]:
    """Return the expansions that the site file names, and what is wrong with them."""
    if not site.expansions:
        return [], []
    # it brings rules of the check along, see `checked`
    from cds_service.content.expansions import read_expansions  # noqa: PLC0415

    documents: list[ValueSetExpansions] = []
    issues: list[Issue] = []
    for path in site.expansions:
        document, found = read_expansions(path, loaded)
        issues += found
        if document is not None:
            documents.append(document)
    return documents, issues


def _read(path: Path) -> SiteFile:
    try:
        return read_site(path)
    except OSError as problem:
        raise SettingsError(
            f"{variable('site_file')} names the file {path}, which cannot be read"
            f" ({problem.strerror or 'no reason given'})."
        ) from None
