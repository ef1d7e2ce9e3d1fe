"""The guide for sites names every key and every problem, and its examples can be used.

``UPDATE_DOCS=1 pytest tests/docs`` writes the generated part anew.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli.main import parser
from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.settings import Settings, SettingsError
from cds_service.site import read
from cds_service.site.check import check_site
from cds_service.site.problems import SITE_RULES
from tests.docs.test_readme import ROOT, generated

GUIDE = ROOT / "docs" / "site.md"
TEXT = GUIDE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^( *)```yaml\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"`(imaging-advisor [a-z]+[^`…]*)`", TEXT)


def keys(schema: Any) -> Iterator[str]:
    for name, value in schema.items() if isinstance(schema, dict) else ():
        if name == "properties":
            yield from value
        yield from keys(value)


def test_the_problems_are_the_problems() -> None:
    rows = ["| Code | Severity | Meaning |", "|---|---|---|"]
    rows += [
        f"| `{code}` | {rule.severity} | {rule.meaning} |" for code, rule in SITE_RULES.items()
    ]
    generated("site-issue-codes", "\n".join(rows), GUIDE)


def test_every_key_is_explained() -> None:
    path = Path(read.__file__).with_name("site.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    table = TEXT.partition("## Every key")[2].partition("## ")[0]
    assert [name for name in keys(schema) if f"`{name}`" not in table] == []


@pytest.mark.parametrize("example", [text for _, text in EXAMPLES])
def test_every_example_can_be_used(
    example: str, tmp_path: Path, loaded: Loaded, content: Content
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(example, encoding="utf-8")
    assert [str(each) for each in check_site(read.read_site(path), loaded, content)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    assert parser().parse_args(shlex.split(command)[1:]).run


def test_the_settings_that_are_gone_are_the_settings_that_are_refused() -> None:
    named = set(re.findall(r"^\| `(CDS_[A-Z_]+)` \|", TEXT, re.MULTILINE))
    assert len(named) == 4
    for name in named:
        with pytest.raises(SettingsError, match=name):
            Settings.from_environment({name: "x"})
