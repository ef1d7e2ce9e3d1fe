"""A run as JSON, for comparison over time."""

import argparse
import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cds_service.content.compile import compile_content
from cds_service.content.load import content_directory, load
from tests.bench.aims import Aim, aims
from tests.bench.cells import OURS, Cell
from tests.bench.figures import Measured, Run

FORMAT = 1
_PACKAGES = ("fhir.resources", "flask", "granian", "msgspec", "orjson", "structlog", "werkzeug")


class OtherFormat(ValueError):  # noqa: N818 - it reads as what happened
    """Raised when a file is not the record of a run in this format."""


def machine_facts() -> dict[str, object]:
    """Return what a run was made with: machine, versions, content, day."""
    loaded = load(content_directory(None))
    content = compile_content(loaded.documents.values(), loaded.content_version)
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "content": content.version,
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def to_json(run: Run) -> str:
    """Return `run` with its medians, every round and its aims."""
    cells = [
        {
            "cell": cell.name,
            "resources": cell.resources,
            "hit": cell.hit,
            "clients": cell.clients,
            "server": server,
            "rounds": [asdict(each) for each in rounds],
        }
        for (cell, server), rounds in run.rounds.items()
    ]
    record = {
        "format": FORMAT,
        "facts": run.facts,
        "startup": run.startup,
        "cells": cells,
        "aims": [asdict(aim) for aim in aims(run)],
    }
    return json.dumps(record, indent=1) + "\n"


def from_json(text: str) -> Run:
    """Return the run in `text`.

    Raises:
        OtherFormat: it is none, or one of another format.
    """
    try:
        record: dict[str, Any] = json.loads(text)
        if record["format"] != FORMAT:
            raise OtherFormat(f"the record has format {record['format']}, not {FORMAT}")
        run = Run(startup=record["startup"], facts=record["facts"])
        for each in record["cells"]:
            cell = Cell(each["resources"], each["hit"], each["clients"])
            for measured in each["rounds"]:
                run.add(cell, each["server"], Measured(**measured))
    except (KeyError, TypeError, json.JSONDecodeError) as problem:
        raise OtherFormat(f"this is not the record of a run: {problem!r}") from None
    return run


def changes(before: Run, now: Run) -> Iterator[str]:
    """Yield how ratios to (a), and to (d), changed from `before` to `now`, cell by cell.

    Ratios are compared, not figures: another machine, or a busier one, changes both of a ratio.
    """
    for cell in now.cells:
        for other in ("a", "d"):
            old, new = (run.ratio(cell, OURS, other) for run in (before, now))
            if old is not None and new is not None:
                change = new.median / old.median - 1
                yield (
                    f"{cell.name:<18} x ({other})  {old.median:6.2f} -> {new.median:6.2f}"
                    f"  {change:+.1%}"
                )


def figures_json(found: object, aims_of_it: Iterable[Aim]) -> str:
    """Return the figures of a measurement other than the table: dataclasses, or a list of them."""
    each = found if isinstance(found, list) else [found]
    record = {
        "format": FORMAT,
        "facts": machine_facts(),
        "figures": [asdict(figure) for figure in each],
        "aims": [asdict(aim) for aim in aims_of_it],
    }
    return json.dumps(record, indent=1) + "\n"


def output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where figures go besides the screen."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument(
        "--write-docs", action="store_true", help="write the table into docs/performance.md"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
