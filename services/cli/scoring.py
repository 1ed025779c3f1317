"""scorecard."""

from pathlib import Path
from typing import Annotated

import typer

from services.settings import Settings


def scorecard(
    market: Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")] = None,
    days: Annotated[int, typer.Option(min=1, max=28, help="So many days, beside as many before them.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to this file.")] = None,
) -> None:
    """Every seat's numbers over the last days, with intervals, targets and trends."""
    import orjson

    from services.cli.selling import market_of
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.stakeholders.scorecard.card import document, text_lines
    from services.stakeholders.scorecard.store import Scorecards

    settings = Settings()
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        named = market_of(engine, market).market
        card = Scorecards(engine, Clock(), settings.objectives).fresh(named, days)
    finally:
        engine.dispose()
    for line in text_lines(card):
        typer.echo(line)
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(document(card), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
