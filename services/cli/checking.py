"""check: how a model version behaves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.errors import FAILED, UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from models.artifacts import Artifact


def check(
    version: Annotated[str, typer.Argument(metavar="VERSION|DIR", help="A registered version, or a version's folder.")],
    data: Annotated[Path, typer.Option(help="The dataset that it has learnt from.")],
    file: Annotated[Path | None, typer.Option(help="YAML file of checks of one's own, besides.")] = None,
    python: Annotated[
        Path | None, typer.Option(help="Python file whose CHECKS are run too. It is code: name your own only.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the diners who are asked about.")] = 0,
) -> None:
    """Behavioural checks of a version: invariance, direction, minimum function. Exit code 1 where one fails."""
    from data.dataset import Dataset
    from models.behaviour import CHECKS, Subject, examine
    from models.behaviour_file import read_checks, read_python_checks
    from models.ground import Ground

    own = [*(read_checks(file) if file else ()), *(read_python_checks(python) if python else ())]
    artifact, dataset = _artifact(version), Dataset.open(data)
    learnt = Ground(dataset, artifact.manifest.market, seed=seed).everything()
    if learnt.diner_ids != artifact.diner_ids or learnt.restaurant_ids != artifact.restaurant_ids:
        raise UsageError(f"{data} is not the dataset that {artifact.version} has learnt from: name that one")
    outcomes = examine(Subject(artifact.model, artifact.calibration, learnt, seed), [*CHECKS, *own])
    for outcome in outcomes:
        typer.echo(f"{'passed' if outcome.passed else 'FAILED'}  {outcome.name}: {outcome.value:.4g}")
        if not outcome.passed:
            typer.echo(f"        {outcome.explanation}")
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(FAILED)


def _artifact(version: str) -> "Artifact":
    from models import artifacts
    from services.catalogue.store import CatalogueStore
    from services.database.engine import migrate, open_database
    from services.releases.registry import ModelRegistry

    if Path(version).is_dir():
        return artifacts.load(Path(version))
    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        registry = ModelRegistry(engine)
        known = [one for info in CatalogueStore(engine).markets(retired=True) for one in registry.versions(info.market)]
    finally:
        engine.dispose()
    for one in known:
        if one.version == version:
            return artifacts.load(Path(one.path))
    raise UsageError(f"{version} is no folder and no registered version: `tablestakes releases list` shows those")
