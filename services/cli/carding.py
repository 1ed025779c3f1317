"""card, ranking-policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from models.cards.forms import Form
from services.cli.errors import UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy import Engine

    from models.cards.page import Page
    from services.cards.store import Cards


_BY_SUFFIX: Final = {".json": Form.JSON, ".md": Form.MARKDOWN, ".html": Form.HTML, ".htm": Form.HTML}
_Market = Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")]
_Form = Annotated[Form | None, typer.Option("--format", help="By default what the file's name ends in, else Markdown.")]
_Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here instead of to the terminal.")]


def card(
    version: Annotated[str | None, typer.Argument(metavar="VERSION", help="By default the market's champion.")] = None,
    market: _Market = None,
    form: _Form = None,
    out: _Out = None,
) -> None:
    """A version's model card: what it is, how well it does and where it does not, what changed."""
    from models.cards.model_page import model_page
    from services.cards.store import CardError
    from services.cli.selling import market_of

    with _opened() as (engine, cards):
        try:
            named = cards.market_of(version) if version and market is None else market_of(engine, market).market
            made = cards.model_card(named, version)
        except CardError as error:
            raise UsageError(str(error)) from None
    _give(made, model_page(made), form, out)


def ranking_policy(market: _Market = None, form: _Form = None, out: _Out = None) -> None:
    """How a market's restaurants are ranked, in plain words: for diners and for restaurants."""
    from services.cards.ranking_page import ranking_page
    from services.cards.store import CardError
    from services.cli.selling import market_of

    with _opened() as (engine, cards):
        try:
            made = cards.ranking_policy(market_of(engine, market).market)
        except CardError as error:
            raise UsageError(str(error)) from None
    _give(made, ranking_page(made), form, out)


@contextmanager
def _opened() -> Iterator[tuple["Engine", "Cards"]]:
    from services.cards.store import Cards
    from services.clock import Clock
    from services.database.engine import migrate, open_database

    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        yield engine, Cards(engine, Clock())
    finally:
        engine.dispose()


def _give(document: "BaseModel", page: "Page", form: Form | None, out: Path | None) -> None:
    from models.cards.render import written

    chosen = form or (_BY_SUFFIX.get(out.suffix.lower(), Form.MARKDOWN) if out else Form.MARKDOWN)
    text = written(document, lambda: page, chosen)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from None
    typer.echo(f"{out}: {chosen}")
