"""How many cores a container's CPU quota leaves to this process.

The core sees the affinity mask by itself; the quota stands in a file, and the core opens none.
"""

from __future__ import annotations

import math
from pathlib import Path

from bytestride import _core

_CGROUP = Path("/sys/fs/cgroup")


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def quota_cores(cgroup: Path = _CGROUP) -> int:
    """Return the whole cores that the CPU quota amounts to, rounded up; 0 where there is none.

    Reads ``cpu.max`` ("quota period", cgroup v2) or ``cpu.cfs_quota_us`` and
    ``cpu.cfs_period_us`` (v1), as the kernel documents them.
    """
    both = _read(cgroup / "cpu.max")
    if both is None:
        quota = _read(cgroup / "cpu" / "cpu.cfs_quota_us")
        period = _read(cgroup / "cpu" / "cpu.cfs_period_us")
        both = f"{quota} {period}" if quota is not None and period is not None else ""
    fields = both.split()
    if len(fields) != 2 or not all(field.isdecimal() for field in fields) or int(fields[1]) == 0:
        return 0  # "max", -1 or no cgroup: no quota
    return math.ceil(int(fields[0]) / int(fields[1]))


def apply_quota() -> None:
    """Tell the core, so that ``num_threads=None`` means no more threads than the quota pays for."""
    _core.set_core_limit(quota_cores())
