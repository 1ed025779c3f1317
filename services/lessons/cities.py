"""Work that is done city by city, in processes of its own that end when the one that started them does."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from services.lessons.lesson import Asked
from services.simulation.closed_loop import SeedRun, run_seed
from services.simulation.plan import Plan

T = TypeVar("T")

_LOOK_SECONDS: Final = 1.0
_ENDED: Final = 1
_watched: list[threading.Thread] = []
"""The thread of a process that works for another one; each has one at most."""


def in_cities(asked: Asked, work: Callable[[int], T], doing: str, begin: float = 0.0, end: float = 1.0) -> list[T]:
    """What `work` makes of each seed, in the order of the seeds, however many processes there are.

    The progress goes from `begin` to `end` meanwhile. `work` can be sent to another process.
    """
    return [
        found for (found,) in _done(asked, [partial(_one, work, seed) for seed in asked.seeds], 1, doing, begin, end)
    ]


def lived(asked: Asked, plans: Sequence[Plan], doing: str, begin: float = 0.0, end: float = 1.0) -> list[list[SeedRun]]:
    """For each plan, what its policies came to in each seed's city."""
    tasks = [partial(run_seed, plan, seed) for seed in asked.seeds for plan in plans]
    rows = _done(asked, tasks, len(plans), doing, begin, end)
    return [list(of_plan) for of_plan in zip(*rows, strict=True)]


def _one(work: Callable[[int], T], seed: int) -> T:
    # One thread, that sums are added in the same order however many processes there are.
    with threadpool_limits(1):
        return work(seed)


def _done(
    asked: Asked, tasks: Sequence[Callable[[], T]], of_seed: int, doing: str, begin: float, end: float
) -> list[tuple[T, ...]]:
    """The results in rows of `of_seed`."""
    found: list[T] = []
    asked.progress(doing, begin)
    jobs = min(asked.jobs, len(tasks))
    # joblib's own backend starts processes by exec: one that is forked would hang in LightFM's OpenMP.
    work = (delayed(_watch)(task, os.getpid()) for task in tasks)
    for one, spent in Parallel(n_jobs=jobs, return_as="generator", pre_dispatch=2 * jobs)(work):
        found.append(one)
        asked.spent.append(spent)
        cities = f", {-(-len(found) // of_seed)} of {len(tasks) // of_seed} cities"
        asked.progress(doing + cities, begin + (end - begin) * len(found) / len(tasks))
    return [tuple(found[at : at + of_seed]) for at in range(0, len(found), of_seed)]


def _watch(task: Callable[[], T], parent: int) -> tuple[T, float]:
    """(what a task gives, CPU seconds that it took of another process than the parent).

    A process that was started for it ends when the one that waits for it has died.
    """
    if os.getpid() == parent:
        return task(), 0.0
    if not _watched:
        watch = threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True)
        _watched.append(watch)
        watch.start()
    started = time.process_time()
    return task(), time.process_time() - started


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(_ENDED)
