"""events import, export."""

from datetime import UTC, date, datetime
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


@events.command("export")
def export(
    path: Annotated[
        str,
        typer.Argument(metavar="DIR", help="Of earlier exports, or new: a folder, or a URL such as s3://lake/events."),
    ],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, UTC, as in 2026-03-01.")],
    end: Annotated[str, typer.Option("--to", metavar="DAY", help="The first day that is not in it; else today.")] = "",
    received_before: Annotated[
        str, typer.Option(metavar="TIME", help="Only events that were received before; else before now.")
    ] = "",
) -> None:
    """Write days of the log as Parquet, DIR/market=…/day=…/events.parquet; broken off, the same command goes on.

    The same events received before the same moment give the same bytes. An erasure does not reach what was exported.
    """
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.events.archive import ArchiveError, Range, export_days
    from services.export_folder import FolderError

    clock, engine = Clock(), open_database(Settings().resolved_database_url)
    today = clock.now().astimezone(UTC).date()
    moment = _time(received_before) if received_before else clock.now()
    wanted = Range(_day(first), _day(end) if end else today, moment)
    if wanted.end <= wanted.first:
        raise UsageError(f"--to {wanted.end} is not after --from {wanted.first}")
    try:
        migrate(engine)
        with Progress("exporting") as progress:
            done = export_days(engine, AuditTrail(engine, clock, via="cli"), path, wanted, progress.update)
    except (ArchiveError, FolderError) as error:
        raise UsageError(str(error)) from None
    finally:
        engine.dispose()
    before = done.received_before.astimezone(UTC).isoformat()
    reused = f", {done.reused:,} of them from before" if done.reused else ""
    typer.echo(f"{path}: {done.events:,} events in {done.files:,} files{reused}, received before {before}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no day: write it as in 2026-03-01") from None


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time: write it as in 2026-03-01T12:00:00Z") from None
    if moment.utcoffset() is None:
        raise UsageError(f"{text!r} needs its offset from UTC, as in {text}Z")
    return moment
