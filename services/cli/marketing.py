"""market add, list, retire, reinstate, move, purge."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.errors import UsageError
from services.cli.progress import Progress
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.dataset import Dataset
    from services.markets.life import MarketLife
    from services.markets.moving import MarketMover

market = typer.Typer(
    help="A market's life: processes that serve follow within a refresh, without a restart.", no_args_is_help=True
)

_WRITTEN_SECONDS: Final = 5.0
"""Counts and served lists are written every two seconds at most."""
_Market = Annotated[str, typer.Argument(metavar="MARKET", help="The market's key.")]
_Reason = Annotated[str, typer.Option(help="For the audit trail.")]


_To = Annotated[Path, typer.Option(metavar="HOME", help="The other home, as its own processes see it.")]
_ToDatabase = Annotated[
    str,
    typer.Option(
        envvar="TABLESTAKES_TO_DATABASE_URL",
        show_envvar=True,
        help="The other home's database; empty: SQLite in that home. A password is safer in the environment.",
    ),
]


@market.command("list")
def list_() -> None:
    """All markets, retired ones too."""
    layout = "{:<20} {:<8} {:>11} {:>9}  {:<30} {}"
    typer.echo(layout.format("market", "state", "restaurants", "diners", "champion", "since (UTC)"))
    with _opened() as (_, life):
        for one in life.standing():
            since = "" if one.retired_at is None else f"{one.retired_at:%Y-%m-%d %H:%M}"
            since += f" to {one.moved_to}" if one.moved_to else ""
            sizes = (f"{one.restaurants:,}", f"{one.diners:,}")
            typer.echo(layout.format(one.info.market, one.state, *sizes, one.champion or "", since).rstrip())


@market.command()
def add(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The dataset: `generate` or `import` make one.")],
    market: Annotated[str | None, typer.Option(help="One of its markets only.")] = None,
    model: Annotated[str, typer.Option(help="A model of the ladder.")] = "lightfm",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    with_events: Annotated[bool, typer.Option(help="Its events into the log too: retraining learns from them.")] = True,
) -> None:
    """Bring markets in: catalogue, events and campaigns, and a first model each, which serves within a refresh.

    A market that was being added when something ended it is gone on with; one that is served already is refused.
    """
    from data.dataset import Dataset
    from data.quality import validate
    from services.retraining.training import train_markets

    settings, dataset = Settings(), Dataset.open(path)
    report = validate(dataset)
    if not report.ok:
        raise UsageError(f"{path} has {len(report.errors)} errors: `tablestakes validate {path}` lists them")
    chosen = [dataset.market(market).market] if market else [info.market for info in dataset.manifest.markets]
    with _opened() as (engine, life):
        _refuse_known(life, chosen)
        for name in chosen:
            with Progress("adding") as progress:
                trained = next(
                    train_markets(
                        settings,
                        dataset,
                        model,
                        market=name,
                        seed=seed,
                        before_release=lambda here: _take_history(engine, dataset, here, with_events, progress),
                        progress=progress.update,
                        passed_over=typer.echo,
                    )
                )
            typer.echo(f"{name}: {trained.version} serves")


@market.command()
def retire(market: _Market, reason: _Reason = "") -> None:
    """Serve a market no more; what is kept of it stays."""
    from services.access.roles import Role

    with _opened() as (_, life):
        done = life.retire(market, Role.ADMIN.value, reason)
    again = f"`tablestakes market reinstate {market}` serves it again"
    typer.echo(f"{market} is retired{'' if done else ' already'}: {again}")


@market.command()
def reinstate(market: _Market, reason: _Reason = "") -> None:
    """Serve a retired market again, as it was."""
    from services.access.roles import Role

    with _opened() as (_, life):
        done = life.reinstate(market, Role.ADMIN.value, reason)
    typer.echo(f"{market} is served again" if done else f"{market} is not retired")


@market.command()
def move(
    market: _Market,
    to: _To,
    at: Annotated[str, typer.Option(metavar="ADDRESS", help="Where clients find it then, as in https://east.example.")],
    to_database_url: _ToDatabase = "",
    grace: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="For all processes here to hear of it; else by their settings."),
    ] = None,
    reason: _Reason = "",
    undo: Annotated[bool, typer.Option("--undo", help="Instead: back to here, where it has not arrived yet.")] = False,
) -> None:
    """Move a market to another home, with all that is kept of it; neither side is restarted.

    From its first moment on it answers 410 here and says where it goes. Broken off, the same command goes on. What is
    kept here stays until `market purge` clears it away.
    """
    settings = Settings()
    patience = 2 * settings.refresh_seconds + _WRITTEN_SECONDS if grace is None else grace
    with _mover(market, to, to_database_url) as mover:
        if undo:
            mover.undo(reason)
            typer.echo(f"{market} is here as it was")
            return
        mover.move(at, reason, patience)
    typer.echo(f"{market} is served at {at}; `tablestakes market purge` clears away what is kept of it here")


@market.command()
def purge(market: _Market, to: _To, to_database_url: _ToDatabase = "", reason: _Reason = "") -> None:
    """Clear away what is kept here of a market that has moved; events that came late go to its new home first.

    The market's name, its records in the audit trail and the seals of its lists stay. There is no way back.
    """
    with _mover(market, to, to_database_url) as mover:
        removed = mover.purge(reason)
    typer.echo(f"{market}: {sum(removed.values()):,} rows are cleared away")


@contextmanager
def _mover(market: str, to: Path, database_url: str) -> Iterator["MarketMover"]:
    from services.access.roles import Role
    from services.clock import Clock
    from services.markets.homes import Home, opened
    from services.markets.moving import MarketMover

    there = Settings(home=to, database_url=database_url)
    with _opened() as (engine, _), opened(there) as target, Progress("moving") as progress:
        source = Home(Settings(), engine)

        def tell(what: str, done: int) -> None:
            progress.update(what, done, done)

        yield MarketMover(source, target, market, Role.ADMIN.value, Clock(), tell)


@contextmanager
def _opened() -> Iterator[tuple["Engine", "MarketLife"]]:
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.markets.life import MarketLife

    settings, clock = Settings(), Clock()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        yield engine, MarketLife(engine, AuditTrail(engine, clock), clock)
    finally:
        engine.dispose()


def _refuse_known(life: "MarketLife", chosen: list[str]) -> None:
    known = {one.info.market: one for one in life.standing()}
    for name in chosen:
        state = known[name].state if name in known else "waiting"
        if state == "served":
            raise UsageError(
                f"market {name!r} is there already: `tablestakes train` or `retrain` give it another model"
            )
        if state in ("moved", "arriving"):
            raise UsageError(f"market {name!r} is {state}: `tablestakes market list` says where it is")
        if state == "retired":
            raise UsageError(f"market {name!r} is retired: `tablestakes market reinstate {name}` serves it again")


def _take_history(engine: "Engine", dataset: "Dataset", market: str, with_events: bool, progress: Progress) -> None:
    """What the dataset has beside the catalogue; the same again adds nothing."""
    from data.columns import Table
    from services.access.roles import Role
    from services.ads.campaign_import import import_campaigns
    from services.ads.campaigns import CampaignStore
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.events.importing import import_events

    if with_events and dataset.manifest.has_times:
        import_events(engine, dataset, market, progress.update)
    store = CampaignStore(engine, AuditTrail(engine, Clock()), Clock())
    if dataset.has(Table.CAMPAIGNS) and not store.version(market):
        import_campaigns(store, dataset.file(Table.CAMPAIGNS), market, Role.ADMIN, only=True)
