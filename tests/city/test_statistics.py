"""The statistics, on tables that can be checked by hand, and the city's against the facts that it was drawn from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.city.generate import generate
from data.city.measures import distance_slope, gini, neighbours, slope, top_share, zipf_slope
from data.city.statistics import as_markdown, main, measure
from data.dataset import Dataset
from data.geo import KM_PER_DEGREE, travel_minutes


def test_gini_by_hand():
    assert gini(np.array([3, 3, 3])) == pytest.approx(0.0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.array([1, 2, 3])) == pytest.approx(2 / 9)
    assert np.isnan(gini(np.zeros(3, np.int64)))


def test_zipf_slope_of_zipfs_law_is_minus_one():
    counts = np.rint(1e9 / np.arange(1, 201)).astype(np.int64)
    assert zipf_slope(counts) == pytest.approx(-1.0, abs=1e-4)
    assert np.isnan(zipf_slope(np.array([4, 0, 0])))


def test_top_share_by_hand():
    assert top_share(np.array([1, 2, 3, 4]), 0.25) == pytest.approx(0.4)
    assert top_share(np.array([1, 2, 3, 4]), 0.5) == pytest.approx(0.7)


def test_weighted_slope_by_hand():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 100.0])
    assert slope(x, y, np.array([1.0, 1.0, 0.0])) == pytest.approx(2.0)
    assert np.isnan(slope(np.ones(3), y))


def test_neighbours_by_hand():
    lat = np.array([0.0, 0.5, 0.9, 50.0]) / KM_PER_DEGREE
    assert neighbours(lat, np.zeros(4), 1.0) == pytest.approx(2.0)


def test_distance_slope_finds_the_law_that_pairs_were_chosen_by():
    rng = np.random.default_rng(0)
    homes = (rng.uniform(-0.03, 0.03, 3000), rng.uniform(-0.03, 0.03, 3000))
    places = (rng.uniform(-0.03, 0.03, 300), rng.uniform(-0.03, 0.03, 300))
    diner, restaurant = rng.integers(0, 3000, 400_000), rng.integers(0, 300, 400_000)
    km = KM_PER_DEGREE * np.hypot(homes[0][diner] - places[0][restaurant], homes[1][diner] - places[1][restaurant])
    kept = rng.random(km.size) < (4.0 / travel_minutes(km)) ** 1.5
    ends = (homes[0][diner[kept]], homes[1][diner[kept]], places[0][restaurant[kept]], places[1][restaurant[kept]])
    assert distance_slope(homes, places, ends) == pytest.approx(-1.5, abs=0.1)


def test_the_log_shows_the_stylised_facts(town):
    found = measure(town, "aldermoor")
    assert 1.0 < found.travel_time_low < found.travel_time_high < 2.0
    assert 0.4 < found.orders_per_request < 0.7  # in a small city everything is near
    assert 1.5 < found.clicks_per_order < 4.0
    assert 0.3 < found.repeat_share < 0.5
    assert 0.08 < found.ctr_decay < 0.16
    assert found.distance_slope < -1.0
    assert 0.2 < found.without < 0.4


@pytest.mark.long
def test_the_default_city_shows_the_stylised_facts(tmp_path: Path):
    generate(tmp_path / "city", restaurants=1_000, diners=20_000, days=28, markets=1, seed=1)
    found = measure(Dataset.open(tmp_path / "city"), "aldermoor")
    assert 0.5 < found.gini < 0.7
    assert 0.3 < found.repeat_share < 0.5
    assert 1.0 < found.travel_time_low < found.travel_time_high < 2.0
    assert 0.4 < found.orders_per_request < 0.6


def test_markdown_has_a_row_a_figure_and_dashes_for_what_is_not_known(town):
    found = measure(town, "aldermoor")
    text = as_markdown([("one", found), ("two", replace(found, median_km=float("nan"), rating_shares=""))])
    lines = text.splitlines()
    assert lines[:2] == ["| | one | two |", "|---|---:|---:|"]
    assert "| restaurants | 300 | 300 |" in lines
    assert lines[-1].endswith("| – |")
    assert next(line for line in lines if line.startswith("| km from home")).endswith("| – |")


def test_the_command_prints_a_column_for_each_market(small_city, capsys):
    main([str(small_city)])
    assert capsys.readouterr().out.startswith("| | Aldermoor | Brackwater |\n")
