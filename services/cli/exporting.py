"""export-table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.errors import UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.dataset import MarketInfo


def export_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HTML; it is written anew.")],
    market: Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")] = None,
    days: Annotated[int, typer.Option(min=1, max=28, help="Of the scorecard.")] = 7,
) -> None:
    """The table as one HTML file that works without a server: place cards, levers with the front, the settlement.

    The settlement is what the seats would come to by their stored demands now; nothing of it is kept.
    """
    from services.cli.selling import market_of
    from services.console.exported import exported_page
    from services.database.engine import migrate, open_database
    from services.stakeholders.fronts import FrontError
    from services.stakeholders.negotiation.demand import DemandError

    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        page = exported_page(_shown(engine, market_of(engine, market), days))
    except FrontError as error:
        raise UsageError(str(error)) from None
    except DemandError as error:
        raise UsageError(f"a stored demand: {error}") from None
    finally:
        engine.dispose()
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: it cannot be written: {error.strerror}") from None
    typer.echo(f"{file}: {len(page) / 1000:,.0f} kB, opens without a server")


def _shown(engine: "Engine", info: "MarketInfo", days: int) -> dict[str, Any]:
    """What the page shows, in the forms of the API."""
    from services.api.front_schemas import FrontBody
    from services.api.scorecard_schemas import ScorecardBody, SeatBody
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.stakeholders.demands import DemandStore
    from services.stakeholders.fronts import FrontStore
    from services.stakeholders.negotiation.negotiate import negotiate
    from services.stakeholders.policies import PolicyStore
    from services.stakeholders.scorecard.card import document
    from services.stakeholders.scorecard.store import Scorecards
    from services.stakeholders.seats import SEATS

    clock = Clock()
    trail = AuditTrail(engine, clock)
    front = FrontStore(engine, trail).get(info.market)
    demands = DemandStore(engine, trail, clock).of(info.market)
    result = negotiate(front, {seat: stored.demand for seat, stored in demands.items()}, currency=info.currency)
    card = Scorecards(engine, clock, Settings().objectives).fresh(info.market, days)
    _, active = PolicyStore(engine, trail, clock).of(info.market)
    return {
        "market": {"market": info.market, "title": info.title, "currency": info.currency},
        "exported_at": clock.now(),
        "policy": active,
        "seats": [SeatBody.of(seat).model_dump(mode="json") for seat in SEATS],
        "scorecard": ScorecardBody.model_validate(document(card)).model_dump(mode="json"),
        "front": FrontBody.of(info.market, front, clock.now()).model_dump(mode="json"),
        "result": result.model_dump(mode="json"),
    }
