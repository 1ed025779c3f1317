"""What charts work out: ticks, axes, fronts and number texts, against exact decimals and brute force."""

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.console.bare_page import bare_page, call
from tests.console.conftest import Served, visits

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """One for all: they ask functions without a state."""
    with visits(browser, served) as visit:
        yield bare_page(visit())


def test_ticks_are_round_cover_the_range_and_are_about_as_many_as_wanted(page: Page) -> None:
    rng = np.random.default_rng(7)
    low = rng.normal(size=600) * 10.0 ** rng.integers(-6, 7, 600)
    cases = [
        (float(a), float(a + b), int(n))
        for a, b, n in zip(low, 10.0 ** rng.uniform(-5, 7, 600), rng.integers(2, 12, 600), strict=True)
        if b > 1e-6 * abs(a)
    ]
    assert len(cases) > 400
    for (a, b, count), ticks in zip(
        cases, call(page, "charts/scales", "it.map(([a, b, n]) => m.niceTicks(a, b, n))", cases), strict=True
    ):
        exact = [Decimal(str(tick)) for tick in ticks]
        step = exact[1] - exact[0]
        assert all(after - before == step for before, after in pairwise(exact)), (a, b, ticks)
        assert step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
        slack = 1e-8 * float(step)
        assert ticks[0] <= a + slack
        assert ticks[-1] >= b - slack
        assert a - ticks[0] < float(step) * 1.001
        assert ticks[-1] - b < float(step) * 1.001
        assert count / 2.6 <= len(ticks) <= count + 3


def test_ticks_of_a_logarithmic_axis_cover_the_range_in_decades_or_parts_of_them(page: Page) -> None:
    rng = np.random.default_rng(8)
    cases = [
        (float(a), float(a * b))
        for a, b in zip(10 ** rng.uniform(-9, 9, 300), 10 ** rng.uniform(0.7, 12, 300), strict=True)
    ]
    for (a, b), ticks in zip(
        cases, call(page, "charts/scales", "it.map(([a, b]) => m.logTicks(a, b, 5))", cases), strict=True
    ):
        assert ticks == sorted(set(ticks))
        assert ticks[0] <= a * (1 + 1e-8)
        assert ticks[-1] >= b * (1 - 1e-8)
        assert {Decimal(str(tick)).normalize().as_tuple().digits for tick in ticks} <= {(1,), (2,), (3,), (5,)}
        assert 2 <= len(ticks) <= 8


@pytest.mark.parametrize("log", [False, True])
def test_an_axis_places_values_in_order_and_its_ends_at_0_and_1(page: Page, log: bool) -> None:
    values = [float(value) for value in np.random.default_rng(9).uniform(2, 900, 60)]
    script = f"((axis) => [axis.low, axis.high, ...it].map(axis.at))(m.axisOf(it, {{ log: {str(log).lower()} }}))"
    low, high, *places = call(page, "charts/scales", script, values)

    assert (low, high) == (0, 1)
    assert np.all(np.diff(np.asarray(places)[np.argsort(values)]) >= 0)
    ends = call(
        page, "charts/scales", f"((axis) => [axis.low, axis.high])(m.axisOf(it, {{ log: {str(log).lower()} }}))", values
    )
    a, b = (math.log(end) for end in ends) if log else ends
    wanted = [((math.log(value) if log else value) - a) / (b - a) for value in values]
    assert np.allclose(places, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "values", "wanted"),
    [
        ("{ zero: true }", [3, 4], (0, 4)),
        ("{ zero: 'near' }", [3, 9], (0, 10)),
        ("{ zero: 'near' }", [8, 9], (8, 9)),
        ("{ zero: 'near' }", [-9, -3], (-10, 0)),
        ("{}", [], (0, 1)),
        ("{}", [0, 0], (0, 1)),
        ("{}", [5, 5], (2, 8)),
        ("{ log: true }", [-3, 0], (1, 10)),
        ("{ log: true }", [0, 100], (50, 200)),
    ],
)
def test_an_axis_of_odd_values_is_still_an_axis(
    page: Page, options: str, values: list[float], wanted: tuple[float, float]
) -> None:
    found = call(page, "charts/scales", f"((axis) => [axis.low, axis.high])(m.axisOf(it, {options}))", values)
    assert tuple(found) == wanted


@pytest.mark.parametrize("x", ["high", "low"])
@pytest.mark.parametrize("y", ["high", "low"])
def test_the_front_is_what_no_other_point_beats(page: Page, x: str, y: str) -> None:
    rng = np.random.default_rng(10)
    clouds = [[{"x": float(a), "y": float(b)} for a, b in rng.normal(size=(n, 2))] for n in (1, 2, 5, 30, 80)]
    found = call(page, "charts/scales", f"it.map((cloud) => m.nonDominated(cloud, {{ x: '{x}', y: '{y}' }}))", clouds)

    sign = {"x": 1 if x == "high" else -1, "y": 1 if y == "high" else -1}

    def beats(a: dict[str, float], b: dict[str, float]) -> bool:
        return a != b and all(sign[axis] * a[axis] >= sign[axis] * b[axis] for axis in "xy")

    for cloud, front in zip(clouds, found, strict=True):
        kept = [point for point in cloud if not any(beats(other, point) for other in cloud)]
        assert front == sorted(kept, key=lambda point: point["x"])


def test_names_at_the_ends_of_lines_keep_apart_and_in_order(page: Page) -> None:
    rng = np.random.default_rng(11)
    cases = [[float(value) for value in rng.uniform(0, 100, int(n))] for n in rng.integers(1, 7, 200)]
    for before, after in zip(
        cases, call(page, "charts/scales", "it.map((c) => m.spreadOut(c, 12, 0, 100))", cases), strict=True
    ):
        order = np.argsort(before)
        assert np.all(np.diff(np.asarray(after)[order]) >= 12 - 1e-9)
        assert min(after) >= -1e-9
        assert max(after) <= 100 + 1e-9
        if np.all(np.diff(np.sort(before)) >= 12):
            assert after == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1234567, "1,234,567"),
        (-12, "−12"),
        (1234.5, "1,235"),
        (0.01842, "0.0184"),
        (9.996, "10"),
        (-0.4, "−0.4"),
        (0.1 + 0.2, "0.3"),
        (0.00012345, "0.000123"),
        (0.0000012345, "1.23×10⁻⁶"),
        (-5e15, "−5×10¹⁵"),
        (None, "–"),
    ],
)
def test_numbers_read_as_people_write_them(page: Page, value: float | None, text: str) -> None:
    assert call(page, "charts/numbers", "m.numberText(it)", value) == text


@pytest.mark.parametrize(
    ("ticks", "texts"),
    [
        ([0, 0.5, 1], ["0.0", "0.5", "1.0"]),
        ([-20, 0, 20], ["−20", "0", "20"]),
        ([0, 0.05, 0.1], ["0.00", "0.05", "0.10"]),
        ([0, 500_000, 1_000_000], ["0", "0.5 M", "1.0 M"]),
        ([0, 2e9], ["0", "2 bn"]),
        ([0.1, 1, 10, 100], ["0.1", "1", "10", "100"]),
        ([5000, 10000], ["5,000", "10,000"]),
        ([0, 2e-7, 4e-7], ["0", "2×10⁻⁷", "4×10⁻⁷"]),
    ],
)
def test_ticks_of_one_axis_have_the_same_decimals(page: Page, ticks: list[float], texts: list[str]) -> None:
    assert call(page, "charts/numbers", "m.tickTexts(it)", ticks) == texts


@pytest.mark.parametrize(
    ("value", "unit", "text", "spoken"),
    [
        (
            {"value": 12.345, "low": 11.8, "high": 12.9},
            "%",
            "12.35 % [11.80, 12.90]",
            "12.35 %, 95 % interval 11.80 to 12.90",
        ),
        (
            {"value": 0.2, "low": 0.19, "high": 0.21},
            None,
            "0.200 [0.190, 0.210]",
            "0.200, 95 % interval 0.190 to 0.210",
        ),
        (
            {"value": 1500, "low": 1200, "high": 1800},
            "ms",
            "1,500 ms [1,200, 1,800]",
            "1,500 ms, 95 % interval 1,200 to 1,800",
        ),
        ({"value": -0.5, "low": -1.5, "high": 0.5}, None, "−0.5 [−1.5, 0.5]", "−0.5, 95 % interval −1.5 to 0.5"),
        ({"value": 3, "low": 3, "high": 3}, None, "3 [3, 3]", "3, 95 % interval 3 to 3"),
        ({"value": 4, "low": None, "high": None}, "orders", "4 orders", "4 orders"),
        (7, "ms", "7 ms", "7 ms"),
        (None, "ms", "–", "–"),
    ],
)
def test_a_value_is_told_with_its_unit_and_its_interval(
    page: Page, value: Any, unit: str, text: str, spoken: str
) -> None:
    told = call(page, "charts/numbers", "[m.valueText(it[0], it[1]), m.spokenText(it[0], it[1])]", [value, unit])
    assert told == [text, spoken]
