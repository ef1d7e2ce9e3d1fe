"""The page on the architecture says what is checked, and names what is there."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (found,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return list(found)


def test_the_layers_are_those_that_are_checked_and_stand_there_once() -> None:
    (written,) = re.findall(r"`(cli → [^`]+)`", PAGE)
    assert " ".join(written.split()).split(" → ") == layers()


@pytest.mark.parametrize("row", re.findall(r"^\| `([^|]+?) \|", PAGE, re.MULTILINE))
def test_every_room_of_the_table_is_there(row: str) -> None:
    for room in re.findall(r"[a-z_]+", row):
        assert (ROOT / "cds_service" / room).exists() or (
            ROOT / "cds_service" / f"{room}.py"
        ).exists()


def test_every_step_inside_the_engine_is_a_module_of_it() -> None:
    text = PAGE.partition("## Inside the engine")[2].partition("## ")[0]
    named = set(re.findall(r"`([a-z]+)`", text))
    assert named >= {"evidence", "judge", "decide"}
    missing = {name for name in named if not (ROOT / "cds_service/engine" / f"{name}.py").exists()}
    assert missing == set()
