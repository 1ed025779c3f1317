"""The rich get richer: counted by hand, and in small cities."""

import numpy as np
import pytest

from services.simulation.feedback_rounds import as_markdown, plan_of, report, rounds_of


def test_what_grew_is_the_last_round_less_the_first() -> None:
    figures = {"ndcg@10": [0.6, 0.6], "orders_per_1000": [700.0, 700.0], "exposure_ratio": [0.2, 0.2]}
    runs = [
        {"as-it-learns": {"gini": [0.5, 0.5 + grown], **figures}, "both": {"gini": [0.5, 0.4], **figures}}
        for grown in (0.1, 0.2)
    ]

    found = report(runs)["policies"]

    assert found["as-it-learns"]["gini_grown"]["value"] == pytest.approx(0.15)
    assert found["both"]["gini_above_the_first_policy"]["value"] == pytest.approx(-0.25)
    assert "| both | 0.500 [0.500, 0.500] | 0.400 [0.400, 0.400] |" in as_markdown(report(runs))


def test_exploring_spreads_the_looks_and_the_same_city_gives_the_same() -> None:
    plan = plan_of(2, restaurants=60, diners=200)

    found = rounds_of(plan, 1)

    assert all(0.0 < value < 1.0 for one in found.values() for value in one["gini"])
    assert all(len(one["gini"]) == 2 for one in found.values())
    assert np.mean(found["exploring"]["gini"]) < np.mean(found["as-it-learns"]["gini"])
    assert rounds_of(plan, 1) == found
