"""Figures as drawn: where marks lie, read by pointer, by keyboard and as a table."""

import gzip
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import services.console
from tests.console.bare_page import bare_page
from tests.console.conftest import Visit
from tests.console.page_checks import BROKEN_REFERENCES, FAINT_MARKS, FAINT_TEXT, NAMELESS, OBSERVE_SHIFTS

pytestmark = pytest.mark.xdist_group("browser")

CHARTS = Path(services.console.__file__).parent / "static" / "js" / "charts"
PHONE = {"viewport": {"width": 390, "height": 844}}
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


@pytest.fixture
def page(visit: Visit) -> Page:
    return bare_page(visit)


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
    page = bare_page(visit)
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
    page = bare_page(visit)
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
    page = bare_page(visit)
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
    page = bare_page(visit)
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
    page = bare_page(visiting(**context))
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
    page = bare_page(visit)
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
