"""Measuring models on held-out data, each market, or each model of one, as a task of an engine."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.dataset import Dataset
from models import contest as contests
from models.base import ModelError
from models.contest import Asked, Contest
from models.evaluation import market_figures
from models.evaluation.market_figures import MarketFigures
from services.fan_out import Engine, fan_out
from services.fan_out.places import Place, Places, Said, fetched, left

Progress = Callable[[str, int, int], None]


def evaluate(
    dataset: Dataset, contest: Contest, engine: Engine, store: str, progress: Progress, market: str | None = None
) -> dict[str, Any]:
    """The report of `models.contest.evaluate`, which the engine and its jobs do not change.

    Where there are more jobs than markets, models are asked apart. `store`: where data and figures travel, for an
    engine other than the local one. Raises ModelError where there is nothing to measure with, EngineError, StoreError.
    """
    markets = [dataset.market(market).market] if market else list(dataset.markets)
    apart = engine.jobs > len(markets)
    places = Places(dataset, engine, store, "evaluate", {"contest": asdict(contest), "apart": apart})
    with tempfile.TemporaryDirectory(prefix="tablestakes-figures-") as scratch:

        def measuring(asked: Sequence[Asked]) -> Iterator[MarketFigures | ModelError]:
            made = [places.made(one.market, number, Path(scratch) / str(number)) for number, one in enumerate(asked)]
            tasks = ((places.data(one.market), to, contest, one) for one, to in zip(asked, made, strict=True))
            for done in fan_out(engine.among(len(asked)), measure_one, tasks):
                if "refused" in done.result:
                    yield ModelError(done.result["refused"])
                else:
                    with fetched(made[done.number]) as folder:
                        yield market_figures.load(folder)

        try:
            result = contests.evaluate(
                dataset, contest, market=market, apart=apart, measuring=measuring, progress=progress
            )
        except ModelError:  # an answer too: there is nothing to go on with
            _clear(places, markets)
            raise
    _clear(places, markets)
    return result


def _clear(places: Places, markets: Sequence[str]) -> None:
    for name in markets:
        places.clear(name)


def measure_one(data: Place, made: Place, contest: Contest, asked: Asked) -> Said:
    """The task: nothing to say of the figures that it leaves, or why the market is `refused`."""

    def make(folder: Path) -> Said:
        with fetched(data) as path:
            found = contests.measure_market(Dataset.open(path), contest, asked)
        if isinstance(found, ModelError):
            return {"refused": str(found)}
        market_figures.save(found, folder)
        return {}

    return left(made, make)
