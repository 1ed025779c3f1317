"""The chance of an order is what the diners' choices come to on average."""

import numpy as np

from data.city.lister import Asked
from data.city.market import Market
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.simulation import Simulation


def test_the_chance_of_an_order_is_the_mean_over_the_luck_of_the_choice() -> None:
    parameters = CityParameters(warm_up_days=1)
    market = Market(0, 60, 40, 2, 7, parameters)
    rng = np.random.default_rng(0)
    diners = np.arange(40)
    shown = np.stack([rng.choice(60, 10, replace=False) for _ in diners])
    shown[3, 6:] = -1
    asked = Asked(0, 19, diners, np.zeros(40, np.int64), np.full((40, 6), -1, np.int32), rng.random((40, 10)))
    looks = 400
    simulation = market.newcomers()
    chances = np.mean([simulation.order_chances(asked, shown, rng.random(shown.shape)) for _ in range(looks)], axis=0)
    ordered = np.zeros(40)
    for luck in range(looks):
        lucky = Simulation(market.city, parameters, mix(np.full(1, luck, np.uint64), 5))
        outcome = lucky._visit(asked, _slates(shown)).outcome
        ordered += (outcome.ordered >= 0) / looks
    error = np.sqrt(chances * (1 - chances) / looks)
    assert np.abs((ordered - chances) / error).max() < 4.5
    assert abs(ordered.mean() - chances.mean()) < 4 * np.sqrt(np.mean(error**2) / 40)
    nobody_looks = simulation.order_chances(asked, shown, np.ones(shown.shape))
    np.testing.assert_allclose(nobody_looks, 0.0, atol=1e-12)


def _slates(shown: np.ndarray):
    from data.city.logging_policy import Slates

    return Slates(shown.astype(np.int32), np.full(shown.shape, np.nan))
