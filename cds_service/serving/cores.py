"""How many cores this process may use: what the scheduler and the control group allow."""

import math
import os
from pathlib import Path

MOST_WORKERS = 8
"""Workers made by themselves: whoever wants more on one machine says so."""

_CGROUP_2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_1 = Path("/sys/fs/cgroup/cpu")


def cores() -> int:
    """Return the cores to use, at least 1; half a core of a quota counts as one."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, _quota(_CGROUP_2, _CGROUP_1)))


def _quota(second: Path, first: Path) -> int:
    """Return the cores of the control group's quota, in either version; many if there is none."""
    try:
        if second.exists():
            quota, period = second.read_text("ascii").split()
        else:
            quota = (first / "cpu.cfs_quota_us").read_text("ascii")
            period = (first / "cpu.cfs_period_us").read_text("ascii")
        share = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # "max", or no control group at all
        return 1024
    return math.ceil(share) if share > 0 else 1024
