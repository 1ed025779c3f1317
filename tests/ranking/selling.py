"""A city of random vectors in which some restaurants advertise."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.base import Representations
from models.calibration import Calibration, Curve
from services.ads.book import AdBook, Offers
from services.ads.campaign import Campaign
from services.ranking.auction import Selling
from services.ranking.catalogue import Catalogue, build_catalogue
from services.ranking.rank import RankedLists, Requests, rank
from services.stakeholders.policy import AdPolicy

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
CALIBRATION = Calibration(
    order=Curve(slope=0.5, travel=-0.3, intercept=-1.5),
    click=Curve(slope=0.5, travel=-0.2, intercept=-0.2),
    examination=tuple(np.exp(-0.15 * np.arange(10)).tolist()),
    mean_log_time=2.9,
    errors={name: {"value": 0.005, "low": 0.003, "high": 0.007} for name in ("order_ece", "click_ece")},
)


def city(n: int, seed: int = 0) -> Catalogue:
    """n restaurants that differ in taste, place and nothing else."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, 4)).astype(np.float32)
    return build_catalogue(
        ids=[f"r{row}" for row in range(n)],
        representations=Representations(vectors, rng.standard_normal(n).astype(np.float32)),
        lat=rng.uniform(50.0, 50.1, n),
        lon=rng.uniform(0.0, 0.1, n),
        price_levels=[None] * n,
        cuisines=[["thai"]] * n,
        hours=[None] * n,
        calibration=CALIBRATION,
        typical_diners=rng.standard_normal((20, 4)).astype(np.float32),
    )


def lists(catalogue: Catalogue, k: int, seed: int = 1, shortlist: int = 200, **fields: Any) -> RankedLists:
    """One diner's list."""
    rng = np.random.default_rng(seed)
    asked = Requests(
        vectors=rng.standard_normal((1, 4)).astype(np.float32),
        biases=np.zeros(1, np.float32),
        fold_ins=None,
        lat=np.array([50.05]),
        lon=np.array([0.05]),
        **fields,
    )
    return rank(catalogue, asked, k, shortlist, temperature=0.05 if "gumbel" in fields else 0.0)


def campaign(number: int, restaurant: int, **fields: Any) -> Campaign:
    """Campaign c<number> of restaurant r<restaurant>."""
    given = {
        "campaign_id": f"c{number}",
        "market": "aldermoor",
        "restaurant_id": f"r{restaurant}",
        "payer": f"Payer {number}",
        "bid": 60,
        "billing": "click",
        "daily_budget": 10_000,
        "total_budget": 100_000,
    }
    return Campaign.model_validate({**given, **fields})


def offers(catalogue: Catalogue, campaigns: list[Campaign], closed: tuple[int, ...] = (), mu: float = 0.0) -> Offers:
    """What these campaigns bid at noon; those in `closed` are out of budget."""
    book = AdBook.of(1, campaigns, catalogue.row_of)
    is_open = np.ones(len(campaigns), np.bool_)
    is_open[list(closed)] = False
    found = book.offers(NOON, catalogue.size, np.full(len(campaigns), mu), is_open)
    assert found is not None
    return found


def selling(**dials: Any) -> Selling:
    """With enough money in the scale for ads to be shown."""
    found = Selling.under(AdPolicy(**{"money": 0.02, **dials}), CALIBRATION)
    assert found is not None
    return found
