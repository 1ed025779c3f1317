"""Work that is done city by city."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.fan_out import fan_out
from services.lessons.lesson import Asked
from services.simulation.closed_loop import SeedRun, run_seed
from services.simulation.plan import Plan

T = TypeVar("T")


def in_cities(asked: Asked, work: Callable[[int], T], doing: str, begin: float = 0.0, end: float = 1.0) -> list[T]:
    """What `work` makes of each seed, in the order of the seeds, on whatever engine.

    The progress goes from `begin` to `end` meanwhile. `work` can be sent to another process.
    """
    return [found for (found,) in _done(asked, work, [(seed,) for seed in asked.seeds], 1, doing, begin, end)]


def lived(asked: Asked, plans: Sequence[Plan], doing: str, begin: float = 0.0, end: float = 1.0) -> list[list[SeedRun]]:
    """For each plan, what its policies came to in each seed's city."""
    tasks = [(plan, seed) for seed in asked.seeds for plan in plans]
    rows = _done(asked, run_seed, tasks, len(plans), doing, begin, end)
    return [list(of_plan) for of_plan in zip(*rows, strict=True)]


def _done(
    asked: Asked,
    work: Callable[..., T],
    tasks: Sequence[tuple[object, ...]],
    of_seed: int,
    doing: str,
    begin: float,
    end: float,
) -> list[tuple[T, ...]]:
    """The results in rows of `of_seed`."""
    found: list[T] = []
    asked.progress(doing, begin)
    for done in fan_out(asked.engine.among(len(tasks)), work, tasks):
        found.append(done.result)
        asked.spent.append(done.cpu_seconds)
        cities = f", {-(-len(found) // of_seed)} of {len(tasks) // of_seed} cities"
        asked.progress(doing + cities, begin + (end - begin) * len(found) / len(tasks))
    return [tuple(found[at : at + of_seed]) for at in range(0, len(found), of_seed)]
