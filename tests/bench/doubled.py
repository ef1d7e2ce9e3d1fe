"""The content with a copy of all that is clinical in it: twice the topics, rules and value sets.

The copy has ids, codes and phrases of its own, which occur in no chart of the measurements. So it
is looked at for every order, and never has anything to say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cds_service.cli.startup import NO_PROOF, InForce, compiled
from cds_service.content import strict_yaml
from cds_service.content.check import check
from cds_service.content.checks.code_shapes import loinc_is_valid, snomed_ct_is_valid
from cds_service.content.load import content_directory, load
from cds_service.settings import Settings

_COPIED = frozenset(
    {
        "findings",
        "ratings",
        "recommendations",
        "texts",
        "topic",
        "value-set",
        "variants",
    }
)
"""Kinds of documents that are copied; procedures, parameters, words of the program are not."""

_SNOMED_LONGEST = 18
_SUFFIX = "-again"
_ICD_CATEGORY = re.compile(r"(?<![.0-9A-Z])[A-Z][0-9A-Z]{2}")
_PROSE = frozenset({"kind", "title", "phrase", "summary", "detail", "limits", "note", "reason"})
"""Keys whose text is no id, even where it is spelled like one."""
_PARAMETERS = frozenset({"age-at-least", "age-below"})
"""Keys that name a parameter; one of those has the id of a finding."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORD = re.compile(r"[^\W\d_]+")
_KEPT = _PROSE | _PARAMETERS


def write_doubled(directory: Path, *, safety_rules: bool = False) -> None:
    """Write the shipped content and its copy into `directory`, in English and without the cases.

    Safety rules look at every order whatever its topic; they are copied only if asked for.

    Raises:
        ContentNotFound: the installation holds no content.
    """
    kinds = _COPIED | {"safety-rule"} if safety_rules else _COPIED
    shipped = content_directory(None)
    copied: dict[Path, dict[str, Any]] = {}
    for path in sorted(shipped.rglob("*.yaml")):
        name = path.relative_to(shipped)
        if name.parts[0] in ("schemas", "translations") or path.name.endswith(".cases.yaml"):
            continue
        data: dict[str, Any] = strict_yaml.read(path)[0] or {}
        if data.get("language", "en") != "en":
            continue
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        if data["kind"] in kinds:
            copied[name] = data
    names = {name: f"{name}{_SUFFIX}" for data in copied.values() for name in _ids(data)}
    categories = _icd_categories(copied.values())
    for name, data in copied.items():
        again = _copied(data, names, categories)
        target = directory / "again" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(again, allow_unicode=True, sort_keys=False, width=1000)
        target.write_text(text, encoding="utf-8")


def open_checked(directory: Path) -> InForce:
    """Return the content in `directory`, checked like any other, except that it needs no cases.

    Raises:
        ContentRefused: it has errors.
    """
    loaded = load(directory)
    problems = [each for each in check(loaded) if not each.code.startswith(NO_PROOF)]
    return compiled(loaded, Settings(), problems)


def _ids(data: dict[str, Any]) -> Iterator[str]:
    """Yield the ids that a document defines: its own, and those of its parts."""
    yield data["id"]
    for part in ("findings", "variants", "recommendations", "cards"):
        for each in data.get(part, ()):
            yield each["id"]


def _copied(data: dict[str, Any], names: Mapping[str, str], icd: Mapping[str, str]) -> Any:
    """Return `data` under new names: whatever is an id of the copied documents is replaced."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: walk(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [walk(each, key) for each in value]
        return names.get(value, value) if isinstance(value, str) and key not in _KEPT else value

    again = walk(data)
    if data["kind"] == "value-set":
        for group in again.get("concepts", ()):
            for concept in group["codes"]:
                concept["code"] = _other_code(group["system"], concept["code"], icd)
        for key in [key for key in again if key.endswith("phrases")]:
            again[key] = [_WORD.sub(lambda word: f"{word[0]}zq", text) for text in again[key]]
    return again


def _other_code(system: str, code: str, icd: Mapping[str, str]) -> str:
    """Return another code of the same shape, a different one for each `code`."""
    if system == "snomed-ct":
        body = code[:-1] if len(code) <= _SNOMED_LONGEST - 2 else code[2:-1]
        return next(new for digit in range(10) if snomed_ct_is_valid(new := f"99{body}{digit}"))
    if system == "loinc" and code[0] != "L":
        number = code.partition("-")[0]
        return next(new for digit in range(10) if loinc_is_valid(new := f"9{number}-{digit}"))
    if system == "rxnorm":
        return str(90_000_000 + int(code))
    if system == "icd-10-cm":
        return _ICD_CATEGORY.sub(lambda found: icd[found[0]], code)
    return code  # of these systems the charts hold no codes


def _icd_categories(documents: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return an unused category for each of ICD-10-CM in `documents`, in the same order.

    Categories have a digit in second place; the new ones have a letter, and stay within the first
    letter and in order, so that blocks hold what they held and nothing else.
    """
    used = sorted(
        {
            category
            for data in documents
            for group in data.get("concepts", ())
            if group["system"] == "icd-10-cm"
            for concept in group["codes"]
            for category in _ICD_CATEGORY.findall(concept["code"])
        }
    )
    counts: dict[str, int] = {}
    categories = {}
    for category in used:
        number = counts[category[0]] = counts.get(category[0], -1) + 1
        categories[category] = f"{category[0]}A{_DIGITS[number]}"
    return categories
