"""Memory and CPU of processes while something runs, sampled by a thread; and whether memory grows."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from scipy import stats

from loadtests.processes import cpu_seconds, machine_busy_seconds

_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024
SETTLING: Final = 1 / 3
"""Of a run, at its begin: caches fill and pools grow, and that ends. What is left is looked at for a slope."""
_BINS: Final = 20
_LEAST_SAMPLES: Final = 10


def resident_kib(pid: int) -> float:
    """Memory that a process holds in RAM (RSS), KiB; NaN where it cannot be read."""
    try:
        return float(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB
    except (OSError, IndexError):
        return float("nan")


def rollup_kib(pid: int) -> dict[str, float]:
    """Rss, Pss, Shared_Clean, Private_Dirty … from /proc/PID/smaps_rollup, KiB; empty where it cannot be read."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {line.split(":")[0]: float(line.split()[1]) for line in lines}


@dataclass(frozen=True)
class Growth:
    """Slope of a process's memory after it has settled, with its 95 % interval."""

    kib_per_minute: float
    low: float
    high: float
    first_kib: float
    last_kib: float

    @property
    def flat(self) -> bool:
        """Whether the slope is indistinguishable from zero: its interval holds zero."""
        return self.low <= 0.0 <= self.high

    @property
    def grows(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0.0

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        return {**vars(self), "flat": self.flat, "grows": self.grows}


def growth(at: npt.NDArray[np.float64], kib: npt.NDArray[np.float64]) -> Growth | None:
    """From samples at times in seconds; None where there are fewer than ten after the settling time.

    Theil and Sen's slope with its interval from Kendall's rank statistic (Sen, 1968): one step up, or a collection of
    garbage, does not make a slope. Samples are first put together to at most twenty medians, because neighbours are not
    independent of each other. A memory that never moved has the slope 0 and an interval of no width.
    """
    read = np.isfinite(kib)
    at, kib = at[read], kib[read]
    settled = at >= at[0] + SETTLING * (at[-1] - at[0]) if at.size else read[read]
    at, kib = at[settled] / 60.0, kib[settled]
    if at.size < _LEAST_SAMPLES:
        return None
    bins = np.array_split(np.arange(at.size), min(_BINS, at.size))
    minutes = np.array([np.median(at[each]) for each in bins])
    middle = np.array([np.median(kib[each]) for each in bins])
    slope, _, low, high = stats.theilslopes(middle, minutes, alpha=0.95)
    return Growth(float(slope), float(low), float(high), float(middle[0]), float(middle[-1]))


@dataclass(frozen=True)
class Seen:
    """Samples of a watcher, each list as long as `at`."""

    at: list[float]
    kib: dict[str, list[float]]
    cpu: dict[str, list[float]]

    def growths(self) -> dict[str, Growth | None]:
        """Of each process."""
        return {name: growth(np.asarray(self.at), np.asarray(kib)) for name, kib in self.kib.items()}


@dataclass
class Watcher:
    """Samples named processes every `seconds` until it is left: `with Watcher({"worker 1": pid}) as watcher: ...`."""

    pids: Mapping[str, int]
    """By name; more may be added while it runs."""
    seconds: float = 0.5
    at: list[float] = field(default_factory=list)
    """`time.perf_counter` of each sample."""
    kib: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    """CPU seconds since the process's start; of one that is gone, the last that was known."""
    busy: list[float] = field(default_factory=list)
    """CPU seconds of the whole machine."""
    own: list[float] = field(default_factory=list)
    """CPU seconds of this process."""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    """Held while samples are added or read: lists of one length each."""

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher")
        self.sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.sample()

    def _run(self) -> None:
        while not self._stop.wait(self.seconds):
            self.sample()

    def sample(self) -> None:
        """Take one sample now."""
        with self._turn:
            self.at.append(time.perf_counter())
            self.busy.append(machine_busy_seconds())
            self.own.append(time.process_time())
            earlier = len(self.at) - 1  # samples that a process which began since is not in
            for name, pid in list(self.pids.items()):
                self.kib.setdefault(name, [float("nan")] * earlier).append(resident_kib(pid))
                before, now = self.cpu.setdefault(name, [0.0] * earlier), cpu_seconds([pid])
                before.append(before[-1] if now != now and before else now)

    def begin_anew(self) -> None:
        """Forget what was seen so far: what is looked at begins now."""
        with self._turn:
            for seen in (self.at, self.busy, self.own):
                seen.clear()
            self.kib.clear()
            self.cpu.clear()
        self.sample()

    def seen(self) -> Seen:
        """The samples so far, which stay as they are while sampling goes on."""
        with self._turn:
            copies = ({name: list(values) for name, values in each.items()} for each in (self.kib, self.cpu))
            return Seen(list(self.at), *copies)

    def foreign_cores(self) -> float:
        """Cores that were busy with neither the watched processes nor this one, on average; NaN where unknown."""
        with self._turn:
            ours = self.own[-1] - self.own[0] + sum(each[-1] - each[0] for each in self.cpu.values())
            return max(self.busy[-1] - self.busy[0] - ours, 0.0) / (self.at[-1] - self.at[0])
