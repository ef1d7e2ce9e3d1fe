"""Measure the service beside other ways of answering the same requests, in one run."""

import argparse
import os
import sys
from pathlib import Path

from cds_service.cli.startup import ContentRefused
from cds_service.settings import Settings
from cds_service.web.gate import threads_needed
from tests.bench import documentation, growth, journal, soak, stages, start, steady
from tests.bench.aims import aims
from tests.bench.cells import SIZES, expected_seconds, plan
from tests.bench.load import LoadFailed
from tests.bench.record import (
    OtherFormat,
    changes,
    from_json,
    machine_facts,
    output_options,
    to_json,
)
from tests.bench.run import WrongAnswer, measure
from tests.bench.serving import Model, NotReady
from tests.bench.table import markdown, text_table


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; return 0, or 2 if it cannot be measured."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except (ContentRefused, LoadFailed, NotReady, OtherFormat, OSError, WrongAnswer) as problem:
        print(problem, file=sys.stderr)
        return 2
    return code


def process_model(chosen: argparse.Namespace) -> Model:
    """Return the process model asked for; by default that of the service on this machine."""
    cores = len(os.sched_getaffinity(0))
    return Model(chosen.workers or cores, chosen.threads or threads_needed(Settings()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    _model_options(parser)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument(
        "--seconds", type=float, default=2, metavar="S", help="length of a cell; default: 2"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--full", action="store_true", help="every size, card and concurrency")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with an earlier run")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    output_options(parser)
    parser.set_defaults(run=_bench)
    commands = parser.add_subparsers(title="other measurements", metavar="")
    for module in (stages, journal, growth, soak, start, steady):
        module.add_to(commands, _model_options)
    return parser


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, metavar="N", help="default: one for each core")
    parser.add_argument("--threads", type=int, metavar="N", help="default: those of the service")
    parser.set_defaults(model=process_model)


def _bench(chosen: argparse.Namespace) -> int:
    before = from_json(chosen.against.read_text(encoding="utf-8")) if chosen.against else None
    model = process_model(chosen)
    tasks = plan(chosen.sizes, full=chosen.full)
    minutes = expected_seconds(tasks, chosen.rounds, chosen.seconds) / 60
    _tell(
        f"{len(tasks)} cells, {chosen.rounds} rounds, {model.workers} workers with"
        f" {model.threads} threads: about {minutes:.0f} minutes."
    )
    run = measure(tasks, model, chosen.rounds, chosen.seconds, _tell)
    run.facts = {
        **machine_facts(),
        "workers": model.workers,
        "threads": model.threads,
        "rounds": chosen.rounds,
        "seconds": chosen.seconds,
    }
    found = aims(run)
    print(markdown(run, found) if chosen.markdown else text_table(run))
    if not chosen.markdown:
        print("\nAims\n" + "\n".join(map(str, found)))
    if before is not None:
        print("\nRatios, before and now\n" + "\n".join(changes(before, run)))
    if chosen.json:
        chosen.json.write_text(to_json(run), encoding="utf-8")
    if chosen.write_docs:
        documentation.write("bench", markdown(run, found))
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
