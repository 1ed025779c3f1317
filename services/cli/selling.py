"""campaigns import, list, report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.errors import FAILED, UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.dataset import MarketInfo
    from services.ads.campaigns import CampaignStore
    from services.ads.report import CampaignReport

_SHOWN_REJECTS: Final = 50
_PAGE: Final = 1_000

campaigns = typer.Typer(
    help="Sponsored places: campaigns from a file, their list, an advertiser's report.", no_args_is_help=True
)

_Market = Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")]


@campaigns.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet with the columns of campaigns.")],
    market: Annotated[str | None, typer.Option(help="Market's key, for rows that name none.")] = None,
) -> None:
    """Put a file's campaigns into the home; the good rows go in, exit code 1 if any was rejected."""
    from services.access.roles import Role
    from services.ads.campaign_import import Outcome, import_campaigns
    from services.catalogue.store import CatalogueStore

    with _opened() as (engine, store):
        markets = [info.market for info in CatalogueStore(engine).markets()]
        if market is not None and market not in markets:
            raise UsageError(f"there is no market {market!r}; there are {', '.join(markets) or 'none'}")
        only = markets[0] if len(markets) == 1 else None
        result = import_campaigns(store, path, market or only, Role.ADMIN)
    for rejected in result.rejected[:_SHOWN_REJECTS]:
        typer.echo(rejected.line(), err=True)
    if len(result.rejected) > _SHOWN_REJECTS:
        typer.echo(f"… and {len(result.rejected) - _SHOWN_REJECTS:,} rows more", err=True)
    counts = [f"{result.outcomes[outcome]:,} {outcome}" for outcome in Outcome]
    typer.echo(f"{path}: {', '.join(counts)}, {len(result.rejected):,} rejected")
    if result.rejected:
        raise typer.Exit(FAILED)


@campaigns.command("list")
def list_(market: _Market = None) -> None:
    """All campaigns, by market and id; amounts are minor units of the market's currency."""
    from data.importers.rejects import shorten
    from services.catalogue.store import CatalogueStore

    layout = "{:<16} {:<20} {:<20} {:>9} {:<6} {:>12} {:>12}  {:<9} {}"
    typer.echo(layout.format("market", "campaign", "restaurant", "bid", "per", "a day", "in all", "state", "payer"))
    with _opened() as (engine, store):
        for info in CatalogueStore(engine).markets() if market is None else [market_of(engine, market)]:
            after: str | None = None
            while page := store.page(info.market, after, _PAGE):
                for stored in page:
                    it, state = stored.campaign, "open" if stored.closed_at is None else "closed"
                    ids = (it.market, it.campaign_id, it.restaurant_id)
                    budgets = (it.bid, it.billing, it.daily_budget, it.total_budget)
                    typer.echo(layout.format(*ids, *budgets, state, shorten(it.payer)))
                after = page[-1].campaign.campaign_id


@campaigns.command("report")
def report(
    campaign_id: Annotated[str, typer.Argument(metavar="ID")],
    market: _Market = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a line a day here.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole report here.")] = None,
) -> None:
    """What was sold to a campaign, what it cost, what came of it; by default the last four weeks."""
    from services.ads.report import AdReports, PeriodError, report_csv
    from services.clock import Clock

    with _opened() as (engine, store):
        info = market_of(engine, market)
        stored = store.get(info.market, campaign_id)
        if stored is None:
            raise UsageError(f"market {info.market} has no campaign {campaign_id!r}; `campaigns list` shows all")
        try:
            made = AdReports(engine, Clock()).report(stored, info, first and first.date(), last and last.date())
        except PeriodError as error:
            raise UsageError(str(error)) from None
    for line in _report_lines(made):
        typer.echo(line)
    if csv_file is not None:
        csv_file.write_text(report_csv(made), encoding="utf-8", newline="")
    if json_file is not None:
        json_file.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")


@contextmanager
def _opened() -> Iterator[tuple["Engine", "CampaignStore"]]:
    from services.ads.campaigns import CampaignStore
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.database.engine import migrate, open_database

    engine, clock = open_database(Settings().resolved_database_url), Clock()
    try:
        migrate(engine)
        yield engine, CampaignStore(engine, AuditTrail(engine, clock), clock)
    finally:
        engine.dispose()


def market_of(engine: "Engine", key: str | None) -> "MarketInfo":
    """The market named, retired or not, or the only one that is served. Raises UsageError."""
    from services.catalogue.store import CatalogueStore

    catalogue = CatalogueStore(engine)
    markets = {info.market: info for info in catalogue.markets(retired=key is not None)}
    if key is None and len(markets) == 1:
        return next(iter(markets.values()))
    if key not in markets:
        asked = "name one by --market" if key is None else f"there is no market {key!r}"
        raise UsageError(f"{asked}; there are {', '.join(markets) or 'none: `tablestakes train DIR` makes them'}")
    return markets[key]


def _report_lines(report: "CampaignReport") -> Iterator[str]:
    """The report for a terminal."""
    from data.importers.rejects import shorten

    yield (
        f"campaign {report.campaign_id} of {shorten(report.payer)} for {report.restaurant_id}, "
        f"{report.first_day} to {report.last_day}; amounts in minor units of {report.currency}"
    )
    layout = "{:<11}" + "{:>9}" * 4 + "{:>13}" * 3 + "{:>13}{:>8}"
    lost_to = ("lost: budget", "lost: floor", "lost: price")
    yield layout.format("", "sold", "viewed", "clicks", "orders", *lost_to, "net spend", "return")
    active = [day for day in report.days if day.impressions or day.auctions or day.spend.micro_units]
    for name, row in [*((day.day.isoformat(), day) for day in active), ("in all", report.totals)]:
        counts = (row.impressions, row.viewed, row.clicks, row.orders)
        lost = (row.lost_to_budget, row.lost_to_floor, row.lost_to_price)
        net = row.spend.minor_units - row.refunds.minor_units
        back = "-" if row.return_on_spend is None else f"{row.return_on_spend:.2f}"
        yield layout.format(name, *counts, *lost, f"{net:,.2f}", back)
    left = report.remaining
    yield f"left to spend: {left.today.minor_units:,.2f} today, {left.total.minor_units:,.2f} in all"
