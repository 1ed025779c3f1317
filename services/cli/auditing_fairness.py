"""The command `audit fairness`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import FAILED, UsageError


def audit_fairness(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset.")],
    model: Annotated[str, typer.Option(help="A model of the ladder.")] = "lightfm",
    home: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The kind of model that this version of the home is.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
    fewest: Annotated[int, typer.Option(min=2, help="Diners that make a group; smaller ones are not shown.")] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What people have searched for, a query a line; else made up.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write the report for people here.")] = None,
) -> None:
    """Measure who is shown and served how well, flip words of diners and of searches, look for proxies.

    Exit code 1 on findings.

    The model is trained on the dataset's train period and asked about its test period; with `--home` it is one with the
    name and the parameters of that version.
    """
    import json

    from data.dataset import Dataset
    from models.fairness.audit import audit
    from models.fairness.report import html, sentences
    from services.serving.search_flip import flipped_searches

    for option, file in (("--json", json_file), ("--html", html_file)):
        _check_writable(option, file)
    asked = None if queries is None else _lines(queries)
    dataset = Dataset.open(path)
    parameters = None
    if home is not None:
        model, parameters = _version(home, market or dataset.markets[0])
    found = audit(dataset, market, model, seed=seed, parameters=parameters, fewest=fewest)
    # As the audit does with what takes one model apart: the market with the most diners, where none is named.
    searched = market or max(dataset.markets, key=lambda name: len(dataset.diners(name)))
    document = found.with_searches(flipped_searches(dataset, searched, asked)).document()
    for line in sentences(document):
        typer.echo(line)
    for note in document["notes"]:
        typer.echo(f"Not told: {note}")
    if json_file is not None:
        json_file.write_text(json.dumps(document, indent=2) + "\n")
    if html_file is not None:
        html_file.write_text(html(document, f"Fairness of {model} in {document['about']['market']}"), encoding="utf-8")
    if document["findings"]:
        raise typer.Exit(FAILED)


def _check_writable(option: str, file: Path | None) -> None:
    """Before the work, not after it. Raises UsageError."""
    if file is not None and (file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK)):
        raise UsageError(f"{option} {file}: cannot be written; name a file in a folder that is there")


def _lines(file: Path) -> list[str]:
    """What is in a file of queries. Raises UsageError."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--queries {file}: cannot be read as UTF-8 text: {error}") from error
    found = [line for line in lines if line]
    if not found:
        raise UsageError(f"--queries {file}: has no query; write one a line")
    return found


def _version(version: str, market: str) -> tuple[str, dict[str, object]]:
    """A registered version's model, and the parameters of its constructor and corrections of its log."""
    import inspect

    from sqlalchemy import select

    from models.artifacts import load
    from models.ladder import rung
    from services.database.engine import open_database
    from services.database.schema import model_versions
    from services.database.transactions import reading
    from services.settings import Settings

    engine = open_database(Settings().resolved_database_url)
    try:
        found = select(model_versions.c.path).where(
            model_versions.c.market == market, model_versions.c.version == version
        )
        with reading(engine) as connection:
            path = connection.execute(found).scalar()
    finally:
        engine.dispose()
    if path is None:
        raise UsageError(f"--home {version}: market {market} has no such version; `tablestakes releases` lists them")
    artifact = load(Path(path))
    model = artifact.model
    takes = inspect.signature(rung(model.name)).parameters
    own = {name: value for name, value in model.parameters().items() if name in takes}
    return model.name, {**own, **artifact.manifest.metrics.get("corrections", {})}
