"""events import."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import UsageError
from services.cli.progress import Progress
from services.settings import Settings

events = typer.Typer(help="The home's event log.", no_args_is_help=True)


@events.callback()
def _events() -> None:
    """The home's event log."""


@events.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
) -> None:
    """Take a dataset's events into the log, so that retraining learns from them too; the same again adds nothing.

    A market that the home does not have yet comes with its restaurants and diners. Nothing is billed.
    """
    from data.dataset import Dataset
    from data.quality import validate
    from services.catalogue.store import CatalogueStore
    from services.database.engine import migrate, open_database
    from services.events.importing import import_events

    settings, dataset = Settings(), Dataset.open(path)
    report = validate(dataset)
    if not report.ok:
        raise UsageError(f"{path} has {len(report.errors)} errors: `tablestakes validate {path}` lists them")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        catalogue = CatalogueStore(engine)
        there = {info.market for info in catalogue.markets(retired=True)}
        chosen = [dataset.market(market)] if market else list(dataset.manifest.markets)
        for info in chosen:
            if info.market not in there:
                catalogue.load(info, dataset.restaurants(info.market), dataset.diners(info.market))
            with Progress("importing") as progress:
                done = import_events(engine, dataset, info.market, progress.update)
            typer.echo(f"{info.market}: {done.stored:,} events stored, {done.known:,} were there")
    finally:
        engine.dispose()
