"""What models came to on one market: joined where they were asked apart, and as files that travel between machines."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.evaluation.evaluate import Measured
from models.evaluation.report import MarketPart

_PART: Final = "part.npz"
_MASKED: Final = "masked.npz"
_LAYOUT: Final = "layout"
_BY_MODEL: Final = ("measured", "requests")


@dataclass(frozen=True, eq=False)
class MarketFigures:
    """One market's share of a report, and of the one with known restaurants masked; None: nothing is left to ask."""

    part: MarketPart
    masked: MarketPart | None


def joined(found: Sequence[MarketFigures], names: Sequence[str]) -> MarketFigures:
    """The figures of models that were asked apart, in the order of `names`; whoever is none of them comes after."""
    masked = [one.masked for one in found if one.masked is not None]
    return MarketFigures(_joined([one.part for one in found], names), _joined(masked, names) if masked else None)


def save(figures: MarketFigures, folder: Path) -> None:
    """Write the figures into a folder that is there."""
    _save(figures.part, folder / _PART)
    if figures.masked is not None:
        _save(figures.masked, folder / _MASKED)


def load(folder: Path) -> MarketFigures:
    """What `save` has written, to the bit."""
    masked = folder / _MASKED
    return MarketFigures(_load(folder / _PART), _load(masked) if masked.exists() else None)


def _joined(parts: Sequence[MarketPart], names: Sequence[str]) -> MarketPart:
    def ordered(of_parts: Iterable[Mapping[str, Measured]]) -> dict[str, Measured]:
        every = {name: one for by_model in of_parts for name, one in by_model.items()}
        return {name: every[name] for name in dict.fromkeys([*names, *every]) if name in every}

    return replace(
        parts[0],
        measured=ordered(part.measured for part in parts),
        cold={side: ordered(part.cold[side] for part in parts) for side in parts[0].cold},
        requests=ordered(part.requests for part in parts),
    )


def _save(part: MarketPart, file: Path) -> None:
    """Arrays by number: names of models and districts are whatever somebody calls them."""
    named: list[tuple[tuple[str, ...], npt.NDArray[Any]]] = [(("groups", name), of) for name, of in part.groups.items()]
    for section in _BY_MODEL:
        for model, measured in getattr(part, section).items():
            named += _arrays((section, model), measured)
    for side, by_model in part.cold.items():
        for model, measured in by_model.items():
            named += _arrays(("cold", side, model), measured)
    layout = {"split": part.split, "sides": list(part.cold), "arrays": [path for path, _ in named]}
    arrays: dict[str, Any] = {str(number): array for number, (_, array) in enumerate(named)}
    arrays[_LAYOUT] = np.array(json.dumps(layout))
    np.savez(file, **arrays)


def _arrays(path: tuple[str, ...], measured: Measured) -> list[tuple[tuple[str, ...], npt.NDArray[Any]]]:
    per_diner = [((*path, name), values) for name, values in measured.per_diner.items()]
    return [*per_diner, ((*path, "shown"), measured.shown), ((*path, "looks"), measured.looks)]


def _load(file: Path) -> MarketPart:
    with np.load(file) as archive:
        layout = json.loads(str(archive[_LAYOUT]))
        groups: dict[str, npt.NDArray[np.bool_]] = {}
        by_model: dict[tuple[str, ...], dict[str, npt.NDArray[Any]]] = {}
        for number, (section, *path) in enumerate(layout["arrays"]):
            if section == "groups":
                groups[path[0]] = archive[str(number)]
            else:
                by_model.setdefault((section, *path[:-1]), {})[path[-1]] = archive[str(number)]
    cold: dict[str, dict[str, Measured]] = {side: {} for side in layout["sides"]}
    flat: dict[str, dict[str, Measured]] = {section: {} for section in _BY_MODEL}
    for (section, *path), arrays in by_model.items():
        into = cold[path[0]] if section == "cold" else flat[section]
        into[path[-1]] = Measured(shown=arrays.pop("shown"), looks=arrays.pop("looks"), per_diner=arrays)
    return MarketPart(flat["measured"], groups, layout["split"], cold, flat["requests"])
