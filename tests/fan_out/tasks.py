"""What the tests have done by other processes, and a program that does it as a driver of its own."""

import os
import signal
import sys
import time
from pathlib import Path

from data.dataset import Dataset, DatasetError
from models.contest import Contest
from services.fan_out import Engine, fan_out
from services.retraining.training import train_markets
from services.settings import Settings

CONTEST = Contest(("ease",), cold_start=False)


def squared(number: int) -> int:
    return number * number


def threads() -> dict[str, object]:
    """How many threads a task may have, and where it is."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return {"pools": [pool["num_threads"] for pool in threadpool_info()], "pid": os.getpid(), "parent": os.getppid()}


def refuse(number: int) -> int:
    if number == 2:
        raise DatasetError("a damaged folder")
    return number


class OnlyHere(Exception):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def refuse_in_words_that_cannot_travel() -> None:
    raise OnlyHere("it", "broke")


def vanish() -> None:
    os._exit(3)


def wait(number: int, folder: str) -> None:
    """Says who it is, and would go on for minutes."""
    (Path(folder) / f"{number}.pid").write_text(str(os.getpid()))
    time.sleep(300.0)


def dwell(number: int, folder: str, seconds: float) -> tuple[int, str]:
    """Says on which node it began, takes its time, and gives the square."""
    import ray

    node = str(ray.get_runtime_context().get_node_id())
    with (Path(folder) / "begun").open("a") as stream:
        stream.write(f"{number} {node}\n")
    time.sleep(seconds)
    return number * number, node


def first_versions(home: Path, dataset: Dataset, workers: Engine) -> list[str]:
    """Of training the first market for the first time."""
    trained = train_markets(
        Settings(home=home),
        dataset,
        "popular",
        market=dataset.markets[0],
        workers=workers,
        progress=lambda *_: None,
        passed_over=print,
    )
    return [f"{one.market}/{one.version}" for one in trained]


if __name__ == "__main__":  # tasks.py ENGINE FOLDER: waits until it is killed
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell has put into the background
    list(fan_out(Engine(sys.argv[1], 2), wait, [(1, sys.argv[2]), (2, sys.argv[2])]))
