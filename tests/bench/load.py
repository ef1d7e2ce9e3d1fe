"""Clients that ask as fast as they are answered: wrk, and what it measured.

wrk is used because it takes little of the CPU time that the servers need. It adds made-up samples
to its latencies ("correction" for coordinated omission); they are taken out again, so that p50 and
p99 are those of the requests that were really sent.
"""

import json
import resource
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT = 60
_SCRIPT = """
local file = assert(io.open("{body}", "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
function done(summary, latency, requests)
    local out = assert(io.open("{out}", "w"))
    local e = summary.errors
    out:write(string.format('{{"requests":%d,"duration":%d,"errors":', summary.requests,
        summary.duration))
    out:write(string.format('{{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}',
        e.connect, e.read, e.write, e.timeout, e.status))
    out:write(',"latency":{{')
    for i = 1, #latency do
        local value, count = latency(i)
        out:write(string.format('%s"%d":%d', i > 1 and "," or "", value, count))
    end
    out:write("}}}}")
    out:close()
end
"""

WRK_MISSING = "wrk was not found: it makes the load. On Debian: apt-get install wrk"


class LoadFailed(RuntimeError):  # noqa: N818 - it reads as what happened
    """Raised when the load could not be made."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients saw: requests answered, seconds, latencies in µs with counts, faults.

    `own_cpu` is the CPU time in seconds that the generator took itself.
    """

    requests: int
    seconds: float
    latencies: Mapping[int, int]
    faults: Mapping[str, int]
    own_cpu: float


def ask(url: str, body: Path, clients: int, seconds: float, directory: Path) -> Load:
    """Return what `clients` saw who posted `body` to `url` for `seconds`, again and again.

    Raises:
        LoadFailed: wrk is not there, or could not reach the server.
    """
    program = shutil.which("wrk")
    if program is None:
        raise LoadFailed(WRK_MISSING)
    out, script = directory / "wrk.json", directory / "wrk.lua"
    out.unlink(missing_ok=True)
    script.write_text(_SCRIPT.format(body=body, out=out), encoding="utf-8")
    before = _children_cpu()
    done = subprocess.run(
        [
            program,
            *("--threads", "1", "--connections", str(clients), "--timeout", f"{_TIMEOUT}s"),
            *("--duration", f"{max(1, round(seconds))}s", "--script", str(script), url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not out.exists():
        raise LoadFailed(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return read_report(out.read_text(encoding="ascii"), clients, _children_cpu() - before)


def read_report(text: str, clients: int, own_cpu: float = 0.0) -> Load:
    """Return what the script wrote at the end of a run with `clients`.

    Raises:
        LoadFailed: there is not one latency for every answered request.
    """
    report = json.loads(text)
    latencies = {int(micro): count for micro, count in report["latency"].items()}
    each = report["requests"] // clients
    answered = report["requests"] - report["errors"]["timeout"]
    if each and sum(latencies.values()) != answered:
        latencies = measured_only(latencies, report["duration"] // each)
        if sum(latencies.values()) != answered:
            raise LoadFailed("the latencies of this version of wrk cannot be read: use 4.1 or 4.2")
    return Load(
        report["requests"],
        report["duration"] / 1e6,
        latencies,
        {kind: count for kind, count in report["errors"].items() if count},
        own_cpu,
    )


def measured_only(latencies: Mapping[int, int], interval: int) -> dict[int, int]:
    """Return `latencies` without the samples that wrk added to them.

    For every latency of at least twice the `interval` in µs between requests of one client, wrk
    adds one sample for each further interval that passed, down to the interval (stats_correct in
    its stats.c). Those of the largest are known, so they can be taken out from there downwards.
    """
    left = dict(latencies)
    if interval <= 0:
        return left
    for micro in sorted(latencies, reverse=True):
        if micro < 2 * interval:
            break
        for added in range(micro - interval, interval, -interval):
            left[added] = left.get(added, 0) - left[micro]
    return {micro: count for micro, count in left.items() if count > 0}


def percentile(latencies: Mapping[int, int], part: float) -> float:
    """Return the latency in ms that `part` of the requests did not exceed; 0 if there are none."""
    wanted = part * sum(latencies.values())
    seen = 0
    for micro in sorted(latencies):
        seen += latencies[micro]
        if seen >= wanted:
            return micro / 1000
    return 0.0


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
