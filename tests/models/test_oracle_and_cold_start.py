"""The oracle knows the truth and the habits up to the split; who is held back is cold in every respect."""

from pathlib import Path

import numpy as np
from scipy import sparse
from tastes import market_of_tastes

from data import columns as col
from data.city import truth
from data.columns import EventType
from data.dataset import Dataset
from models.evaluation.cold_start import hold_back
from models.evaluation.evaluate import HeldOut
from models.evaluation.habit import habit
from models.evaluation.oracle import oracle
from models.popular import PopularModel
from models.preparation import prepare, usual


def test_the_oracle_ranks_by_true_utility_and_the_orders_of_the_train_period(town: Dataset) -> None:
    market = town.markets[0]
    prepared = prepare(town, market, 0, usual(town))
    log = prepared.log[prepared.split.train]
    scores = oracle(town, market, prepared.data, log)
    assert scores is not None
    everybody = np.arange(len(prepared.data.diner_ids), dtype=np.int32)
    gain = scores(everybody) - truth.load(town.path, market).utilities(everybody)
    orders = np.zeros(gain.shape)
    ordered = log[log[col.TYPE] == EventType.ORDER]
    rows = {user: row for row, user in enumerate(prepared.data.diner_ids)}
    columns = {place: row for row, place in enumerate(prepared.data.restaurant_ids)}
    for user, place in zip(ordered[col.USER_ID], ordered[col.RESTAURANT_ID], strict=True):
        orders[rows[user], columns[place]] += 1
    assert (gain[orders == 0] == 0).all(), "a click or an order of the test period is no habit"
    assert (gain[orders > 0] > 0).all()
    assert gain[orders >= 2].mean() > gain[orders == 1].mean()


def test_habit_ranks_the_most_often_chosen_first_and_the_rest_by_popularity() -> None:
    data = market_of_tastes()
    popular = PopularModel().fit(data)
    scores, known = habit(data, popular)(np.asarray([3], np.int32))[0], data.interactions.diners == 3
    visited, weights = data.interactions.restaurants[known], data.interactions.weights[known]
    order = np.argsort(-scores)
    assert order[: len(visited)].tolist() == visited[np.argsort(-weights)].tolist()
    rest = [row for row in np.argsort(-popular.score(np.asarray([3], np.int32))[0]) if row not in visited]
    assert order[len(visited) :].tolist() == rest


def test_no_oracle_without_a_truth(uci_folder: Path, tmp_path: Path) -> None:
    from data.importers import import_dataset

    import_dataset("uci", uci_folder, tmp_path / "uci")
    dataset = Dataset.open(tmp_path / "uci")
    market = dataset.markets[0]
    prepared = prepare(dataset, market, 0, usual(dataset))
    assert oracle(dataset, market, prepared.data, prepared.log) is None


def test_who_is_held_back_is_cold_in_every_respect() -> None:
    data = market_of_tastes(diners=80, restaurants=30)
    diners = np.arange(10, 70, dtype=np.int32)
    everything = sparse.csr_matrix(np.ones((len(diners), 30), np.int8))
    known = sparse.csr_matrix((np.random.default_rng(0).random((len(diners), 30)) < 0.2).astype(np.int8))
    cold = hold_back(data, HeldOut(diners, everything, known), np.random.default_rng(1))
    acts = cold.data.interactions
    assert (len(cold.diners.diners), len(cold.columns)) == (6, 3)
    assert not np.isin(acts.diners, cold.diners.diners).any()
    assert not np.isin(acts.restaurants, cold.columns).any()
    before = data.interactions
    kept = ~np.isin(before.diners, cold.diners.diners) & ~np.isin(before.restaurants, cold.columns)
    np.testing.assert_array_equal(acts.weights, before.weights[kept])
    np.testing.assert_array_equal(acts.ages_days, before.ages_days[kept])
    # Everybody chose everything, so all others are asked about the restaurants, and about these alone.
    assert sorted([*cold.diners.diners, *cold.restaurants.diners]) == diners.tolist()
    assert cold.restaurants.relevant.shape == (54, 3)
    assert cold.diners.masked is not None
    np.testing.assert_array_equal(cold.diners.masked.toarray(), known.toarray()[cold.diners.diners - 10])
    measured = cold.measure({"popular": PopularModel().fit(cold.data)})
    assert measured["restaurants"]["popular"].shown.shape[1] == 3
    assert measured["diners"]["popular"].shown.shape[1] == 30
