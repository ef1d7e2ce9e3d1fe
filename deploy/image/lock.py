"""The lock file of the runtime packages, as pip reads it: names, versions, markers, hashes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock file: its version, and the SHA-256 of each file it may come as."""

    name: str
    version: str
    sha256: tuple[str, ...]


def read_lock(path: Path, environment: Mapping[str, str]) -> dict[str, Locked]:
    """Return the packages that `path` locks for a PEP 508 marker `environment`, by canonical name.

    Raises:
        ValueError: a line is no requirement, or not pinned to one version.
    """
    written = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    locked = {}
    for line in written.splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text.partition("--hash")[0].strip())
        versions = [each.version for each in requirement.specifier if each.operator == "=="]
        if len(versions) != 1:
            raise ValueError(f"{path.name} does not pin {requirement.name} to one version")
        if requirement.marker is None or requirement.marker.evaluate(dict(environment)):
            name = canonicalize_name(requirement.name)
            locked[name] = Locked(name, versions[0], tuple(_HASH.findall(text)))
    return locked
