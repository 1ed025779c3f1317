"""Memory that grows is seen, memory that does not is not called so."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from loadtests.watching import Watcher, growth, resident_kib, rollup_kib

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")

GROWING = """
import sys, time
held = []
print("ready", flush=True)
while True:
    held.append(bytearray(int(sys.argv[1]) * 1024))
    time.sleep(0.02)
"""


def slope_of(kib: np.ndarray, seconds: float = 120.0):
    found = growth(np.linspace(0.0, seconds, kib.size), kib)
    assert found is not None
    return found


def test_noise_around_a_level_is_flat_and_a_leak_is_not() -> None:
    """Half a MiB a minute under noise of a tenth is seen; noise alone is called a leak in at most 8 of 100."""
    rng = np.random.default_rng(2)
    called = sum(slope_of(200_000 + rng.normal(0, 500, 240)).grows for _ in range(100))
    assert called <= 8
    assert all(slope_of(200_000 + np.linspace(0, 1_000, 240) + rng.normal(0, 100, 240)).grows for _ in range(20))


def test_the_filling_of_caches_at_the_begin_is_no_leak() -> None:
    kib = 200_000 + 50_000 * np.minimum(np.linspace(0, 4, 240), 1.0)
    assert slope_of(kib).flat
    assert slope_of(kib).kib_per_minute == 0.0


def test_one_step_up_is_no_slope() -> None:
    kib = np.full(240, 200_000.0)
    kib[-12:] += 1_000
    assert slope_of(kib + np.random.default_rng(1).normal(0, 10, 240)).flat


def test_the_slope_is_in_kib_a_minute() -> None:
    found = slope_of(np.linspace(100_000, 100_240, 240))
    assert found.kib_per_minute == pytest.approx(120, rel=0.01)
    assert (found.grows, found.flat) == (True, False)


def test_few_samples_or_gaps_say_nothing() -> None:
    assert growth(np.arange(12.0), np.full(12, 5.0)) is None
    assert growth(np.arange(100.0), np.full(100, np.nan)) is None
    assert growth(np.empty(0), np.empty(0)) is None


@pytest.mark.parametrize(("kib", "grows"), [(0, False), (512, True)])
def test_a_process_that_leaks_is_found_out(kib: int, grows: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", GROWING, str(kib)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with Watcher({"it": process.pid}, seconds=0.05) as watcher:
            time.sleep(2.5)
    finally:
        process.kill()
        process.communicate()
    found = watcher.seen().growths()["it"]
    assert found is not None
    assert found.grows == grows


def test_a_process_that_ends_keeps_its_cost_and_one_that_begins_has_a_gap_before() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "sum(range(10_000_000))"])
    pids = {"ended": ended.pid}
    with Watcher(pids, seconds=0.02) as watcher:
        ended.wait()
        time.sleep(0.1)
        pids["begun"] = os.getpid()
        time.sleep(0.1)
    assert watcher.cpu["ended"][-1] > 0.05
    assert np.isnan(watcher.kib["ended"][-1])
    assert np.isnan(watcher.kib["begun"][0])
    assert watcher.kib["begun"][-1] > 10_000
    assert len({len(watcher.at), *(len(each) for each in [*watcher.kib.values(), *watcher.cpu.values()])}) == 1


def test_shared_memory_is_told_apart() -> None:
    own = rollup_kib(os.getpid())
    assert own["Rss"] >= own["Pss"] > 0
    assert own["Rss"] == pytest.approx(resident_kib(os.getpid()), rel=0.2)
    assert rollup_kib(2**22 + 1) == {}
