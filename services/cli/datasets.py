"""generate, import, validate."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import FAILED, UsageError
from services.cli.progress import Progress


class Source(StrEnum):
    """What can be imported."""

    UCI = "uci"
    MOVIELENS = "movielens"
    CHECKINS = "checkins"
    CSV = "csv"


def generate(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    restaurants: Annotated[int, typer.Option(min=2, max=200_000, help="Restaurants a market.")] = 1_000,
    diners: Annotated[int, typer.Option(min=1, max=5_000_000, help="Diners a market.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Days of log.")] = 28,
    markets: Annotated[int, typer.Option(min=1, max=1_000)] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Make a synthetic city: tables as Parquet, with a log of diners' choices and the truth behind them."""
    from data.city.generate import generate as generate_city

    with Progress("generating") as progress:
        generate_city(
            out, restaurants=restaurants, diners=diners, days=days, markets=markets, seed=seed, progress=progress.update
        )
    typer.echo(f"{markets} market(s) of {restaurants:,} restaurants and {diners:,} diners over {days} days: {out}")


def import_(
    source: Annotated[Source, typer.Argument(help="What kind of data it is.")],
    path: Annotated[Path, typer.Argument(help="The file or folder to read.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="OUR_COLUMN=THEIRS, as often as needed.")] = None,
    mapping_file: Annotated[
        Path | None, typer.Option("--mapping", help="The same as JSON, as `--suggest` prints it.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="Market's key, where the data names none.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA name, where the data names none.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217 code, where the data names none.")] = "EUR",
    suggest: Annotated[bool, typer.Option(help="csv: print a draft of the column mapping and stop.")] = False,
) -> None:
    """Import real data into the same tables; every rejected row is counted and explained."""
    from data.importers import ImportOptions, import_dataset
    from data.importers.csv_tables import read_mapping
    from data.importers.csv_tables import suggest as suggest_mapping

    if suggest:
        typer.echo(json.dumps(suggest_mapping(path), indent=2))
        return
    if out is None:
        raise UsageError("import needs --out FOLDER")
    pairs = read_mapping(mapping_file) if mapping_file else {}
    pairs = {**pairs, **dict(_pair(item) for item in mapping or [])}
    options = ImportOptions(mapping=pairs, market=market, time_zone=time_zone, currency=currency)
    report = import_dataset(source.value, path, out, options)
    for line in report.lines():
        typer.echo(line)


def validate(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
) -> None:
    """Check a dataset: schema, references, quality, and what each seat can compute from it. Exit code 1 on errors."""
    from data.dataset import Dataset
    from data.quality import validate as validate_dataset

    report = validate_dataset(Dataset.open(path))
    for line in report.lines():
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    if not report.ok:
        raise typer.Exit(FAILED)


def _pair(item: str) -> tuple[str, str]:
    ours, separator, theirs = item.partition("=")
    if not separator or not ours or not theirs:
        raise UsageError(f"--map {item!r}: write OUR_COLUMN=THEIRS")
    return ours, theirs
