"""What processes cost, read from /proc. Where there is no /proc (macOS) a cost is NaN and nothing is pinned."""

import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path

_PROC = Path("/proc")
_NAN = float("nan")
_REST_SECONDS = 0.75
"""Longer than the log of served lists waits before it writes."""
_AT_REST = 0.04
"""Of a core, what a server may take and be at rest: its timers."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes since their start; NaN where it cannot be read."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        if fields is None:
            return _NAN
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def settle(pids: Collection[int], at_most_seconds: float = 30.0) -> float:
    """Wait until the processes are at rest: what they put off, their log, is done then. CPU seconds that it took.

    A server that was asked for all it can do owes the log of its last lists. What a list costs has that in it, and who
    is measured next on the same core must not pay for it.
    """
    spent, end = 0.0, time.monotonic() + at_most_seconds
    while time.monotonic() < end:
        before = cpu_seconds(pids)
        time.sleep(_REST_SECONDS)
        used = cpu_seconds(pids) - before
        if not used > _AT_REST * _REST_SECONDS:
            break
        spent += used
    return spent


def resident_mib(pids: Iterable[int]) -> float:
    """Memory that these processes hold, MiB, what they share counted in each; NaN where it cannot be read."""
    try:
        pages = [int((_PROC / str(pid) / "statm").read_text().split()[1]) for pid in pids]
    except OSError:
        return _NAN
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def descendants(pid: int) -> list[int]:
    """The process and all below it, itself first."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    family = [pid]
    for member in family:
        family.extend(children.get(member, ()))
    return family


def machine_busy_seconds() -> float:
    """CPU time that the whole machine has spent on anything since its start; NaN where it cannot be read."""
    try:
        fields = (_PROC / "stat").read_text().split(maxsplit=9)
    except OSError:
        return _NAN
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in fields[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def pin(pid: int, core: int) -> bool:
    """Keep a process, all its threads and what it starts later to one core; False where that cannot be done."""
    if not hasattr(os, "sched_setaffinity") or core >= (os.cpu_count() or 1):
        return False
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            os.sched_setaffinity(int(task.name), {core})
    except OSError:
        return False
    return True


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on (proc(5)); the second, a name in brackets, may hold spaces."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
