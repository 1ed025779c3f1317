"""Training versions by market and model, each as a task of an engine; needs no database."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from models import artifacts, pipeline
from models.artifacts import Artifact
from models.base import ModelError
from services.fan_out import LOCAL, Engine, fan_out
from services.fan_out.places import Place, Places, Said, fetched, left

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Order:
    """A version that is wanted; see `models.pipeline.train`."""

    market: str
    model: str
    seed: int = 0
    threads: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)
    all_ratings: bool = False
    looked_into: bool = False


class Trained(NamedTuple):
    """What came of an order."""

    order: Order
    artifact: Artifact
    fit_seconds: float
    """CPU time of the fit to everything."""


class Refused(NamedTuple):
    """An order that could not be met."""

    order: Order
    error: ModelError


def train_all(
    dataset: Dataset, orders: Sequence[Order], root: Path, engine: Engine, store: str, progress: Progress
) -> Iterator[Trained | Refused]:
    """What comes of each order, in their order; versions are under `root` then.

    `store`: where data and versions travel, for an engine other than the local one. Raises EngineError, StoreError,
    ArtifactError; the same call goes on then with what is in the store.
    """
    places = Places(dataset, engine, store, "train", {"orders": [asdict(order) for order in orders]})
    made = [places.made(order.market, number, root) for number, order in enumerate(orders)]
    last = {order.market: number for number, order in enumerate(orders)}
    # Steps are told by who does them; of other processes it is known when they are done.
    alone = (engine.name, engine.jobs) == (LOCAL, 1)
    task = partial(train_one, progress=progress) if alone else train_one
    tasks = ((places.data(order.market), place, order) for order, place in zip(orders, made, strict=True))
    for done in fan_out(engine, task, tasks):
        order, said = orders[done.number], done.result
        outcome: Trained | Refused
        if "refused" in said:
            outcome = Refused(order, ModelError(said["refused"]))
        else:
            with fetched(made[done.number]) as folder:
                artifact = artifacts.adopt(folder / order.market / said["version"], root)
            outcome = Trained(order, artifact, said["fit_seconds"])
        if last[order.market] == done.number:
            places.clear(order.market)
        if not alone:
            progress("trained", done.number + 1, len(orders))
        yield outcome


def train_one(data: Place, made: Place, order: Order, progress: Progress = lambda _step, _done, _total: None) -> Said:
    """The task: `version` and `fit_seconds`, or why it is `refused`."""

    def make(folder: Path) -> Said:
        clock = _FitClock(progress)
        try:
            with fetched(data) as path, threadpool_limits(order.threads):
                artifact = pipeline.train(
                    Dataset.open(path),
                    order.market,
                    order.model,
                    folder,
                    seed=order.seed,
                    threads=order.threads,
                    parameters=order.parameters,
                    all_ratings=order.all_ratings,
                    looked_into=order.looked_into,
                    progress=clock.tick,
                )
        except ModelError as error:
            return {"refused": str(error)}
        return {"version": artifact.version, "fit_seconds": clock.seconds}

    return left(made, make)


class _FitClock:
    """CPU seconds of the training's last fit, told by its progress, which is told on."""

    def __init__(self, progress: Progress) -> None:
        self.seconds = 0.0
        self._progress = progress

    def tick(self, step: str, done: int, total: int) -> None:
        """At each step."""
        if done == pipeline.FITTING:
            self.seconds = -time.process_time()
        elif done == pipeline.FITTING + 1:
            self.seconds += time.process_time()
        self._progress(step, done, total)
