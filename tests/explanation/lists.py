"""Lists as the server makes them, without a server: a small city's market with any model of the ladder."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from data.columns import EventType, Table
from data.dataset import Dataset, to_arrow
from models import pipeline
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.features import DinerState
from services.features.codec import recent_entries
from services.ranking.candidates import Filters
from services.serving.fair_share import Ledgers
from services.serving.live import live_market
from services.serving.recommender import Answer, Ask, ranked_lists, sold_list
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policy import Policy

AT = datetime(2026, 1, 9, 19, 0, tzinfo=UTC)
PARAMETERS: dict[str, dict[str, Any]] = {
    "ials": {"components": 12, "epochs": 4},
    "lightfm": {"epochs": 5},
    "lightfm+lambdamart": {"first": {"epochs": 5}, "trees": {"rounds": 20}},
}


@cache
def market_of(dataset: Path, model: str) -> MarketSnapshot:
    """The city's market with a model trained on it."""
    city = Dataset.open(dataset)
    name = city.markets[0]
    made = pipeline.train(city, name, model, Path(mkdtemp()), parameters=PARAMETERS.get(model, {}))
    policy = Policy()
    rows: list[dict[str, Any]] = to_arrow(city.restaurants(name), Table.RESTAURANTS).to_pylist()
    restaurants = [Restaurant.model_validate(row) for row in rows]
    return build_snapshot(city.market(name), 1, restaurants, made, {policy.name: policy}, policy.name, 1, [])


def under(snapshot: MarketSnapshot, policy: Policy, campaigns: list[Campaign]) -> MarketSnapshot:
    """The same market under another policy, with campaigns."""
    restaurants, artifact = snapshot.restaurants, snapshot.artifact
    return build_snapshot(snapshot.info, 1, restaurants, artifact, {policy.name: policy}, policy.name, 1, campaigns)


def listed(
    snapshot: MarketSnapshot,
    diner: int | None,
    did: list[tuple[str, EventType]] | None = None,
    k: int = 20,
    filters: Filters | None = None,
    number: int = 1,
    ledgers: Ledgers | None = None,
) -> Answer:
    """A list for a row of the training data (None: without personalisation), who lately did this, the newest first."""
    state, home = None, snapshot.restaurants[(diner or 0) % len(snapshot.restaurants)]
    if diner is not None:
        learnt = snapshot.artifact.diners
        ages = [(AT - timedelta(hours=6 * place + 1)).timestamp() for place in range(len(did or []))]
        recent = recent_entries([name for name, _ in did or []], [kind for _, kind in did or []], ages)
        vector, bias = np.array(learnt.vectors[diner]), float(learnt.biases[diner])
        state = DinerState(vector, bias, snapshot.model_tag, home.lat, home.lon, recent)
    live = live_market(snapshot, AT, {}, {}, ledgers or {}).with_offers(snapshot, AT)
    ask = Ask(
        user_id="somebody" if diner is None else snapshot.artifact.diner_ids[diner],
        snapshot=snapshot,
        live=live,
        policy=snapshot.policies[snapshot.active_policy],
        filters=filters or Filters(),
        k=k,
        personalised=diner is not None,
    )
    request_id = f"{number:032x}"
    ranked = ranked_lists(ask, state, AT, request_id)
    return Answer(request_id, AT, ask, sold_list(ask, ranked), ranked, [], {}, state)
