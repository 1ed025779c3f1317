"""Work by city: the same whatever the number of processes, and none of them is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from services.fan_out import Engine
from services.lessons.cities import in_cities
from services.lessons.lesson import Asked

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from services.fan_out import Engine
from services.lessons.cities import in_cities
from services.lessons.lesson import Asked
from tests.lessons.test_cities import wait
in_cities(Asked((1, 2), engine=Engine(jobs=2)), partial(wait, folder=sys.argv[1]), "waiting")
"""


def squared(seed: int) -> int:
    return seed * seed


def wait(seed: int, folder: str) -> None:
    """Says who it is, and would go on for minutes."""
    (Path(folder) / f"{seed}.pid").write_text(str(os.getpid()))
    time.sleep(300.0)


def test_results_come_in_the_order_of_the_seeds_and_progress_never_goes_back() -> None:
    for jobs in (1, 2):
        said: list[tuple[str, float]] = []
        asked = Asked(
            (3, 1, 2), engine=Engine(jobs=jobs), progress=lambda text, share, said=said: said.append((text, share))
        )
        assert in_cities(asked, squared, "squaring", 0.5, 1.0) == [9, 1, 4]
        assert said[0] == ("squaring", 0.5)
        assert said[-1] == ("squaring, 3 of 3 cities", 1.0)
        assert [share for _, share in said] == sorted(share for _, share in said)
        assert (sum(asked.spent) > 0.0) == (jobs == 2)


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, cwd=ROOT)
    until = time.monotonic() + 300.0
    while len(files := list(tmp_path.glob("*.pid"))) < 2 or not all(file.read_text() for file in files):
        assert parent.poll() is None
        assert time.monotonic() < until, "they did not begin"
        time.sleep(0.05)
    workers = [int(file.read_text()) for file in files]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while any(is_there(pid) for pid in workers):
        assert time.monotonic() < until, "they were left behind"
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
