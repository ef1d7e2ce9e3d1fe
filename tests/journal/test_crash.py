"""What was acknowledged is there after the process was killed (SIGKILL)."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from cds_service.journal.schema import consultations, feedback
from cds_service.journal.store import JournalStore
from tests.journal.test_journal import until

ROOT = Path(__file__).parents[2]
_WINDOW = 1.0
"""Far above the flush interval of a tenth of a second: test machines are busy."""
_LEAST = 15
"""Acknowledgements of a process before it is killed, however long the machine takes over them."""


def killed(url: str, spool: Path, seconds: float) -> tuple[list[list[str]], float]:
    """Let a process write for `seconds` and kill it; return what it said and when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.journal.crash_writer", url, str(spool)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    said: list[str] = []
    assert process.stdout
    said.append(process.stdout.readline())
    reader = threading.Thread(target=lambda: said.extend(process.stdout))
    reader.start()
    time.sleep(seconds)
    until(lambda: sum(line.startswith("F") for line in list(said)) >= _LEAST)
    process.kill()
    at = time.time()
    process.wait(60)
    reader.join(60)
    process.stdout.close()
    return [line.split() for line in said if line.endswith("\n")], at


def test_acknowledged_feedback_survives_a_kill_at_any_time(
    url: str, tmp_path: Path, open_store: Callable[[str], JournalStore]
):
    store = open_store(url)
    acknowledged: set[str] = set()
    recorded: dict[UUID, float] = {}
    windows: dict[UUID, float] = {}
    for _ in range(3):
        said, at = killed(url, tmp_path / "spool", random.uniform(0.2, 1.2))
        committed = [line for line in said if line[0] == "F" and len(line) == 3]
        acknowledged |= {line[1] for line in committed}
        times = sorted(float(line[2]) for line in committed)
        # how long a commit takes on this machine at worst: consultations wait for theirs too
        slowest = max(later - earlier for earlier, later in pairwise([*times, at]))
        old = [line for line in said if line[0] == "R" and len(line) == 3]
        recorded |= {UUID(line[1]): at - float(line[2]) for line in old}
        windows |= {UUID(line[1]): _WINDOW + 2 * slowest for line in old}
    with store._database.unit(writes=False) as connection:
        stored = set(connection.scalars(select(feedback.c.id)))
        present = set(connection.scalars(select(consultations.c.id)))
    assert len(acknowledged) >= 3 * _LEAST
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= 3 * 4  # committed, and killed before it could be said
    assert present
    missing = [recorded[identity] for identity in recorded.keys() - present]
    late = [recorded[each] for each in recorded.keys() - present if recorded[each] > windows[each]]
    assert late == []
    print(
        f"acknowledged {len(acknowledged)}, stored {len(stored)}; consultations recorded"
        f" {len(recorded)}, lost {len(missing)}, oldest lost {max(missing, default=0):.3f} s"
    )
