"""What the shipped ways of running the service set, held against what the service reads."""

from dataclasses import fields
from pathlib import Path

from cds_service.settings import Settings, variable

DEPLOY = Path(__file__).parents[2] / "deploy"
MIB = 1024 * 1024

KNOWN = {variable(each.name) for each in fields(Settings)}

JOURNAL_CLOSES = 5.0
"""Seconds that the journal may take to write what is in memory, after the last call."""

BESIDE_WORKERS, FOR_A_WORKER = 128 * MIB, 256 * MIB
"""Memory: what a process holds when it is idle, and as much again for the charts of its calls."""


def read(environment: dict[str, str]) -> Settings:
    """Return the settings in `environment`, every name and value of which has to be right."""
    ours = {name for name in environment if name.startswith("CDS_")}
    assert ours <= KNOWN, f"no settings of the service: {sorted(ours - KNOWN)}"
    return Settings.from_environment(environment)


def _workers(environment: dict[str, str]) -> int:
    """Return the number of worker processes, which must not be left to the machine's cores."""
    name = "CDS_WORKERS"
    if name not in KNOWN:
        return 1
    assert name in environment, f"{name} is not set: memory is limited for a number of workers"
    return int(environment[name])


def memory_needed(environment: dict[str, str]) -> int:
    """Return the bytes that the service may need with its number of workers."""
    return BESIDE_WORKERS + FOR_A_WORKER * _workers(environment)


def drain_seconds(settings: Settings) -> float:
    """Return how long the service may take to end."""
    return settings.drain_notice + settings.drain_grace + JOURNAL_CLOSES


def bytes_of(quantity: str) -> int:
    """Return the bytes of a quantity of memory, as Kubernetes and compose write it."""
    units = {
        "Ki": 1024,
        "Mi": MIB,
        "Gi": 1024 * MIB,
        "k": 1024,
        "m": MIB,
        "M": MIB,
        "g": 1024 * MIB,
    }
    for unit, size in units.items():
        if quantity.endswith(unit):
            return int(quantity.removesuffix(unit)) * size
    return int(quantity)


def lines(path: Path) -> dict[str, str]:
    """Return the variables in a file of ``NAME=value`` lines."""
    told = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in told if line and not line.startswith("#")]
    assert all(name and equals for name, equals, _ in pairs), path
    return {name: value for name, _, value in pairs}
