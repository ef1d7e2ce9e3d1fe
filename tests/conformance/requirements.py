"""The numbered requirements, and the tests of other rooms that already cover some of them."""

from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SOURCE = ROOT / "docs" / "conformance" / "requirements.yaml"

LEVELS = ("MUST", "SHOULD", "MAY", "project", "PAMA", "CRD")
APPLIES = ("service", "client", "not-applicable")


class Requirement(NamedTuple):
    """One requirement; `reason` says why it is not ours, or not ours alone."""

    number: int
    level: str
    versions: str
    applies: str
    requirement: str
    reason: str = ""


def read() -> list[Requirement]:
    """Return all requirements, as the file has them.

    Raises:
        TypeError: One of them lacks a field or has one too many.
    """
    return [Requirement(**item) for item in _yaml(SOURCE)["requirements"]]


def existing() -> dict[int, list[str]]:
    """Return, by requirement, the tests elsewhere that were written before the numbers."""
    found: dict[int, list[str]] = {}
    for test, numbers in _yaml(HERE / "existing.yaml").items():
        for number in numbers:
            found.setdefault(number, []).append(test)
    return found


def _yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


NUMBERS = frozenset(requirement.number for requirement in read())
