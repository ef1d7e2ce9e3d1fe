"""Runs an image as a cluster would: by an OCI runtime (runc), as its user, on a read-only root.

No daemon is needed, but root is. The process gets what the image says (user, environment, entry
point, working directory) and no capability, cannot gain privileges, and may write to ``/tmp`` and
to the volumes that it is given. It shares the network of this machine, so that a test can call it.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

_NAMESPACES = ("pid", "ipc", "uts", "mount")
_SAFE = ["nosuid", "nodev", "noexec"]


def _buildah(*arguments: str) -> str:
    return subprocess.run(
        ["buildah", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass(frozen=True)
class Image:
    """An image with its file system mounted at `root`, and what `config` it gives a container."""

    name: str
    root: Path
    config: dict[str, Any]
    created: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that the image sets."""
        return dict(each.split("=", 1) for each in self.config["Env"])


@contextmanager
def mounted(name: str) -> Iterator[Image]:
    """Mount the image `name` of the store that CONTAINERS_STORAGE_CONF names, and unmount it."""
    docker = json.loads(_buildah("inspect", "--type", "image", name))["Docker"]
    container = _buildah("from", "--pull-never", name)
    try:
        yield Image(name, Path(_buildah("mount", container)), docker["config"], docker["created"])
    finally:
        _buildah("rm", container)


@dataclass
class Container:
    """A container of `image`: its own variables, and what is mounted into it, from a path here.

    `writable` and `readonly` map paths in the container to paths here. `command` takes the place of
    the image's arguments, `entrypoint` that of its entry point.
    """

    image: Image
    command: Sequence[str] | None = None
    entrypoint: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    readonly: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give the container a name and write its bundle."""
        self.id = f"advisor-{uuid4()}"
        self._directory = tempfile.TemporaryDirectory(prefix="bundle-")
        bundle = Path(self._directory.name)
        (bundle / "config.json").write_text(json.dumps(self._bundle()), encoding="utf-8")

    def start(self) -> subprocess.Popen[str]:
        """Start it and return the process whose exit code and output are the container's."""
        return subprocess.Popen(
            self._runc("run", "--bundle", self._directory.name, self.id),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run it to its end and return the exit code and output."""
        return subprocess.run(
            self._runc("run", "--bundle", self._directory.name, self.id),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def execute(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `command` in the running container, with its user and environment."""
        return subprocess.run(
            self._runc("exec", self.id, *command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def signal(self, name: str) -> None:
        """Send the signal `name` to the first process of the container."""
        subprocess.run(self._runc("kill", self.id, name), check=True)

    def remove(self) -> None:
        """End what still runs of it and remove what it leaves; it may be gone already."""
        subprocess.run(self._runc("delete", "--force", self.id), check=False, capture_output=True)
        self._directory.cleanup()

    def _runc(self, *arguments: str) -> list[str]:
        return ["runc", "--root", f"{self._directory.name}/state", *arguments]

    def _bundle(self) -> dict[str, Any]:
        """Return the runtime configuration (OCI runtime specification 1.0)."""
        config = self.image.config
        entry = self.entrypoint if self.entrypoint is not None else config["Entrypoint"]
        rest = self.command if self.command is not None else config.get("Cmd") or ()
        user, _, group = config["User"].partition(":")
        variables = {**self.image.environment, **self.environment}
        nobody: list[str] = []
        return {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": int(user), "gid": int(group)},
                "args": [*entry, *rest],
                "env": [f"{name}={value}" for name, value in variables.items()],
                "cwd": config["WorkingDir"] or "/",
                "noNewPrivileges": True,
                "capabilities": dict.fromkeys(
                    ("bounding", "effective", "inheritable", "permitted", "ambient"), nobody
                ),
            },
            "root": {"path": os.fspath(self.image.root), "readonly": True},
            "hostname": "advisor",
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                _memory("/dev", ["nosuid", "strictatime", "mode=755", "size=64k"]),
                _memory("/tmp", [*_SAFE, "mode=1777", "size=16m"]),  # noqa: S108 - in the container
                *(_bound(at, here, "rw") for at, here in self.writable.items()),
                *(_bound(at, here, "ro") for at, here in self.readonly.items()),
            ],
            "linux": {
                "namespaces": [{"type": each} for each in _NAMESPACES],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
            },
        }


def _memory(at: str, options: list[str]) -> dict[str, Any]:
    return {"destination": at, "type": "tmpfs", "source": "tmpfs", "options": options}


def _bound(at: str, here: Path, how: str) -> dict[str, Any]:
    options = ["rbind", how, *_SAFE]
    return {"destination": at, "type": "bind", "source": os.fspath(here), "options": options}
