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
    """Return a JSON Pointer (RFC 6901) to `steps`; a name that is no plain word is not quoted."""
    return "".join(f"/{step if isinstance(step, int) else plain(step)}" for step in steps) or "/"


def plain(name: str) -> str:
    """Return `name` if it is a plain word as FHIR and CDS Hooks names are, else a stand-in."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name) else "(odd-name)"


def coded(text: str) -> str:
    """Return a code, an id, a unit or a code system as it may be quoted: short and visible."""
    kept = "".join(char for char in text if char.isprintable()).strip()
    return kept if len(kept) <= 120 else f"{kept[:119]}…"  # noqa: PLR2004 - two lines at most
