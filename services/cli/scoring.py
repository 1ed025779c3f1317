"""scorecard."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.errors import UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from services.stakeholders.scorecard.card import Scorecard


def scorecard(
    market: Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")] = None,
    days: Annotated[int, typer.Option(min=1, max=28, help="So many days, beside as many before them.")] = 7,
    data: Annotated[
        Path | None, typer.Option(help="Of this dataset's log, up to its end, instead of the running system.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to this file.")] = None,
) -> None:
    """Every seat's numbers over the last days, with intervals, targets and trends."""
    import orjson

    from services.stakeholders.scorecard.card import document, text_lines

    card = _live(market, days) if data is None else _of_dataset(data, market, days)
    for line in text_lines(card):
        typer.echo(line)
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(document(card), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))


def _live(market: str | None, days: int) -> "Scorecard":
    from services.cli.selling import market_of
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.stakeholders.scorecard.store import Scorecards

    settings = Settings()
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        named = market_of(engine, market).market
        return Scorecards(engine, Clock(), settings.objectives).fresh(named, days)
    finally:
        engine.dispose()


def _of_dataset(path: Path, market: str | None, days: int) -> "Scorecard":
    from data.dataset import Dataset
    from services.stakeholders.scorecard.simulated import card_of

    dataset = Dataset.open(path)
    markets = {info.market: info for info in dataset.manifest.markets}
    if market is None and len(markets) > 1:
        raise UsageError(f"--data {path}: it has the markets {', '.join(markets)}: name one with --market")
    named = next(iter(markets)) if market is None else market
    if named not in markets:
        raise UsageError(f"--data {path}: there is no market {named!r}; there are {', '.join(markets)}")
    try:
        return card_of(dataset, markets[named], days)
    except ValueError as error:
        raise UsageError(f"--data {path}: {error}") from None
