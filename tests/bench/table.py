"""The one table of a run, to read on a screen or in the documentation."""

from collections.abc import Iterator, Sequence

from tests.bench.aims import Aim
from tests.bench.cells import OURS, TITLES, Cell
from tests.bench.figures import Run, Spread

_HEAD = (
    "server",
    "requests/s",
    "(least-most)",
    "x (a)",
    "(least-most)",
    "x (d)",
    "p50 ms",
    "p99 ms",
    "CPU ms/request",
    "peak MiB/worker",
)


def text_table(run: Run) -> str:
    """Return the table as aligned text, one block for each cell."""
    lines: list[str] = []
    widths = (8, 11, 17, 7, 13, 7, 10, 10, 15, 16)
    for cell in run.cells:
        lines += ["", title(cell), _aligned(_HEAD, widths)]
        lines += [_aligned(row, widths) for row in _rows(run, cell)]
    starts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in run.startup.items())
    lines += ["", f"Seconds from start to ready: {starts}"]
    return "\n".join([*lines[1:], _generator(run)])


def markdown(run: Run, found: Sequence[Aim]) -> str:
    """Return the table and the aims as Markdown, with the machine that they were measured on."""
    lines = [f"Measured on {_machine(run)}.", ""]
    for cell in run.cells:
        lines += [f"**{title(cell)}**", "", _piped(_HEAD), _piped("---" for _ in _HEAD)]
        lines += [*(_piped(row) for row in _rows(run, cell)), ""]
    if run.startup:
        lines += ["| server | seconds from start to ready |", "|---|---|"]
        lines += [f"| {TITLES[name]} | {took:.2f} |" for name, took in run.startup.items()]
        lines.append("")
    lines += [_generator(run), ""]
    lines += ["| aim | found | |", "|---|---|---|"]
    lines += [
        f"| {aim.text} | {aim.found:.2f} {aim.unit} | {'met' if aim.met else '**not met**'} |"
        for aim in found
    ]
    return "\n".join(lines) + "\n"


def title(cell: Cell) -> str:
    """Return what a cell is, in words."""
    clients = "1 client" if cell.clients == 1 else f"{cell.clients} clients"
    card = "one card" if cell.hit else "no card"
    return f"{cell.resources:,} resources, {card}, {clients}"


def _rows(run: Run, cell: Cell) -> Iterator[list[str]]:
    for server in run.servers(cell):
        name = OURS if server == OURS else f"({server})"
        if faults := run.faults(cell, server):
            counts = ", ".join(f"{kind} {count}" for kind, count in faults.items())
            yield [name, "invalid", counts, *([""] * (len(_HEAD) - 3))]
            continue
        rate = run.spread(cell, server, lambda each: each.rate)
        against = run.ratio(cell, server, "a")
        floor = run.ratio(cell, server, "d")
        yield [
            name,
            _number(rate.median),
            f"{_number(rate.least)}-{_number(rate.most)}",
            f"{against.median:.2f}" if against else "",
            f"{against.least:.2f}-{against.most:.2f}" if against else "",
            f"{floor.median:.2f}" if floor else "",
            *(
                _number(figure.median)
                for figure in (
                    run.spread(cell, server, lambda each: each.p50),
                    run.spread(cell, server, lambda each: each.p99),
                    run.spread(cell, server, lambda each: each.cpu_ms),
                )
            ),
            f"{_peak(run, cell, server).median:.0f}",
        ]


def _peak(run: Run, cell: Cell, server: str) -> Spread:
    return run.spread(cell, server, lambda each: each.peak_mib)


def _generator(run: Run) -> str:
    """Return how much of the machine the load itself took, which no server could use."""
    taken = [each.generator for rounds in run.rounds.values() for each in rounds]
    return f"The load generator took at most {max(taken, default=0.0):.2f} of one core."


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    line = first[0].ljust(first[1]) + "".join(cell.rjust(width) for cell, width in others)
    return line.rstrip()


def _piped(row: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(row)} |"


def _machine(run: Run) -> str:
    facts = run.facts
    return (
        f"{facts.get('day')}, {facts.get('cores')} cores ({facts.get('processor')}), Python"
        f" {facts.get('python')}, {facts.get('workers')} workers with {facts.get('threads')}"
        f" threads each, {facts.get('rounds')} rounds of {facts.get('seconds')} s; content"
        f" {facts.get('content')}"
    )
