"""Measures an image: its size by layer, and how long it takes from start to ready.

``make image-size``, or ``python -m deploy.image.measure`` with the image's name in IMAGE. Needs
root and runc. Each round starts, in turn, Python alone, the service, and the service as it would be
without the bytecode in the image; the medians are compared, since machines differ and are noisy.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from deploy.image.container import Container, Image, mounted

_LIMIT = 120.0
_MB = 1_000_000


def layers(name: str) -> list[tuple[str, int, int]]:
    """Return (made by, bytes, bytes compressed with gzip) of each layer, the lowest first."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            ["buildah", "push", "--quiet", name, f"dir:{directory}"],
            check=True,
            capture_output=True,
        )
        manifest = json.loads(Path(directory, "manifest.json").read_text(encoding="utf-8"))
        config = _blob(directory, manifest["config"])
        made = [
            each.get("created_by", "") for each in config["history"] if not each.get("empty_layer")
        ]
        found = []
        for by, layer in zip(made, manifest["layers"], strict=True):
            blob = Path(directory, layer["digest"].partition(":")[2])
            found.append((by, _unpacked(blob), blob.stat().st_size))
    return found


def time_to_ready(image: Image, **environment: str) -> float:
    """Return the seconds from starting a container of `image` to its first good ``/readyz``.

    Raises:
        RuntimeError: it ended, or was not ready in two minutes.
    """
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    own = {"CDS_CLIENTS_FILE": "", "CDS_HOST": "127.0.0.1", "CDS_PORT": str(port)}
    with tempfile.TemporaryDirectory() as directory:
        user, _, group = image.config["User"].partition(":")
        os.chown(directory, int(user), int(group))
        volume = image.environment["CDS_JOURNAL_DIR"]
        container = Container(
            image, environment={**own, **environment}, writable={volume: Path(directory)}
        )
        begun = time.perf_counter()
        process = container.start()
        try:
            while time.perf_counter() - begun < _LIMIT and process.poll() is None:
                if _ready(f"http://127.0.0.1:{port}/readyz"):
                    return time.perf_counter() - begun
                time.sleep(0.005)
        finally:
            container.remove()
            process.communicate()
    raise RuntimeError(f"{image.name} did not become ready")


def time_of_python(image: Image) -> float:
    """Return the seconds from starting a container that runs ``python -c pass`` to its end."""
    container = Container(image, entrypoint=["python", "-c", "pass"], command=())
    begun = time.perf_counter()
    done = container.run()
    taken = time.perf_counter() - begun
    container.remove()
    done.check_returncode()
    return taken


def _ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this machine
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (URLError, ConnectionError):
        return False


def _blob(directory: str, described: dict[str, str]) -> Any:
    path = Path(directory, described["digest"].partition(":")[2])
    return json.loads(path.read_text(encoding="utf-8"))


def _unpacked(blob: Path) -> int:
    with subprocess.Popen(["gzip", "-dc", blob], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        return sum(map(len, iter(lambda: process.stdout.read(_MB), b"")))  # type: ignore[union-attr]


def _report(name: str, rounds: int) -> Iterator[str]:
    yield "| Layer | MB | compressed |\n|---|---:|---:|"
    found = layers(name)
    for by, whole, packed in found:
        yield f"| {_short(by)} | {whole / _MB:.1f} | {packed / _MB:.1f} |"
    whole, packed = (sum(each[place] for each in found) for place in (1, 2))
    yield f"| all | {whole / _MB:.1f} | {packed / _MB:.1f} |\n"
    with mounted(name) as image:
        measured: dict[str, Callable[[], float]] = {
            "python -c pass": lambda: time_of_python(image),
            "to ready": lambda: time_to_ready(image),
            "to ready, without bytecode": lambda: time_to_ready(
                image, PYTHONPYCACHEPREFIX="/nowhere"
            ),
        }
        times: dict[str, list[float]] = {title: [] for title in measured}
        for _ in range(rounds):
            for title, once in measured.items():
                times[title].append(once())
    yield f"| Start, {rounds} rounds | median s | least | most |\n|---|---:|---:|---:|"
    for title, each in times.items():
        median = statistics.median(each)
        yield f"| {title} | {median:.2f} | {min(each):.2f} | {max(each):.2f} |"


def _short(by: str) -> str:
    text = " ".join(by.replace("|", "/").split())
    return f"`{text[:60]}`" if text else "the base"


def main() -> int:
    """Print the tables for the image that IMAGE names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how often each is started")
    arguments = parser.parse_args()
    for line in _report(os.environ["IMAGE"], arguments.rounds):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
