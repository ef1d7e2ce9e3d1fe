"""Reading a site file and the files it names, without stopping at a problem."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cds_service.content import schema, strict_yaml
from cds_service.content.issue import Issue
from cds_service.content.yaml_places import KeyPath, Positions
from cds_service.site.model import Site
from cds_service.site.problems import problem
from cds_service.site.table import COLUMNS, PlacedRow, read_table

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_SCHEMA = Path(__file__).with_name("site.schema.json")
_DIGEST_LENGTH = 8
_EMPTY = "write a key, or name no site file: then everything is as shipped"


@dataclass(slots=True)
class SiteFile:
    """What was read from a site file: its values, where each stands, and the problems so far.

    `orders` are the rows of the file and of its table. `expansions` are the paths it names.
    `digest` changes with every byte of the file and of those it names.
    """

    path: Path
    site: Site = field(default_factory=Site)
    positions: Positions = field(default_factory=Positions)
    issues: list[Issue] = field(default_factory=list)
    orders: list[PlacedRow] = field(default_factory=list)
    expansions: list[Path] = field(default_factory=list)
    digest: str = ""

    def issue(self, where: KeyPath, code: str, message: str, hint: str = "") -> Issue:
        """Return the issue `code` about the value at `where`."""
        return problem(str(self.path), self.positions.at(where), code, message, hint)

    def issue_of_key(self, where: KeyPath, code: str, message: str, hint: str = "") -> Issue:
        """Return the issue `code` about the key at the end of `where`."""
        return problem(str(self.path), self.positions.key(where), code, message, hint)


def read_site(path: Path) -> SiteFile:
    """Return the site file at `path`; what it names is relative to it.

    Raises:
        OSError: the file cannot be opened.
    """
    data, positions, issues = strict_yaml.read(path)
    issues = [
        problem(each.path, (each.line, each.column), each.code, each.message, _EMPTY)
        if each.code == "YAML002"
        else each
        for each in issues
    ]
    found = SiteFile(path, positions=positions, issues=issues)
    digest = hashlib.sha256(path.read_bytes())
    if data is not None:
        wrong = schema.differences(_validator(), data, positions, str(path))
        found.issues += wrong
        if not wrong:
            _convert(data, found)
    _read_named(found, digest)
    found.digest = digest.hexdigest()[:_DIGEST_LENGTH]
    return found


def _convert(data: object, found: SiteFile) -> None:
    try:
        found.site = msgspec.convert(data, Site, strict=True)
    except msgspec.ValidationError as wrong:
        found.issues.append(found.issue((), "SCHEMA005", str(wrong)))
        return
    for number, row in enumerate(found.site.orders):
        places = {name: found.positions.at(("orders", number, name)) for name in COLUMNS}
        found.orders.append(PlacedRow(row, str(found.path), places))


def _read_named(found: SiteFile, digest: "hashlib._Hash") -> None:
    """Read the files that the site file names, as far as they can be read."""
    beside = found.path.parent
    if name := found.site.orders_file:
        path = beside / name
        try:
            rows, issues = read_table(path)
            digest.update(path.read_bytes())
            found.orders += rows
            found.issues += issues
        except OSError as wrong:
            found.issues.append(_unreadable(found, ("orders-file",), path, wrong))
    for number, name in enumerate(found.site.expansions):
        path = beside / name
        try:
            digest.update(path.read_bytes())
            found.expansions.append(path)
        except OSError as wrong:
            found.issues.append(_unreadable(found, ("expansions", number), path, wrong))


def _unreadable(found: SiteFile, where: KeyPath, path: Path, wrong: OSError) -> Issue:
    said = f"{path} cannot be read: {wrong.strerror or 'no reason given'}"
    return found.issue(where, "SITE001", said, f"paths are relative to {found.path.name}")


@cache
def _validator() -> "Draft202012Validator":
    # it takes long to import, and not every site has a file
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
