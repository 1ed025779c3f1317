"""Figures as documents, and as pictures."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.lessons import figure as shapes
from services.lessons.drawing import PNG, draw
from services.lessons.figure import Figure, bars, curve, over_seeds
from services.simulation.outcomes import interval

X, Y = shapes.Axis(label="week"), shapes.Axis(label="orders", unit="a week")
TEXTS: dict[str, Any] = {"title": "A <title> & more", "sentence": "What to see, in so many words. " * 6}
SERIES = (
    curve("one", (1, 2, 3), np.asarray([[1.0, 2.0, 2.5], [2.0, 2.5, 3.5]])),
    curve("two", (1, 2, 3), np.asarray([[3.0, 1.0, 0.5], [2.0, 1.5, 1.5]]), "dots", ("a", "b", "c")),
)
FIGURES: tuple[Figure, ...] = (
    shapes.Lines(x=X, y=Y, series=SERIES, marks=(shapes.Mark(axis="x", at=2, label="here"),), **TEXTS),
    shapes.Scatter(x=shapes.Axis(label="time", scale="log"), y=Y, series=SERIES, front=True, **TEXTS),
    shapes.Bars(
        y=Y,
        groups=("a", "b"),
        series=(bars("s", ([1.0, 2.0], [3.0])), shapes.BarSeries(name="t", values=(None, over_seeds([2.0, 2.5])))),
        **TEXTS,
    ),
    shapes.Bars(y=Y, groups=("a",), series=(bars("s", ([1.0, 2.0],)),), horizontal=True, **TEXTS),
    shapes.Waterfall(
        y=Y,
        steps=(shapes.WaterfallStep(name="up", value=2.0), shapes.WaterfallStep(name="down", value=-0.5)),
        total=1.5,
        **TEXTS,
    ),
    shapes.Lists(
        columns=(shapes.Column(title="before", items=("x", "y", "z")), shapes.Column(title="after", items=("z", "x"))),
        **TEXTS,
    ),
    shapes.Table(columns=("who", "how much"), rows=(("she", 1.5), ("he & I", over_seeds([1.0, 2.0]))), **TEXTS),
)


@pytest.mark.parametrize("drawn", FIGURES, ids=lambda one: one.kind)
def test_every_kind_is_drawn_to_the_same_bytes_and_says_what_it_is(drawn: Figure) -> None:
    picture = draw(drawn)
    assert draw(drawn) == picture
    words = " ".join(text.strip() for text in ET.fromstring(picture).itertext() if text.strip())
    assert drawn.title in words
    assert "What to see, in so many words." in words
    assert b"<dc:date>" not in picture
    assert draw(drawn, PNG).startswith(b"\x89PNG")


@pytest.mark.parametrize("drawn", FIGURES, ids=lambda one: one.kind)
def test_a_figure_is_the_same_after_a_journey_as_json(drawn: Figure) -> None:
    adapter: TypeAdapter[Figure] = TypeAdapter(Figure)
    assert adapter.validate_json(adapter.dump_json(drawn)) == drawn


def test_names_of_both_series_and_the_marks_are_in_the_picture() -> None:
    words = " ".join(ET.fromstring(draw(FIGURES[0])).itertext())
    for name in ("one", "two", "here", "week", "orders (a week)"):
        assert name in words


def test_the_front_is_of_points_that_nothing_to_their_left_is_above() -> None:
    from services.lessons.drawing import _front

    points = tuple(shapes.Point(x=x, y=y) for x, y in ((1, 1), (2, 3), (2, 2), (3, 2.5), (4, 4)))
    drawn = shapes.Scatter(x=X, y=Y, series=(shapes.Series(name="s", points=points),), front=True, **TEXTS)
    assert _front(drawn) == [(1, 1), (2, 3), (4, 4)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_a_number_over_seeds_has_the_interval_of_the_closed_loop(values: list[float]) -> None:
    found, exact = over_seeds(values), interval(np.asarray(values))
    for name in ("value", "low", "high"):
        assert getattr(found, name) == pytest.approx(exact[name], rel=1e-5, abs=1e-9)


def test_one_seed_has_no_interval_and_nothing_has_no_number() -> None:
    assert over_seeds([2.0]) == shapes.MeasuredValue(value=2.0)
    assert over_seeds([2.0, np.nan]) == shapes.MeasuredValue(value=None)
    assert curve("s", (1, 2), np.asarray([[1.0, np.nan], [1.0, 2.0]])).points[-1].x == 1


def test_what_json_cannot_hold_is_no_figure() -> None:
    with pytest.raises(ValidationError):
        shapes.Point(x=float("nan"), y=0.0)
    with pytest.raises(ValidationError):
        shapes.Lines(x=X, y=Y, series=(), colour="red", **TEXTS)
