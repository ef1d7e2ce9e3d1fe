"""One remark of lint, and how remarks that say the same are drawn together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a remark matters to the advice."""

    ERROR = "error"
    """We cannot use it."""
    WARNING = "warning"
    """Advice may be poorer for it."""
    NOTE = "note"
    """Good to know."""

    @property
    def rank(self) -> int:
        """Return 0 for the gravest severity."""
        return list(Severity).index(self)


ODD = "(odd-name)"
"""Stands for a name that may be anything, patient data too, and is therefore not quoted."""

_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Remark:
    """What is odd, where, and what to do; `times` counts the places where it is the same.

    A remark names a resource by type and id and quotes codes, code systems and units, never names,
    dates of birth or free text.
    """

    severity: Severity
    location: str
    message: str
    todo: str
    about: str = ""
    times: int = 1

    def __str__(self) -> str:
        """Return the remark on one line."""
        about = f" [{self.about}]" if self.about else ""
        more = f" (and {self.times - 1} more like it)" if self.times > 1 else ""
        return f"{self.severity}: {self.location}{about}: {self.message}{more}. {self.todo}."


def drawn_together(remarks: Iterable[Remark]) -> list[Remark]:
    """Return the remarks, gravest first, those that say the same as one with a count."""
    found: dict[tuple[str, str, str], Remark] = {}
    for remark in remarks:
        key = (remark.severity.value, re.sub(r"\d+", "#", remark.location), remark.message)
        known = found.get(key)
        found[key] = replace(known, times=known.times + 1) if known else remark
    return sorted(found.values(), key=lambda remark: remark.severity.rank)


def pointer(*steps: str | int) -> str:
    """Return a JSON Pointer (RFC 6901) to `steps`, names quoted only if they look like keys."""
    return "".join(f"/{step if isinstance(step, int) else key(step)}" for step in steps) or "/"


def key(name: str) -> str:
    """Return a prefetch key if it looks like one, else a stand-in."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}", name, re.ASCII) else ODD


def element(name: str) -> str:
    """Return the name of an element or of a resource type if it looks like one, else a stand-in."""
    return name if re.fullmatch(r"_?[A-Za-z][A-Za-z0-9]{0,40}", name, re.ASCII) else ODD


def identity(name: str) -> str:
    """Return ``Type/id`` with a stand-in for what looks like neither."""
    kind, slash, known_as = name.partition("/")
    usable = re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", known_as, re.ASCII)
    return f"{element(kind)}{slash}{known_as if usable or not slash else ODD}"


def coded(text: str) -> str:
    """Return a code, a unit or a code system as it may be quoted: short and visible."""
    kept = "".join(char for char in text if char.isprintable()).strip()
    return kept if len(kept) <= _LONGEST else f"{kept[: _LONGEST - 1]}…"
