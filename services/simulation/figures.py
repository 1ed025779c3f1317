"""Figures as SVG, with matplotlib, which is an extra: whoever draws nothing need not have it."""

import importlib.util
from pathlib import Path
from typing import Any, Final

from services.simulation.exchange import FEES, ORDERS

_NDCG: Final = "ndcg@10"


class FigureError(Exception):
    """A figure cannot be drawn; the message says the mend."""


def check_figure(path: Path) -> None:
    """Raise FigureError where `draw_exchange` could not write this file, before the long work that comes first."""
    if path.suffix.lower() != ".svg":
        raise FigureError(f"{path}: figures are SVG, name the file .svg")
    if not path.absolute().parent.is_dir():
        raise FigureError(f"{path}: there is no such folder")
    if importlib.util.find_spec("matplotlib") is None:
        raise FigureError("figures need matplotlib: pip install 'tablestakes[figures]'")


def draw_exchange(curve: dict[str, Any], path: Path, about: str) -> None:
    """Draw fees against orders and nDCG@10, a point for each lambda, with 95 % intervals; `about` stands below.

    The same curve gives the same bytes. Raises FigureError as `check_figure` does.
    """
    check_figure(path)
    # Not the state machine of pyplot: a figure of its own needs no screen and leaves nothing behind.
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "tablestakes", "svg.fonttype": "none"}):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        FigureCanvasSVG(figure)
        for axes, name, title in zip(
            figure.subplots(1, 2), (ORDERS, _NDCG), ("orders per 1,000 requests", "nDCG@10 by the truth"), strict=True
        ):
            _draw(axes, curve["points"], name)
            axes.set_xlabel("fees per 1,000 requests, minor units")
            axes.set_ylabel(title)
        figure.suptitle("What money costs: the price of money λ from 0 upwards")
        figure.supxlabel(about, fontsize=8, color="0.4")
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw(axes: Any, points: list[dict[str, Any]], name: str) -> None:
    across, up = ([point[of]["value"] for point in points] for of in (FEES, name))
    reaches = [[point[of]["high"] - point[of]["value"] for point in points] for of in (FEES, name)]
    axes.errorbar(across, up, xerr=reaches[0], yerr=reaches[1], fmt="o-", capsize=2, linewidth=1, color="#1b5e8a")
    for point, x, y in zip(points, across, up, strict=True):
        axes.annotate(f"{point['money']:g}", (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.grid(visible=True, color="0.9")
