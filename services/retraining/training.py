"""Train a dataset's markets and register what comes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from data.dataset import Dataset
from models.base import ModelError
from services.access.keys import ensure_keys
from services.access.roles import Role
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.fan_out import Engine
from services.releases.registry import ModelRegistry
from services.releases.states import Move
from services.releases.store import ReleaseStore
from services.retraining.training_tasks import Order, Progress, Refused, train_all
from services.settings import Settings

_HEADLINE = ("ndcg@10", "recall@20", "auc")


@dataclass(frozen=True)
class TrainedMarket:
    """What training a market gave."""

    market: str
    version: str
    champion: bool
    """Whether this version serves now."""
    headline: dict[str, dict[str, float]]
    """The main figures on held-out data."""


def train_markets(
    settings: Settings,
    dataset: Dataset,
    model: str,
    *,
    market: str | None = None,
    seed: int = 0,
    threads: int = 1,
    parameters: Mapping[str, Any] | None = None,
    all_ratings: bool = False,
    promote: bool = False,
    workers: Engine | None = None,
    before_release: Callable[[str], object] | None = None,
    progress: Progress,
    passed_over: Callable[[str], object],
) -> Iterator[TrainedMarket]:
    """Train one market or all; each is registered, with its catalogue, in their order.

    `parameters` and `all_ratings` are those of `models.pipeline.train`. `workers`: who trains, several markets at once;
    by default this process, one after the other. The versions are the same.
    `promote` makes the new versions champions at once; `before_release` is called with each market when its catalogue
    is there and its version is not registered yet. A market without enough feedback is passed over, with a word
    to `passed_over`, when others are left. Raises ModelError when none could be trained; EngineError, StoreError.
    """
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        ensure_keys(engine, settings.keys_file)
        catalogue, registry = CatalogueStore(engine), ModelRegistry(engine)
        release_store = ReleaseStore(engine, AuditTrail(engine, Clock()), Clock())
        infos = [dataset.market(market)] if market else list(dataset.manifest.markets)
        orders = [
            Order(info.market, model, seed, threads, parameters or {}, all_ratings, looked_into=True) for info in infos
        ]
        refusals: list[str] = []
        workers = (workers or Engine()).among(len(orders))
        trained = train_all(dataset, orders, settings.artifacts, workers, settings.resolved_engine_store, progress)
        for info, outcome in zip(infos, trained, strict=True):
            if isinstance(outcome, Refused):
                refusals.append(str(outcome.error))
                passed_over(str(outcome.error))
                continue
            artifact = outcome.artifact
            metrics: dict[str, Any] = {**artifact.manifest.metrics, "data_snapshot": dataset.snapshot}
            catalogue.load(info, dataset.restaurants(info.market), dataset.diners(info.market))
            if before_release is not None:
                before_release(info.market)
            registry.register(info.market, artifact.version, model, str(artifact.path.absolute()), metrics)
            if promote:
                release_store.move(info.market, artifact.version, Move.PROMOTE, role=Role.ADMIN, reason="trained")
            champion = registry.champion(info.market)
            measured = metrics["models"][model]
            yield TrainedMarket(
                market=info.market,
                version=artifact.version,
                champion=champion is not None and champion.version == artifact.version,
                headline={name: measured[name] for name in _HEADLINE},
            )
        if len(refusals) == len(orders):
            raise ModelError("; ".join(refusals))
    finally:
        engine.dispose()
