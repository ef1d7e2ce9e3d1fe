"""The authors' guide names what there is, and its examples are real.

``UPDATE_DOCS=1 pytest tests/docs`` writes the generated parts anew.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from cds_service.cli.main import parser
from cds_service.content import strict_yaml
from cds_service.content.checks.wording import PLACEHOLDERS
from cds_service.content.expression import OPERATORS
from cds_service.content.issue import RULES
from cds_service.content.load import Loaded
from cds_service.content.model import KINDS, Head
from tests.conftest import CARDS
from tests.docs.test_readme import generated

GUIDE = CARDS / "README.md"
TEXT = GUIDE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"(?:From \[[^]]*\]\(([^)]+)\):\n\n)?```yaml\n(.*?)```", TEXT, re.DOTALL)
MADE_BY_SITES = {"value-set-expansions"}
COMMANDS = re.findall(r"^imaging-advisor .+$", TEXT, re.MULTILINE)
MEANINGS = {
    "ordered": "the study ordered",
    "suggested": "the study proposed first",
    "priority": "the priority of the order, or *not stated*",
    "flags": "the findings to name first, by their phrases, three at most",
    "evidence": "a list of the findings present, each with its records and their dates",
    "variant": "the title of the deciding variant",
    "guideline": "the short name of the topic's guideline",
    "rating-ordered": "the rating of the study ordered; for an inferred one words that say so",
    "rating-suggested": "the rating of the study proposed",
    "radiation": "level and dose, in words, of the studies ordered and proposed, if all are known",
    "held": "what would be rated as well or better and is held back, and why",
    "caution": "the notes of safety rules on the study proposed: what to clear first",
    "not-checked": "the sources that could not be read to the end",
    "looked-for": "the topic's red flags that are absent",
    "unsettled": "the topic's red flags that a record suggests without settling",
    "limits-of-ordered": "what the card says that the study ordered does not show, if anything",
    "ask": "the topic's findings to ask about that are not present",
}


def section(kind: str) -> str:
    """Return the text under the heading that names `kind`, and that of the parts all use."""
    parts = re.split(r"^### ", TEXT, flags=re.MULTILINE)
    common = [part for part in parts if part.startswith(("The head of", "Parts that several"))]
    own = [part for part in parts if f"`{kind}`" in part.partition("\n")[0]]
    assert len(common) == 2
    assert len(own) == 1, f"{kind} has {len(own)} headings"
    return "\n".join((*own, *common))


def fields(info: Any) -> Iterator[str]:
    """Yield the name, as authors write it, of each field of a type and of the types inside it."""
    if isinstance(info, msgspec.inspect.StructType):
        for each in info.fields:
            yield each.encode_name
            yield from fields(each.type)
    elif isinstance(info, msgspec.inspect.VarTupleType):
        yield from fields(info.item_type)
    elif isinstance(info, msgspec.inspect.UnionType):
        for each in info.types:
            yield from fields(each)


def properties(schema: Any) -> Iterator[str]:
    """Yield the name of every property in a JSON schema."""
    for key, value in schema.items() if isinstance(schema, dict) else ():
        if key == "properties":
            yield from value
        yield from properties(value)


def missing(names: Iterator[str], kind: str) -> list[str]:
    """Return which of `names` the section of `kind` does not mention."""
    text = section(kind)
    return [name for name in dict.fromkeys(names) if not re.search(rf"`{name}[`:]", text)]


def shows(whole: Any, part: Any) -> bool:
    """Say whether `part` is `whole` with things left out."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and shows(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(
            any(shows(each, value) for each in whole) for value in part
        )
    return bool(whole == part)


def test_the_issue_codes_are_the_codes() -> None:
    rows = ["| Code | Severity | Meaning |", "|---|---|---|"]
    rows += [f"| `{code}` | {rule.severity} | {rule.meaning} |" for code, rule in RULES.items()]
    generated("issue-codes", "\n".join(rows), GUIDE)


def test_the_placeholders_are_the_placeholders() -> None:
    assert set(MEANINGS) == PLACEHOLDERS
    rows = ["| Placeholder | Filled with |", "|---|---|"]
    rows += [f"| `{{{name}}}` | {meaning} |" for name, meaning in MEANINGS.items()]
    generated("placeholders", "\n".join(rows), GUIDE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_explained(kind: str, loaded: Loaded) -> None:
    assert issubclass(KINDS[kind], Head)
    assert missing(fields(msgspec.inspect.type_info(KINDS[kind])), kind) == []
    if kind in MADE_BY_SITES:
        return
    files = [path for path, document in loaded.documents.items() if document.kind == kind]
    assert files, f"the guide explains {kind}, of which there is none"


def test_every_field_of_a_case_is_explained() -> None:
    schema = json.loads((CARDS / "schemas" / "cases.schema.json").read_text(encoding="utf-8"))
    assert missing(properties(schema), "cases") == []


def test_every_operator_is_explained() -> None:
    assert [name for name in OPERATORS if f"| `{name}: " not in TEXT] == []


def test_every_kind_has_an_example() -> None:
    parts = re.findall(r"^### [^\n]*\(`.*?(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    assert len(parts) == len({*KINDS, "cases"}) - 1  # two kinds have one heading
    assert [part.partition("\n")[0] for part in parts if "```yaml" not in part] == []


@pytest.mark.parametrize(("path", "text"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_every_example_is_real(path: str, text: str) -> None:
    part, _, issues = strict_yaml.read_text(text, path or "example")
    assert part is not None
    assert issues == []
    if path:
        whole, _, _ = strict_yaml.read(CARDS / path)
        for name, value in part.items():
            assert shows(whole, {name: value}), f"{path} has no such {name}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    assert parser().parse_args(shlex.split(command)[1:]).run


def test_every_folder_and_file_exists() -> None:
    folders = re.findall(r"`([a-z-]+(?:/[a-z-]+)*/)`", TEXT)
    files = re.findall(r"^\| `([a-z-]+\.yaml)` \|", TEXT, re.MULTILINE)
    assert {f"{each.name}/" for each in CARDS.iterdir() if each.is_dir()} <= set(folders)
    assert [name for name in (*folders, *files) if not (CARDS / name).exists()] == []
