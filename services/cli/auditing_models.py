"""The command `audit model`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.errors import FAILED, UsageError
from services.cli.progress import Progress
from services.settings import Settings

if TYPE_CHECKING:
    from models.artifacts import Artifact
    from models.explanation.over_indexing import Known


def audit_model(
    target: Annotated[str, typer.Argument(metavar="DIR|VERSION", help="A dataset, or a version of the home.")],
    name: Annotated[str, typer.Option("--model", help="A model of the ladder, for a dataset.")] = "lightfm",
    market: Annotated[str | None, typer.Option(help="The market; the first.")] = None,
    later: Annotated[
        Path | None, typer.Option(help="A dataset with the tables of the time of serving; a version has the catalogue.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write one HTML page here.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="Draw the map of cuisines here, as SVG.")] = None,
) -> None:
    """What a model has learnt, and whether it leans on what will not hold; exit code 1 where something is reported.

    A dataset: the model is fitted to its train period and asked about the rest. A version: what was found when it was
    trained, and its tags beside those of the catalogue of today.
    """
    from data.dataset import MANIFEST
    from models.explanation.embedding_map import draw
    from models.explanation.page import html, lines

    if (Path(target) / MANIFEST).exists():
        document = _of_dataset(Path(target), name, market, later, seed)
    else:
        document = _of_version(target, market, later)
    title = f"Audit of {document['model']}, {document['market']}"
    typer.echo(title)
    for line in lines(document):
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(document, indent=2) + "\n")
    if html_file is not None:
        html_file.write_text(html(document, title))
    if map_file is not None:
        drawn = (document.get("importance") or {}).get("map")
        if drawn is None:
            raise UsageError(f"--map: {document['model']} has no map: it tells no cuisines and districts apart")
        draw(drawn, map_file, title)
    if (document.get("over_indexing") or {}).get("reported"):
        raise typer.Exit(FAILED)


def _of_dataset(path: Path, name: str, market: str | None, later: Path | None, seed: int) -> dict[str, Any]:
    from data.dataset import Dataset
    from models.explanation.audit import documents, known
    from models.ground import Ground

    dataset = Dataset.open(path)
    market = dataset.market(market or dataset.markets[0]).market
    with Progress("auditing") as progress:
        progress.update("fitting", 0, 2)
        ground = Ground(dataset, market, seed=seed)
        fitted = ground.fitted([name])[name]
        curve = ground.calibrated(fitted)
        progress.update("asking", 1, 2)
        now = None if later is None else known(Dataset.open(later), market)
        found = documents(fitted, ground.prepared, seed, ground.requests, curve, now)
        progress.update("done", 2, 2)
    return {"market": market, "model": name, "version": None, "snapshot": dataset.snapshot, "seed": seed, **found}


def _of_version(version: str, market: str | None, later: Path | None) -> dict[str, Any]:
    from data.dataset import Dataset
    from models.artifacts import load
    from models.explanation.audit import known, with_tags_of_now
    from models.explanation.page import OTHERS

    found = load(_folder_of(version, market))
    own = found.manifest
    kept = {key: own.metrics.get(key) for key in ("importance", "over_indexing", *OTHERS)}
    now = _catalogue_of(found) if later is None else known(Dataset.open(later), own.market)
    if now is not None:
        kept["over_indexing"] = with_tags_of_now(found, kept["over_indexing"], now)
    return {"market": own.market, "model": own.version, "version": own.version, "snapshot": own.data_snapshot, **kept}


def _folder_of(version: str, market: str | None) -> Path:
    """Of a version by its name, or a folder that is one. Raises UsageError where there is none, or more than one."""
    from models.manifest import MANIFEST

    if (Path(version) / MANIFEST).exists():
        return Path(version)
    root = Settings().artifacts
    places = sorted(
        place.parent for place in root.glob(f"{market or '*'}/*/{MANIFEST}") if place.parent.name == version
    )
    if not places:
        raise UsageError(f"{version} is neither a dataset nor a version of {root}: `tablestakes releases` lists them")
    if len(places) > 1:
        raise UsageError(
            f"{version} is a version of {', '.join(p.parent.name for p in places)}: name one with --market"
        )
    return places[0]


def _catalogue_of(version: "Artifact") -> "Known | None":
    """Tags of the restaurants of today; None where the home's catalogue does not have the market's."""
    from models.explanation.over_indexing import Known
    from models.training_data import restaurant_tags
    from services.catalogue.store import CatalogueStore
    from services.database.engine import migrate, open_database

    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        places = CatalogueStore(engine).restaurants(version.manifest.market)
    finally:
        engine.dispose()
    tags = {place.restaurant_id: restaurant_tags(**place.features()) for place in places}
    return Known(tags, {}) if tags else None
