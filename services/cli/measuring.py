"""measure."""

import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.progress import Progress
from services.measurements import MeasurementName, keep, kept
from services.settings import Settings

if TYPE_CHECKING:
    from data.dataset import Dataset


def measure(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    market: Annotated[str | None, typer.Option(help="The market; the first.")] = None,
    what: Annotated[list[MeasurementName] | None, typer.Option("--what", help="As often as needed; all.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    anew: Annotated[bool, typer.Option("--anew", help="Also what was measured on this very data before.")] = False,
) -> None:
    """Measure what the console shows beside the lists, the ladder and the audit of fairness, and keep it in the home.

    The same figures as those of `ladder` and `audit fairness`. What is kept of the same data and seed is not measured
    again.
    """
    from data.dataset import Dataset

    # A plain SIGTERM would leave the folder in which rungs are trained.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    root, dataset = Settings().measurements, Dataset.open(path)
    named = dataset.market(market or dataset.markets[0]).market
    for name in what or list(MeasurementName):
        before = kept(root, named, name)
        if not anew and before is not None and (before.snapshot, before.seed) == (dataset.snapshot, seed):
            typer.echo(f"{named}: {name} is kept already, of {before.measured_at:%Y-%m-%d %H:%M} UTC")
            continue
        measured = _ladder if name is MeasurementName.LADDER else _fairness
        keep(root, named, name, dataset.snapshot, seed, measured(dataset, named, seed))
        typer.echo(f"{named}: {name} is measured")


def _ladder(dataset: "Dataset", market: str, seed: int) -> dict[str, Any]:
    from services.serving.measure_ladder import RUNGS, measure_ladder

    with Progress("ladder") as progress:
        return {"rungs": [asdict(rung) for rung in measure_ladder(dataset, market, RUNGS, seed, progress.update)]}


def _fairness(dataset: "Dataset", market: str, seed: int) -> dict[str, Any]:
    from models.fairness.audit import audit

    with Progress("fairness") as progress:
        progress.update("auditing lightfm", 0, 1)
        found = audit(dataset, market, seed=seed).document()
        progress.update("done", 1, 1)
    return found
