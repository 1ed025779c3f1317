"""The body that is written piece by piece, against the same document dumped from objects."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest
from fastapi.testclient import TestClient

from services.api.asking import ask_for
from services.api.schemas import RecommendationQuery
from services.bootstrap import Services
from services.serving.present import body
from services.serving.reasons import MOST, reasons
from services.serving.recommender import Answer
from services.serving.replay_inputs import EXPLAIN, Explain
from tests.api.test_sold_places import selling

__all__ = ["selling"]


def dumped(answer: Answer, explain: Explain) -> bytes:
    """The document from objects."""
    ask, snapshot, live, shown = answer.ask, answer.ask.snapshot, answer.ask.live, answer.shown
    why = reasons(answer)
    items = []
    for index, row in enumerate(shown.rows.tolist()):
        restaurant, km = snapshot.restaurants[row], float(shown.distances_km[index])
        told: list[Any] = [] if explain == "none" else list(why[index])
        sponsor = None
        if index in shown.sponsors:
            payer = snapshot.book.campaigns[shown.sponsors[index]].payer
            sponsor = {"payer": payer, "label": "Sponsored"}
            text = f"{payer} pays for this place; without payment it is number {shown.organic_ranks[index]}"
            told = [{"code": "sponsored", "text": text}, *told][:MOST]
        terms = None
        if explain == "full":
            names = ("relevance", "recency", "second_stage", "calibration", "exploration", "payment")
            values = np.delete(shown.terms[:, index], 4).tolist()
            terms = {
                "terms": [{"name": name, "value": value} for name, value in zip(names, values, strict=True)],
                "exact": True,
            }
        items.append(
            {
                "rank": index + 1,
                "restaurant_id": restaurant.restaurant_id,
                "name": restaurant.name,
                "score": float(shown.scores[index]),
                "organic_rank": shown.organic_ranks[index],
                "sponsored": sponsor is not None,
                "sponsor": sponsor,
                "reasons": told,
                "explanation": terms,
                "cuisines": restaurant.cuisines,
                "price_level": restaurant.price_level,
                "lat": restaurant.lat,
                "lon": restaurant.lon,
                "distance_km": None if np.isnan(km) else float(np.round(km, 3)),
                "open_now": bool(live.open_now[row]),
                "eta_minutes": float(live.eta_minutes[row]),
            }
        )
    head = {
        "request_id": answer.request_id,
        "user_id": ask.user_id,
        "market": snapshot.info.market,
        "as_of": answer.at,
        "policy": {"name": ask.policy.name, "version": str(ask.policy.version)},
        "model": {"name": snapshot.artifact.manifest.model, "version": snapshot.artifact.version},
        "degraded": [],
    }
    return orjson.dumps({**head, "items": items}, option=orjson.OPT_UTC_Z)


def queries() -> Iterator[dict[str, Any]]:
    """Of all kinds, empty lists and odd names among them."""
    rng = random.Random(3)
    for number in range(60):
        asked: dict[str, Any] = {"user_id": f"d0-{rng.randrange(300):06d}", "k": rng.choice([1, 5, 20])}
        asked.update(
            rng.choice([{}, {"lat": 51.5, "lon": 0.1}, {"max_price": 1}, {"cuisine": "pizza"}, {"ads": False}])
        )
        asked.update(rng.choice([{}, {"personalised": False}, {"user_id": f'"{number}\\é<'}]))
        yield asked
    yield {"user_id": "d0-000001", "cuisine": "nobody cooks this"}


@pytest.mark.parametrize("explain", EXPLAIN)
def test_it_is_to_the_byte_what_dumping_the_objects_would_give(selling: TestClient, explain: Explain) -> None:
    services: Services = selling.app.state.services  # type: ignore[attr-defined]
    sold = empty = 0
    for asked in queries():
        query = RecommendationQuery.model_validate({**asked, "explain": explain})
        ask = selling.portal.call(ask_for, services, query)  # type: ignore[union-attr]
        answer = selling.portal.call(services.recommender.recommend, ask)  # type: ignore[union-attr]
        sold, empty = sold + len(answer.shown.sponsors), empty + (not len(answer.shown.rows))

        assert body(answer, explain) == dumped(answer, explain)
    assert sold
    assert empty
