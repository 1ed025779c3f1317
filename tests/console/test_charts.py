"""Charts: scales and texts as mathematics, figures as drawn, read by pointer, by keyboard and as a table."""

import gzip
import math
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

import services.console
from tests.console.conftest import Visit
from tests.console.page_checks import BROKEN_REFERENCES, FAINT_MARKS, FAINT_TEXT, NAMELESS, OBSERVE_SHIFTS

pytestmark = pytest.mark.xdist_group("browser")

CHARTS = Path(services.console.__file__).parent / "static" / "js" / "charts"
PHONE = {"viewport": {"width": 390, "height": 844}}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/css/base.css"><link rel="stylesheet" href="/static/css/controls.css">
<link rel="stylesheet" href="/static/css/charts.css"></head><body><main id="root"></main></body></html>"""
Document = dict[str, Any]

LINES: Document = {
    "kind": "lines",
    "title": "Accuracy against data",
    "sentence": "Every model gains with data.",
    "x": {"label": "Orders in the log", "unit": None, "scale": "log"},
    "y": {"label": "nDCG@10", "unit": None, "scale": "linear"},
    "series": [
        {
            "name": "LightFM",
            "style": "band",
            "points": [
                {"x": x, "y": y, "low": y - 0.01, "high": y + 0.02}
                for x, y in ((1_000, 0.12), (3_000, 0.15), (9_000, 0.21), (27_000, 0.22))
            ],
        },
        {
            "name": "Popularity",
            "style": "line",
            "points": [{"x": x, "y": y} for x, y in ((1_000, 0.13), (3_000, None), (9_000, 0.14), (27_000, 0.145))],
        },
    ],
    "marks": [{"axis": "y", "at": 0.18, "label": "last week"}],
}
BARS: Document = {
    "kind": "bars",
    "title": "Share of looks",
    "sentence": "The centre is looked at most.",
    "y": {"label": "Share", "unit": "%", "scale": "linear"},
    "groups": ["Centre", "Old Harbour and the Fishermen's Quarter by the Sea", "North"],
    "series": [
        {"name": "before", "values": [{"value": 40.0, "low": 38.0, "high": 43.0}, {"value": -10.0}, None]},
        {"name": "after", "values": [{"value": 20.0}, {"value": 5.0, "low": 4.5, "high": 5.5}, {"value": 0.0}]},
    ],
    "marks": [{"axis": "y", "at": 25.0, "label": "equal"}],
}
SCATTER: Document = {
    "kind": "scatter",
    "title": "Policies",
    "sentence": "Nothing beats the settlement in both.",
    "front": True,
    "x": {"label": "Fees", "unit": "per 1,000 lists"},
    "y": {"label": "Orders", "unit": "per 1,000 lists"},
    "series": [
        {
            "name": "policies",
            "points": [
                {"x": 10, "y": 40, "label": "diners first"},
                {"x": 50, "y": 30, "label": "fees first"},
                {"x": 20, "y": 30, "label": "beaten"},
            ],
        },
        {"name": "settled", "points": [{"x": 40, "y": 35, "low": 34, "high": 36, "label": "settlement"}]},
    ],
}
WATERFALL: Document = {
    "kind": "waterfall",
    "title": "Why",
    "sentence": "The terms add up.",
    "y": {"label": "Score", "unit": None},
    "steps": [{"name": "everybody", "value": 0.8}, {"name": "taste", "value": 1.1}, {"name": "way", "value": -0.5}],
    "total": 1.4,
}
LISTS: Document = {
    "kind": "lists",
    "title": "The flip test",
    "sentence": "One word differs.",
    "columns": [
        {"title": "Student", "items": ["Luigi", "Old Mill", "Sushi Ya"]},
        {"title": "Nurse", "items": ["Old Mill", "Luigi", "Pho Corner"]},
    ],
}
TABLE: Document = {
    "kind": "table",
    "title": "Slices",
    "sentence": "Two of them.",
    "columns": ["Slice", "Lists", "nDCG@10"],
    "rows": [["at night", 1234, {"value": 0.123, "low": 0.101, "high": 0.145}], ["new diners", 12, None]],
}
ALL = (LINES, BARS, {**BARS, "horizontal": True}, SCATTER, WATERFALL, LISTS, TABLE)


def opened(visit: Visit) -> Page:
    """A bare page of the server's origin with its modules and styles."""
    headers = {"content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'"}

    def bare(route: Route) -> None:
        route.fulfill(body=PAGE, content_type="text/html", headers=headers)

    visit.page.route("**/figures", bare)
    visit.page.goto(f"{visit.served.origin}/figures")
    return visit.page


def show(page: Page, *documents: Document) -> None:
    """Draw figures below each other; `picked` keeps what `onPoint` was told."""
    page.evaluate(
        """async (documents) => {
          const { Figure } = await import('/static/js/charts/figure.js');
          window.picked = [];
          window.shown = documents.map((one) => new Figure(one, { onPoint: (point) => window.picked.push(point) }));
          document.querySelector('#root').replaceChildren(...window.shown.map(({ node }) => node));
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)));
        }""",
        list(documents),
    )


def call(page: Page, module: str, expression: str, given: Any) -> Any:
    """`expression` over the module's exports `m` and the given value `it`."""
    script = f"(it) => import('/static/js/charts/{module}.js').then((m) => {expression})"
    return page.evaluate(script, given)


@pytest.fixture
def page(visit: Visit) -> Page:
    return opened(visit)


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
        cases, call(page, "scales", "it.map(([a, b, n]) => m.niceTicks(a, b, n))", cases), strict=True
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
        cases, call(page, "scales", "it.map(([a, b]) => m.logTicks(a, b, 5))", cases), strict=True
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
    low, high, *places = call(page, "scales", script, values)

    assert (low, high) == (0, 1)
    assert np.all(np.diff(np.asarray(places)[np.argsort(values)]) >= 0)
    ends = call(
        page, "scales", f"((axis) => [axis.low, axis.high])(m.axisOf(it, {{ log: {str(log).lower()} }}))", values
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
    found = call(page, "scales", f"((axis) => [axis.low, axis.high])(m.axisOf(it, {options}))", values)
    assert tuple(found) == wanted


@pytest.mark.parametrize("x", ["high", "low"])
@pytest.mark.parametrize("y", ["high", "low"])
def test_the_front_is_what_no_other_point_beats(page: Page, x: str, y: str) -> None:
    rng = np.random.default_rng(10)
    clouds = [[{"x": float(a), "y": float(b)} for a, b in rng.normal(size=(n, 2))] for n in (1, 2, 5, 30, 80)]
    found = call(page, "scales", f"it.map((cloud) => m.nonDominated(cloud, {{ x: '{x}', y: '{y}' }}))", clouds)

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
        cases, call(page, "scales", "it.map((c) => m.spreadOut(c, 12, 0, 100))", cases), strict=True
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
    assert call(page, "numbers", "m.numberText(it)", value) == text


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
    assert call(page, "numbers", "m.tickTexts(it)", ticks) == texts


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
    told = call(page, "numbers", "[m.valueText(it[0], it[1]), m.spokenText(it[0], it[1])]", [value, unit])
    assert told == [text, spoken]


def places(page: Page, selector: str) -> list[tuple[float, float]]:
    """Of markers, in pixels."""
    found = page.locator(selector).evaluate_all("nodes => nodes.map((node) => node.getAttribute('transform'))")
    return [tuple(map(float, text.removeprefix("translate(").rstrip(")").split())) for text in found]  # type: ignore[misc]


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    names = "['x', 'y', 'width', 'height']"
    script = f"nodes => nodes.map((n) => Object.fromEntries({names}.map((k) => [k, Number(n.getAttribute(k))])))"
    return list(page.locator(selector).evaluate_all(script))


def test_points_of_lines_lie_where_their_numbers_say(page: Page) -> None:
    show(page, LINES)
    given = LINES["series"][0]["points"]
    drawn = np.asarray(places(page, ".series-0.line .figure-marker"))

    for column, values in ((0, np.log([point["x"] for point in given])), (1, [point["y"] for point in given])):
        slope, shift = np.polyfit(values, drawn[:, column], 1)
        assert np.allclose(slope * np.asarray(values) + shift, drawn[:, column], atol=0.15)
    assert np.all(np.diff(drawn[:, 0]) > 0)
    assert np.all(np.diff(drawn[:, 1]) < 0)  # up is more
    expect(page.locator(".figure-band")).to_have_count(1)
    expect(page.locator(".figure-reference")).to_have_count(1)


def test_a_gap_breaks_the_line_and_has_no_marker(page: Page) -> None:
    show(page, LINES)

    expect(page.locator(".series-1.line .figure-line")).to_have_count(2)
    expect(page.locator(".series-1.line .figure-marker")).to_have_count(3)


def test_a_band_reaches_from_low_to_high(page: Page) -> None:
    show(page, LINES)
    corners = page.locator(".figure-band").get_attribute("d").strip("MZ").split("L")  # type: ignore[union-attr]
    edge = np.asarray([tuple(map(float, corner.split())) for corner in corners])
    line = np.asarray(places(page, ".series-0.line .figure-marker"))

    up, down = line[:, 1] - edge[:4, 1], edge[4:][::-1, 1] - line[:, 1]
    assert np.allclose(edge[:4, 0], line[:, 0])
    assert np.allclose(up, 2 * down, atol=0.4)


@pytest.mark.parametrize("lying", [False, True])
def test_bars_are_as_long_as_their_numbers_and_start_at_0(page: Page, lying: bool) -> None:
    show(page, {**BARS, "horizontal": lying})
    long, place = ("width", "x") if lying else ("height", "y")
    # The legend's sample stands first.
    before, after = boxes(page, ".series-0 > .figure-bar")[1:], boxes(page, ".series-1 > .figure-bar")[1:]

    assert before[0][long] / after[0][long] == pytest.approx(2, rel=0.02)
    assert before[0][long] / before[1][long] == pytest.approx(4, rel=0.03)
    assert after[2][long] == 0
    zero = before[0][place] if lying else before[0][place] + before[0][long]
    assert (before[1][place] + before[1][long] if lying else before[1][place]) == pytest.approx(zero, abs=0.2)
    expect(page.locator(".figure-whisker")).to_have_count(2)


def test_a_waterfall_steps_from_end_to_end_to_the_total(page: Page) -> None:
    show(page, WATERFALL)
    bars = boxes(page, ".step .figure-bar")
    scale = bars[0]["width"] / 0.8
    ends = np.cumsum([0.0, 0.8, 1.1, -0.5]) * scale + bars[0]["x"]

    for bar, start, end in zip(bars[:3], ends[:-1], ends[1:], strict=True):
        assert bar["x"] == pytest.approx(min(start, end), abs=0.3)
        assert bar["width"] == pytest.approx(abs(end - start), abs=0.3)
    assert bars[3]["x"] == bars[0]["x"]
    assert bars[3]["width"] == pytest.approx(1.4 * scale, abs=0.3)
    texts = page.locator(".figure-said").all_text_contents()
    assert texts == ["+0.8", "+1.1", "−0.5", "1.4"]


def test_lists_join_what_stands_in_both(page: Page) -> None:
    show(page, LISTS)
    joined = page.locator(".figure-link").evaluate_all("nodes => nodes.map((node) => node.dataset.key)")

    assert sorted(joined) == ["Luigi", "Old Mill"]
    assert page.locator(".figure-alone").all_text_contents() == ["3  Sushi Ya", "3  Pho Corner"]
    page.locator(".figure-item").first.hover()
    expect(page.locator(".figure-tip")).to_have_text("Luigi · 1 in Student, 2 in Nurse")
    expect(page.locator(".figure-link.chosen")).to_have_count(1)


def test_the_staircase_goes_through_the_front_alone(page: Page) -> None:
    show(page, SCATTER)
    way = page.locator(".figure-front").get_attribute("d").removeprefix("M").split("L")  # type: ignore[union-attr]
    stairs = [tuple(map(float, corner.split())) for corner in way]
    first, last, beaten = places(page, ".series-0.dots > .figure-marker")[-3:]
    (settled,) = places(page, ".series-1.dots > .figure-marker")[-1:]

    assert stairs[0] == first
    assert stairs[2] == settled
    assert stairs[4] == last
    assert beaten not in stairs
    for before, after in pairwise(stairs):
        assert before[0] == after[0] or before[1] == after[1]


def test_arrow_keys_walk_through_the_values_and_tell_them(visit: Visit) -> None:
    page = opened(visit)
    show(page, LINES)
    page.get_by_role("application", name="Accuracy against data").focus()
    heard = page.locator(".figure [role=status]")
    page.keyboard.press("ArrowRight")
    expect(heard).to_have_text("LightFM: nDCG@10 0.120, 95 % interval 0.110 to 0.140; Orders in the log 1,000")
    expect(page.locator(".figure-tip")).to_have_text("LightFM · nDCG@10 0.120 [0.110, 0.140] · Orders in the log 1,000")
    page.keyboard.press("ArrowRight")
    expect(heard).to_contain_text("Orders in the log 3,000")
    page.keyboard.press("ArrowDown")
    expect(heard).to_contain_text("Popularity: nDCG@10 0.1")
    page.keyboard.press("End")
    expect(heard).to_have_text("Popularity: nDCG@10 0.145; Orders in the log 27,000")
    page.keyboard.press("ArrowRight")
    expect(heard).to_contain_text("27,000")
    page.keyboard.press("Enter")
    assert page.evaluate("window.picked") == [{"series": "Popularity", "x": 27_000, "y": 0.145}]
    page.keyboard.press("Escape")
    expect(page.locator(".figure-tip")).to_be_hidden()


def test_every_value_of_every_kind_is_reached_by_keys(visit: Visit) -> None:
    page = opened(visit)
    for document, rows, columns in (
        (BARS, 2, 3),
        ({**BARS, "horizontal": True}, 2, 3),
        (SCATTER, 2, 3),
        (WATERFALL, 1, 4),
        (LISTS, 2, 3),
    ):
        show(page, document)
        page.locator(".figure-plot").focus()
        lying = document["kind"] in ("waterfall", "lists") or document.get("horizontal")
        onward, across = ("ArrowDown", "ArrowRight") if lying else ("ArrowRight", "ArrowDown")
        told = set()
        page.keyboard.press("Home")
        for _ in range(rows):
            for _ in range(columns):
                page.keyboard.press("ArrowUp" if lying else "ArrowLeft")
            for _ in range(columns + 1):
                told.add(page.locator(".figure-tip").text_content())
                page.keyboard.press(onward)
            page.keyboard.press(across)
        wanted = {
            "bars": 5,
            "scatter": 4,
            "waterfall": 4,
            "lists": 4,
        }  # a place that stands in both lists is told alike
        assert len(told) == wanted[document["kind"]], (document["kind"], told)


def test_the_pointer_finds_the_nearest_value_and_a_click_picks_it(visit: Visit) -> None:
    page = opened(visit)
    show(page, SCATTER)
    box = page.locator(".figure-plot").bounding_box()
    assert box is not None
    x, y = places(page, ".series-1.dots > .figure-marker")[-1]
    page.mouse.move(box["x"] + x + 5, box["y"] + y - 4)
    expect(page.locator(".figure-tip")).to_have_text(
        "settled, settlement · Orders 35.0 per 1,000 lists [34.0, 36.0] · Fees 40 per 1,000 lists"
    )
    page.mouse.click(box["x"] + x + 5, box["y"] + y - 4)
    assert [point["label"] for point in page.evaluate("window.picked")] == ["settlement"]
    page.mouse.move(box["x"] + 1, box["y"] - 30)
    expect(page.locator(".figure-tip")).to_be_hidden()


def test_the_table_tells_the_same_numbers_in_the_same_room(page: Page) -> None:
    show(page, LINES, BARS, SCATTER, WATERFALL, LISTS)
    room = "nodes => nodes.map((node) => [node.offsetTop, node.offsetWidth, node.offsetHeight])"
    before = page.locator(".figure").evaluate_all(room)
    for toggle in page.get_by_role("button", name="Table").all():
        toggle.click()
        expect(toggle).to_have_attribute("aria-pressed", "true")

    assert page.locator(".figure").evaluate_all(room) == before
    rows = [
        [row.locator("th, td").all_text_contents() for row in table.get_by_role("row").all()]
        for table in page.get_by_role("table").all()
    ]
    assert rows[0][:3] == [
        ["Orders in the log", "LightFM", "Popularity"],
        ["1,000", "0.120 [0.110, 0.140]", "0.13"],
        ["3,000", "0.150 [0.140, 0.170]", "–"],
    ]
    assert rows[1][1] == ["Centre", "40.0 [38.0, 43.0]", "20"]
    assert rows[1][3] == ["North", "–", "0"]
    assert rows[2][4] == ["settlement", "settled", "40", "35.0 [34.0, 36.0]"]
    assert rows[3] == [["Step", "Score"], ["everybody", "0.8"], ["taste", "1.1"], ["way", "−0.5"], ["Together", "1.4"]]
    assert rows[4][1] == ["1", "Luigi", "Old Mill"]


def test_new_numbers_redraw_and_leave_the_reader_where_they_were(page: Page) -> None:
    show(page, LINES)
    page.locator(".figure-plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    moved = {**LINES, "series": [{**LINES["series"][0], "points": [{"x": x, "y": 0.5} for x in (1_000, 2_000, 4_000)]}]}
    page.evaluate("document => window.shown[0].update(document)", moved)

    expect(page.locator(".figure-tip")).to_have_text("nDCG@10 0.5 · Orders in the log 2,000")
    expect(page.locator(".figure-plot")).to_be_focused()
    expect(page.locator(".series-0.line .figure-marker")).to_have_count(3)


def test_a_figure_is_drawn_anew_at_another_width(page: Page) -> None:
    show(page, *ALL)
    for width in (900, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for plot in page.locator(".figure-plot:visible").all():
            expect(plot.locator(".figure-drawing")).to_have_attribute(
                "viewBox",
                f"0 0 {plot.evaluate('node => node.clientWidth')} {plot.evaluate('node => node.clientHeight')}",
            )
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_numbers_a_figure_says_so(page: Page) -> None:
    empty = {**LINES, "series": [{"name": "all", "points": []}], "marks": []}
    show(page, empty, {**BARS, "groups": [], "series": [{"name": "a", "values": []}]}, {**SCATTER, "series": []})

    assert page.get_by_text("Nothing to draw yet").count() == 3
    page.locator(".figure-plot").first.focus()
    page.keyboard.press("ArrowRight")
    for toggle in page.get_by_role("button", name="Table").all():
        toggle.click()


def test_a_kind_that_is_not_known_is_named(visit: Visit) -> None:
    page = opened(visit)
    with pytest.raises(Exception, match='a figure of kind "pie" cannot be drawn'):
        show(page, {**BARS, "kind": "pie"})


def test_text_of_a_document_is_never_markup(page: Page) -> None:
    evil = "<img src=x onerror=document.body.remove()>"
    show(page, {**BARS, "title": evil, "sentence": evil, "groups": [evil] * 3}, {**TABLE, "rows": [[evil, 1, 2]]})
    page.locator(".figure-plot").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Table").click()

    expect(page.locator("img")).to_have_count(0)
    expect(page.locator(".figure-title").first).to_have_text(evil)


@pytest.mark.parametrize("context", [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE])
def test_text_and_marks_can_be_read(visiting: Callable[..., Visit], context: dict[str, Any]) -> None:
    page = opened(visiting(**context))
    many = {**SCATTER, "series": [{"name": f"series {s}", "points": [{"x": s, "y": s}]} for s in range(6)]}
    lines = {**LINES, "series": [{**LINES["series"][0], "name": f"series {s}"} for s in range(6)]}
    show(page, *ALL, many, lines)
    page.locator(".figure-plot").first.focus()
    page.keyboard.press("ArrowRight")

    assert page.evaluate(FAINT_TEXT) == []
    assert page.evaluate(FAINT_MARKS) == []


def test_everything_has_a_name(page: Page) -> None:
    show(page, *ALL)

    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(BROKEN_REFERENCES) == []
    ids = page.locator("[id]").evaluate_all("nodes => nodes.map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("svg[aria-hidden=true]").count() == len(ALL)


def test_nothing_jumps_when_figures_are_drawn(visit: Visit) -> None:
    visit.page.add_init_script(OBSERVE_SHIFTS)
    page = opened(visit)
    show(page, *ALL)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")

    assert sum(page.evaluate("window.shifts")) == 0


def test_a_sparkline_is_named_and_drawn_with_its_gaps(page: Page) -> None:
    page.evaluate(
        """async () => {
          const { sparkline } = await import('/static/js/charts/sparkline.js');
          document.querySelector('#root').append(sparkline([0, 5, null, 10], { name: 'requests of a minute' }));
        }"""
    )

    line = page.get_by_role("img", name="requests of a minute").locator("path")
    expect(line).to_have_attribute("d", "M2 22h0L32.7 12M94 2h0")


def test_the_scripts_are_small() -> None:
    scripts = b"".join(file.read_bytes() for file in sorted(CHARTS.glob("*.js")))
    assert len(gzip.compress(scripts)) < 16_000
    assert b"innerHTML" not in scripts
    assert b"eval(" not in scripts
