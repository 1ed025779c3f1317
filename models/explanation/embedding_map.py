"""Cuisines and districts on a plane: what a model has learnt of who is like whom.

A tag stands where the model puts a restaurant of which nothing else is known. The plane is that of the first two
principal components of the tags' vectors; a component's sign is chosen so that its largest coordinate is positive, so
the same model gives the same map. Distances on it are as true as `explained` says, no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.base import Model, ModelError
from models.explanation.parts import Doubles

PREFIXES: Final = ("cuisine", "district")
_FEWEST: Final = 3


@dataclass(frozen=True)
class EmbeddingMap:
    """Tags with their places."""

    tags: tuple[str, ...]
    places: tuple[tuple[float, float], ...]
    explained: tuple[float, float]
    """Share of the variance of the tags' vectors that each axis has."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        points = [{"tag": tag, "x": x, "y": y} for tag, (x, y) in zip(self.tags, self.places, strict=True)]
        return {"explained": list(self.explained), "points": points}


def embedding_map(model: Model, tags: Sequence[str], prefixes: Sequence[str] = PREFIXES) -> EmbeddingMap | None:
    """Of the restaurants' tags with these prefixes; None where there are too few, or the model tells none apart."""
    chosen = tuple(tag for tag in tags if tag.partition("=")[0] in prefixes)
    if len(chosen) < _FEWEST:
        return None
    vectors = model.new_restaurants([[tag] for tag in chosen]).vectors.astype(np.float64)
    places, explained = principal(vectors)
    if explained[0] == 0.0:
        return None
    return EmbeddingMap(chosen, tuple((float(x), float(y)) for x, y in places), explained)


def principal(vectors: Doubles) -> tuple[Doubles, tuple[float, float]]:
    """(m, 2) coordinates of (m, d) vectors on their first two principal components, and the variance that each has."""
    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    width = min(2, len(sizes))
    places[:, :width] = left[:, :width] * sizes[:width]
    largest = np.abs(places).argmax(axis=0)
    places *= np.where(places[largest, [0, 1]] < 0.0, -1.0, 1.0)
    total = float((sizes**2).sum())
    shares = np.zeros(2)
    # Below this the vectors are the same but for rounding.
    if total > 1e-12 * max(float((vectors**2).sum()), 1e-300):
        shares[:width] = sizes[:width] ** 2 / total
    return places, (float(shares[0]), float(shares[1]))


def draw(document: dict[str, Any], path: Path, about: str) -> None:
    """Draw a map's document as SVG; the same map gives the same bytes. Raises ModelError without matplotlib."""
    if path.suffix.lower() != ".svg" or not path.absolute().parent.is_dir():
        raise ModelError(f"{path}: maps are SVG in a folder that is there, name the file .svg")
    if find_spec("matplotlib") is None:
        raise ModelError("maps need matplotlib: pip install 'tablestakes[figures]'")
    # Imported here, for it is an extra; not the state machine of pyplot, which needs a screen.
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "tablestakes", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8.5, 6.5), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for prefix, colour in zip(PREFIXES, ("#1b5e8a", "#b3541e"), strict=True):
            points = [one for one in document["points"] if one["tag"].startswith(f"{prefix}=")]
            axes.scatter([one["x"] for one in points], [one["y"] for one in points], s=14, color=colour, label=prefix)
            for one in points:
                name = one["tag"].partition("=")[2]
                axes.annotate(name, (one["x"], one["y"]), xytext=(4, 3), textcoords="offset points", fontsize=8)
        for name, share in zip("xy", document["explained"], strict=True):
            getattr(axes, f"set_{name}label")(f"{share:.0%} of the variance")
        axes.grid(visible=True, color="0.9")
        axes.legend(loc="best", fontsize=8)
        figure.suptitle("Where the model puts cuisines and districts")
        figure.supxlabel(about, fontsize=8, color="0.4")
        figure.savefig(path, format="svg", metadata={"Date": None})
