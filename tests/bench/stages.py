"""Where the CPU time of one request goes, measured inside the application called directly.

The functions below are wrapped where they are called, so what is timed is the code that serves.
A stage's time is its own: what an inner stage took is not counted twice.
"""

import argparse
import gc
import importlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service import log
from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.cli.startup import InForce, open_site
from cds_service.cli.surroundings import open_operations
from cds_service.clients.model import LOCAL_CLIENTS
from cds_service.settings import Settings
from tests.bench import charts
from tests.wsgi import environ

STAGES = (
    ("decode", "cds_service.web.calls", "decode_call"),
    ("request", "cds_service.web.calls", "read_request"),
    ("gather", "cds_service.advisor", "gather"),
    ("read chart", "cds_service.engine.decide", "read_chart"),
    ("decide", "cds_service.advisor", "decide"),
    ("render", "cds_service.advisor", "cards"),
    ("shape", "cds_service.web.calls", "shape"),
    ("encode", "cds_service.web.calls", "encode"),
    ("journal event", "cds_service.web.calls", "event"),
)
"""Name of a stage, and the module and the name by which its function is called."""

REST = "rest of the web layer"
BEHIND = "other threads (journal)"
Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """Medians in microseconds of CPU time: each stage, one whole request, `json.loads` beside."""

    stages: dict[str, float]
    whole: float
    json_loads: float
    bytes_: int
    missing: tuple[str, ...] = ()


class Clock:
    """CPU time of this thread by stage, inner stages taken out of outer ones."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner: list[float] = []

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` with its time kept under `stage`."""

        def wrapped(*arguments: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            began = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                took = time.thread_time() - began
                own = took - self._inner.pop()
                self.spent[stage] = self.spent.get(stage, 0.0) + own
                if self._inner:
                    self._inner[-1] += took

        return wrapped


@contextmanager
def application(site: InForce | None = None) -> Iterator[Application]:
    """Yield the service as a WSGI application, with the shipped content or that of `site`.

    Its journal is in a temporary directory, and its log goes nowhere.
    """
    with (
        tempfile.TemporaryDirectory() as home,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stderr(nowhere),
    ):
        chosen = Settings(
            journal_dir=Path(home), max_body_bytes=64 * 1024 * 1024, log_format="json"
        )
        log.configure(chosen)
        site = site or open_site(chosen)
        advisor = Advisor(site.content, chosen, policy=site.policy)
        with open_operations(chosen, advisor, LOCAL_CLIENTS) as parts:
            served = parts.drain.counting(create_app(chosen, advisor, parts))
            gc.collect()
            gc.freeze()
            try:
                yield served
            finally:
                gc.unfreeze()


def call(served: Application, body: bytes) -> bytes:
    """Return what `served` answers to `body`; raise `RuntimeError` unless it is a 200."""
    said: list[str] = []
    answer = served(environ(body), lambda status, _headers, _fault=None: said.append(status))
    try:
        sent = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    if not said[0].startswith("200"):
        raise RuntimeError(f"the service answered {said[0]}: {sent[:300]!r}")
    return sent


def profile(resources: int, *, hit: bool, rounds: int) -> Profile:
    """Return where the time of a request with that many resources goes, over `rounds` calls."""
    body = charts.request(resources, hit=hit)
    clock = Clock()
    with application() as served:
        for _ in range(max(3, rounds // 10)):
            call(served, body)
        whole = [_spent(lambda: call(served, body)) for _ in range(rounds)]
        parsed = [_spent(lambda: json.loads(body)) for _ in range(rounds)]
        kept: dict[str, list[float]] = {}
        with wrapped(clock) as missing:
            for _ in range(rounds):
                clock.spent = {}
                all_threads, own = time.process_time(), time.thread_time()
                call(served, body)
                own = time.thread_time() - own
                all_threads = time.process_time() - all_threads
                for stage, seconds in clock.spent.items():
                    kept.setdefault(stage, []).append(seconds)
                kept.setdefault(REST, []).append(own - sum(clock.spent.values()))
                kept.setdefault(BEHIND, []).append(all_threads - own)
    names = [*(stage for stage, _, _ in STAGES if stage in kept), REST, BEHIND]
    return Profile(
        {name: _micro(kept[name]) for name in names},
        _micro(whole),
        _micro(parsed),
        len(body),
        tuple(missing),
    )


@contextmanager
def wrapped(clock: Clock) -> Iterator[list[str]]:
    """Time every stage with `clock` while inside; yield the functions that are not there."""
    missing: list[str] = []
    before: list[tuple[Any, str, Any]] = []
    for stage, module, name in STAGES:
        where = importlib.import_module(module)
        if not hasattr(where, name):
            missing.append(f"{module}.{name}")
            continue
        before.append((where, name, getattr(where, name)))
        setattr(where, name, clock.timed(stage, getattr(where, name)))
    try:
        yield missing
    finally:
        for where, name, function in before:
            setattr(where, name, function)


def shown(found: Profile, resources: int) -> str:
    """Return `found` as lines to read, each stage with its part of the whole."""
    total = sum(found.stages.values())
    lines = [
        f"CPU time of one request, {resources} resources ({found.bytes_:,} bytes), median:",
        f"  {'stage':<26}{'µs':>10}{'part':>8}",
        *(
            f"  {name:<26}{micro:>10.1f}{micro / total:>8.1%}"
            for name, micro in found.stages.items()
        ),
        f"  {'one request, not split':<26}{found.whole:>10.1f}",
        f"  {'json.loads of the bytes':<26}{found.json_loads:>10.1f}"
        f"{found.whole / found.json_loads:>7.2f}x",
    ]
    lines += [f"  not there any more, so counted elsewhere: {name}" for name in found.missing]
    return "\n".join(lines)


def add_to(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", _model: Callable[..., None]
) -> None:
    """Add the command ``profile``."""
    command = commands.add_parser("profile", help="where the CPU time of one request goes")
    command.add_argument("--resources", type=int, nargs="+", default=[10], metavar="N")
    command.add_argument("--no-hit", action="store_true", help="the order that needs no card")
    command.add_argument("--rounds", type=int, default=0, metavar="N")
    command.set_defaults(run=_command)


def _command(chosen: argparse.Namespace) -> int:
    for resources in chosen.resources:
        rounds = chosen.rounds or max(15, min(1000, 20_000 // resources))
        print(shown(profile(resources, hit=not chosen.no_hit, rounds=rounds), resources))
    return 0


def _spent(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def _micro(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e6
