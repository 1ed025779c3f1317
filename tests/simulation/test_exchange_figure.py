"""The exchange curve as a figure."""

from pathlib import Path
from typing import Any

import pytest

from services.simulation.figures import FigureError, draw_exchange


def curve(*fees: float) -> dict[str, Any]:
    def around(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 1.0, "high": value + 1.0}

    names = ("orders_per_1000", "ndcg@10")
    points = [{"money": fee / 1e6, "fee_revenue_per_1000": around(fee)} for fee in fees]
    return {"points": [{**point, **{name: around(7.0) for name in names}} for point in points]}


def test_the_same_curve_gives_the_same_bytes_and_another_one_does_not(tmp_path: Path) -> None:
    for name, fees in (("a", (0.0, 10.0)), ("b", (0.0, 10.0)), ("c", (0.0, 20.0))):
        draw_exchange(curve(*fees), tmp_path / f"{name}.svg", "two cities")
    a, b, c = ((tmp_path / f"{name}.svg").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("name", "mend"), [("x.png", "name the file .svg"), ("nowhere/x.svg", "no such folder")])
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, mend: str) -> None:
    with pytest.raises(FigureError, match=mend):
        draw_exchange(curve(0.0), tmp_path / name, "")
