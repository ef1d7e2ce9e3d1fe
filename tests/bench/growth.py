"""CPU time of a request with the shipped content, and with twice as much of it."""

import argparse
import gc
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cds_service.cli.startup import InForce, open_site
from cds_service.gather.templates import prefetch_templates
from cds_service.settings import Settings
from tests.bench import charts, documentation
from tests.bench.aims import Aim
from tests.bench.doubled import open_checked, write_doubled
from tests.bench.figures import Spread, spread
from tests.bench.record import figures_json, output_options
from tests.bench.run import WrongAnswer
from tests.bench.stages import Application, application, call

_MOST = 0.05
_AT_ONCE = 20_000
"""Resources that are read in a row before it is the other content's turn."""
_OWN = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Growth:
    """For one size of chart: CPU µs per request with either content, and how much more it is.

    `more` is 0.05 for five per cent more, with the spread of the rounds.
    """

    resources: int
    shipped: float
    doubled: float
    more: Spread


def growth(
    sizes: Sequence[int], rounds: int, tell: Callable[[str], None], *, safety_rules: bool = False
) -> list[Growth]:
    """Return what doubled content costs at each of `sizes`, over `rounds` in alternating order.

    Topics and value sets are doubled, with `safety_rules` also those.

    Raises:
        WrongAnswer: the copy of the content has something to say.
        ContentRefused: it has errors.
    """
    with tempfile.TemporaryDirectory() as made:
        write_doubled(Path(made), safety_rules=safety_rules)
        doubled = open_checked(Path(made))
        shipped = open_site(Settings())
        tell(f"shipped: {_counted(shipped)}; doubled: {_counted(doubled)}")
        with application(shipped) as one, application(doubled) as two:
            keys = _keys(doubled)
            return [_grown(one, two, _request(size, keys), size, rounds) for size in sizes]


def _keys(site: InForce) -> Iterable[str]:
    content = site.content
    return prefetch_templates(content.resource_types, content.observation_codes)


def _request(resources: int, keys: Iterable[str]) -> bytes:
    """Return a request with an empty answer for each of `keys` that the usual one does not have.

    More codes of observations need a second key: without it that source would be missing.
    """
    body = json.loads(charts.request(resources, hit=True))
    nothing = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    body["prefetch"] = {**dict.fromkeys(keys, nothing), **body["prefetch"]}
    return json.dumps(body, separators=(",", ":")).encode()


def _grown(one: Application, two: Application, body: bytes, resources: int, rounds: int) -> Growth:
    if _OWN.sub(b"", call(one, body)) != _OWN.sub(b"", call(two, body)):
        raise WrongAnswer(f"the doubled content answers otherwise at {resources} resources")
    calls = max(1, min(50, _AT_ONCE // resources // 10))
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            gc.collect()
            served = (one, two)[which]
            began = time.thread_time()
            for _ in range(calls):
                call(served, body)
            spent[which].append((time.thread_time() - began) / calls * 1e6)
    more = spread(after / before - 1 for before, after in zip(*spent, strict=True))
    return Growth(resources, spread(spent[0]).median, spread(spent[1]).median, more)


def aims(found: Sequence[Growth]) -> list[Aim]:
    """Return whether doubled content costs less than the aim allows, at each size."""
    return [
        Aim(
            f"more CPU with twice the content at {each.resources:,} resources,"
            f" less than {_MOST:.0%}",
            each.more.median * 100,
            each.more.median < _MOST,
            "%",
            each.more.least * 100,
            each.more.most * 100,
        )
        for each in found
    ]


def markdown(found: Sequence[Growth]) -> str:
    """Return the times and the aims."""
    lines = ["| resources | CPU µs, shipped content | CPU µs, twice the content | more |"]
    lines.append("|---|---|---|---|")
    lines += [
        f"| {each.resources:,} | {each.shipped:,.0f} | {each.doubled:,.0f} |"
        f" {each.more.median:+.1%} |"
        for each in found
    ]
    return "\n".join([*lines, "", *(f"- {aim}" for aim in aims(found))]) + "\n"


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", _model: Callable[..., None]
) -> None:
    """Add the command ``growth``."""
    command = commands.add_parser("growth", help="what twice the content costs")
    command.add_argument("--resources", type=int, nargs="+", default=[10, 100, 1000], metavar="N")
    command.add_argument("--rounds", type=int, default=41, metavar="N")
    command.add_argument("--safety-rules", action="store_true", help="twice the safety rules too")
    output_options(command)
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    found = growth(
        chosen.resources,
        chosen.rounds,
        lambda line: print(line, file=sys.stderr, flush=True),
        safety_rules=chosen.safety_rules,
    )
    print(markdown(found))
    if chosen.write_docs:
        documentation.write("growth", markdown(found))
    if chosen.json:
        chosen.json.write_text(figures_json(found, aims(found)), encoding="utf-8")
    return 0


def _counted(site: InForce) -> str:
    content = site.content
    return (
        f"{len(content.topics)} topics, {len(content.safety_rules)} safety rules,"
        f" {len(content.findings)} findings, {len(content.value_sets)} value sets"
    )
