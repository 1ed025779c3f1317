"""The campaigns of a synthetic city: valid, plausible, and drawn apart from everything else."""

import numpy as np
import pandas as pd
import pytest

from data import columns as col
from data.city.advertisers import Advertisers, draw_advertisers
from data.city.generate import generate
from data.city.parameters import CityParameters
from data.city.population import Restaurants
from data.city.truth import load
from data.dataset import Dataset
from data.schemas import CAMPAIGNS


def restaurants(n: int, seed: int = 0) -> Restaurants:
    """n restaurants of which only quality and chain matter here."""
    rng = np.random.default_rng(seed)
    chain = np.where(rng.random(n) < 0.25, rng.integers(0, 40, n), -1)
    nothing = {name: np.zeros(n) for name in Restaurants.__dataclass_fields__}
    return Restaurants(**{**nothing, "quality": rng.standard_normal(n), "chain": chain})


def drawn(n: int = 4_000, seed: int = 1, **parameters: float) -> tuple[Restaurants, Advertisers]:
    places = restaurants(n)
    rng = np.random.default_rng(seed)
    return places, draw_advertisers(rng, places, 50 * n, 1.0, CityParameters(**parameters))


def test_the_table_fulfils_its_schema_and_names_restaurants_of_its_market(small_dataset):
    CAMPAIGNS.validate(small_dataset.campaigns())
    for market in small_dataset.markets:
        campaigns = small_dataset.campaigns(market)
        places = small_dataset.restaurants(market).set_index(col.RESTAURANT_ID)
        assert len(campaigns) == round(0.15 * len(places))
        assert campaigns[col.RESTAURANT_ID].is_unique
        of_campaign = places.loc[campaigns[col.RESTAURANT_ID]]
        payers = of_campaign[col.CHAIN].where(of_campaign[col.CHAIN].notna(), of_campaign[col.NAME])
        assert campaigns[col.PAYER].tolist() == payers.tolist()


def test_who_opens_during_the_log_advertises_from_that_day_on(tmp_path):
    everyone = CityParameters(advertisers=1.0, newcomers=0.5)
    generate(tmp_path / "c", restaurants=40, diners=30, days=5, markets=1, seed=2, parameters=everyone)
    dataset = Dataset.open(tmp_path / "c")
    joined = dataset.campaigns().merge(dataset.restaurants(), on=col.RESTAURANT_ID)
    new = load(dataset.path, "aldermoor").restaurants.opened_day >= 0
    assert 5 < new.sum() < 35
    assert joined[col.STARTS_AT].notna().tolist() == new.tolist()
    pd.testing.assert_series_equal(joined[col.STARTS_AT][new], joined[col.OPENED_AT][new], check_names=False)


def test_another_share_of_advertisers_leaves_all_other_tables_as_they_are(tmp_path):
    sizes = {"restaurants": 30, "diners": 80, "days": 3, "markets": 1, "seed": 5}
    for name, share in (("few", 0.1), ("many", 0.9)):
        generate(tmp_path / name, **sizes, parameters=CityParameters(advertisers=share))
    files = ("restaurants.parquet", "diners.parquet", "events.parquet", "truth/aldermoor.safetensors")
    for file in files:
        assert (tmp_path / "few" / file).read_bytes() == (tmp_path / "many" / file).read_bytes()
    few, many = (len(Dataset.open(tmp_path / name).campaigns()) for name in ("few", "many"))
    assert (few, many) == (3, 27)


def test_bids_are_log_normal_around_their_medians():
    _, found = drawn()
    for per_order, median in ((False, 40.0), (True, 250.0)):
        logs = np.log(found.bids[found.per_order == per_order])
        error = logs.std() / np.sqrt(len(logs))
        assert abs(np.median(logs) - np.log(median)) < 4 * 1.25 * error
        assert logs.std() == pytest.approx(0.5, rel=0.15)
    assert found.per_order.mean() == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / len(found.bids)))


def test_chains_and_middling_quality_advertise_more():
    places, found = drawn()
    rows = found.restaurants
    assert np.array_equal(rows, np.unique(rows))
    assert (places.chain[rows] >= 0).mean() > 1.4 * (places.chain >= 0).mean()
    assert places.quality[rows].std() < 0.85 * places.quality.std()


def test_a_budget_pays_for_at_least_one_event_and_a_month():
    _, found = drawn(daily_budget=0.01)
    assert (found.daily_budgets >= found.bids).all()
    assert (found.total_budgets >= 30 * found.daily_budgets).all()


def test_another_currency_scales_bids_and_budgets():
    places = restaurants(400)
    euros, crowns = (
        draw_advertisers(np.random.default_rng(1), places, 20_000, scale, CityParameters()) for scale in (1.0, 11.0)
    )
    assert np.array_equal(euros.restaurants, crowns.restaurants)
    assert crowns.bids == pytest.approx(11.0 * euros.bids, rel=0.05)


def test_a_city_may_have_no_advertisers(tmp_path):
    generate(tmp_path / "c", restaurants=3, diners=5, days=1, markets=1, seed=1)
    campaigns = Dataset.open(tmp_path / "c").campaigns()
    assert len(campaigns) == 0
    CAMPAIGNS.validate(campaigns)
