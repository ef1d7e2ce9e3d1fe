"""The descendants of listed codes, as a terminology server named them on one day."""

from typing import Literal

from cds_service.content.model.base import Head, Part


class Descendant(Part, kw_only=True, frozen=True):
    """A code below a listed one, with the display of the server that named it."""

    code: str
    label: str


class DescendantGroup(Part, kw_only=True, frozen=True):
    """The codes whose nearest listed ancestor is `parent`; `role` is what it had then."""

    system: str
    parent: str
    role: Literal["include", "weak"]
    descendants: tuple[Descendant, ...]


class Expansion(Part, kw_only=True, frozen=True):
    """What one value set holds beyond its listed codes; nothing below `excluded` is in it."""

    value_set: str
    value_set_version: str
    excluded: tuple[str, ...] = ()
    groups: tuple[DescendantGroup, ...] = ()


class SystemVersion(Part, kw_only=True, frozen=True):
    """The edition and release of a code system that the server used."""

    system: str
    version: str


class ValueSetExpansions(Head, kw_only=True, frozen=True):
    """A file of expansions, made by ``imaging-advisor value-sets expand``."""

    server: str
    code_systems: tuple[SystemVersion, ...]
    expansions: tuple[Expansion, ...]
