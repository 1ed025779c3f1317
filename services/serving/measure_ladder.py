"""The ladder in one table: what each rung is worth, and what it costs.

    tablestakes ladder DIR

Each model is trained as `tablestakes train` does it, into a folder that is thrown away, and requests are timed when
that is over, with nothing beside them. Accuracy is that of the held-out test period. A request is timed as it is
served, from the diner's vector to the ranked list: the feature cache, HTTP and auctions are the same for all models and
left out. Memory is what a serving process maps. Training is the CPU time of the fit to the whole log, on one thread.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from data import columns as col
from data.columns import Table
from data.dataset import Dataset, to_arrow
from models.artifacts import Artifact
from models.ladder import rung
from models.second_stage.stage import second_stage_of
from services.catalogue.records import Restaurant
from services.fan_out import Engine
from services.ranking.rank import Requests, rank
from services.retraining.training_tasks import Order, Refused, Trained, train_all
from services.serving.diners import NO_ENTRIES, choices_of
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policy import Policy

Progress = Callable[[str, int, int], None]

RUNGS: Final = ("random", "popular", "lightfm", "ease", "ials", "ensemble", "lightfm+lambdamart")
EXPLAINED: Final = {
    "random": "nothing to explain",
    "popular": "by the district's orders, exact",
    "lightfm": "by pairs of features, exact",
    "ease": "by the diner's own history, exact",
    "ials": "by the diner's own history, for fixed restaurants' vectors",
    "ensemble": "by member, then as each member",
    "lightfm+lambdamart": "by pairs of features, plus TreeSHAP, exact",
}
_TIMED: Final = 300
_K: Final = 20


@dataclass(frozen=True)
class Rung:
    """One line of the table; figures are `{"value", "low", "high"}`."""

    model: str
    figures: dict[str, dict[str, float]]
    """`ndcg@10` free of context, `requests_ndcg@10` as served."""
    request_microseconds: dict[str, float]
    """`median`, `p99`."""
    serving_bytes: int
    fit_seconds: float
    explained: str


def measure_ladder(
    dataset: Dataset,
    market: str,
    models: Sequence[str],
    seed: int,
    progress: Progress,
    engine: Engine | None = None,
    store: str = "",
) -> list[Rung]:
    """Train each, as a task of the engine, and measure them; by default this process does it all.

    Raises ModelError for one that is not on the ladder or has nothing to learn from; EngineError, StoreError.
    """
    for model in models:
        rung(model)
    engine = (engine or Engine()).among(len(models))
    orders = [Order(market, model, seed) for model in models]
    trained: list[Trained] = []
    with tempfile.TemporaryDirectory() as folder:
        for outcome in train_all(dataset, orders, Path(folder), engine, store, lambda *_: None):
            if isinstance(outcome, Refused):
                raise outcome.error
            trained.append(outcome)
            progress(f"trained {outcome.order.model}", len(trained), len(models))
        rungs = [_rung(dataset, market, one.artifact, one.fit_seconds) for one in trained]
    progress("done", len(models), len(models))
    return rungs


def lines(rungs: Sequence[Rung]) -> list[str]:
    """For a terminal."""
    head = ("model", "nDCG@10", "nDCG@10 of requests", "request µs (p99)", "serving MB", "fit CPU s", "explained")
    rows = [head, *(_row(rung) for rung in rungs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(rung: Rung) -> tuple[str, ...]:
    times = rung.request_microseconds
    return (
        rung.model,
        _interval(rung.figures["ndcg@10"]),
        _interval(rung.figures["requests_ndcg@10"]) if "requests_ndcg@10" in rung.figures else "-",
        f"{times['median']:.0f} ({times['p99']:.0f})",
        f"{rung.serving_bytes / 1e6:.1f}",
        f"{rung.fit_seconds:.1f}",
        rung.explained,
    )


def _interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _rung(dataset: Dataset, market: str, artifact: Artifact, fit_seconds: float) -> Rung:
    name, metrics = artifact.manifest.model, artifact.manifest.metrics
    figures = {"ndcg@10": metrics["models"][name]["ndcg@10"]}
    if metrics["requests"]:
        figures["requests_ndcg@10"] = metrics["requests"]["models"][name]["ndcg@10"]
    return Rung(
        model=name,
        figures=figures,
        request_microseconds=request_microseconds(_snapshot(dataset, market, artifact), dataset, market),
        serving_bytes=serving_bytes(artifact),
        fit_seconds=fit_seconds,
        explained=EXPLAINED.get(name, "not known"),
    )


def serving_bytes(artifact: Artifact) -> int:
    """What a serving process maps of a version."""
    sides = (artifact.diners, artifact.restaurants)
    stage = second_stage_of(artifact.model)
    vectors = sum(side.vectors.nbytes + side.biases.nbytes for side in sides)
    return vectors + artifact.popularity.nbytes + (0 if stage is None else stage.nbytes)


def _snapshot(dataset: Dataset, market: str, artifact: Artifact) -> MarketSnapshot:
    policy = Policy()
    rows: list[dict[str, Any]] = to_arrow(dataset.restaurants(market), Table.RESTAURANTS).to_pylist()
    restaurants = [Restaurant.model_validate(row) for row in rows]
    return build_snapshot(dataset.market(market), 1, restaurants, artifact, {policy.name: policy}, policy.name, 1, [])


def request_microseconds(snapshot: MarketSnapshot, dataset: Dataset, market: str) -> dict[str, float]:
    """`median` and `p99` of one request of each of some diners at home, one after the other."""
    homes, artifact, policy = dataset.diners(market), snapshot.artifact, Policy()
    lat, lon = (homes[name].to_numpy(np.float64) for name in (col.HOME_LAT, col.HOME_LON))
    reranker, taken = snapshot.catalogue.reranker, []
    at = int(artifact.manifest.created_at.timestamp())
    nothing = choices_of(NO_ENTRIES, snapshot.row_of_hash)
    for row in np.random.default_rng(0).integers(0, len(homes), _TIMED).tolist():
        vectors, biases = artifact.diners.vectors[row : row + 1], artifact.diners.biases[row : row + 1]
        np.array(vectors)  # a served vector comes from the cache, not from a page that is touched for the first time
        started = time.perf_counter()
        moments = None
        if reranker is not None:
            moments = reranker.moment(row, nothing, at, 19 * 60, float(lat[row]), float(lon[row]))
        place = (np.asarray([lat[row]]), np.asarray([lon[row]]))
        rank(snapshot.catalogue, Requests(vectors, biases, None, *place, moments=moments), _K, policy.shortlist)
        taken.append(1e6 * (time.perf_counter() - started))
    median, p99 = np.quantile(taken, [0.5, 0.99])
    return {"median": float(median), "p99": float(p99)}
