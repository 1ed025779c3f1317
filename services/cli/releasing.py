"""releases list, promote, canary, shadow, rollback, withdraw, reject; freeze show, set, lift."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.errors import FAILED, UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from services.clock import Clock
    from services.releases.freeze import FreezeStore
    from services.releases.minutes import ServingMinutes
    from services.releases.states import Move
    from services.releases.store import ReleaseStore

releases = typer.Typer(help="Model versions: champion, canary, shadow, and those that wait.", no_args_is_help=True)
freeze = typer.Typer(help="Hold releases off, and see what that costs.", no_args_is_help=True)

_Market = Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")]
_Version = Annotated[str, typer.Argument(metavar="VERSION")]
_Reason = Annotated[str, typer.Option(help="For the audit trail.")]
_Share = Annotated[float, typer.Option(min=0.0001, max=1.0, help="Of the diners, or of the lists of a shadow.")]
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@releases.command("list")
def list_(market: _Market = None) -> None:
    """All versions of a market, newest first."""
    from services.releases.overview import ndcg_of

    layout = "{:<30} {:<12} {:>6} {:>8}  {:<17} {}"
    with _opened(market) as opened:
        typer.echo(layout.format("version", "state", "share", "nDCG@10", "since (UTC)", "reason"))
        for release in opened.releases.releases(opened.market):
            ndcg = ndcg_of(release.version)
            share = f"{release.share:.1%}" if release.share else ""
            measured = "" if ndcg is None else f"{ndcg:.4f}"
            since = f"{release.since:%Y-%m-%d %H:%M}"
            typer.echo(
                layout.format(release.version.version, release.state, share, measured, since, release.reason).rstrip()
            )


@releases.command()
def promote(version: _Version, market: _Market = None, reason: _Reason = "") -> None:
    """Make a version the champion; processes that serve follow within a second."""
    _move(version, market, lambda moves: moves.PROMOTE, reason)


@releases.command()
def canary(version: _Version, share: _Share = 0.1, market: _Market = None, reason: _Reason = "") -> None:
    """Show a version to a share of the diners."""
    _move(version, market, lambda moves: moves.CANARY, reason, share)


@releases.command()
def shadow(version: _Version, share: _Share = 0.1, market: _Market = None, reason: _Reason = "") -> None:
    """Let a version rank a share of the lists without showing them."""
    _move(version, market, lambda moves: moves.SHADOW, reason, share)


@releases.command()
def rollback(version: _Version, market: _Market = None, reason: _Reason = "") -> None:
    """Go back to a version that was champion; naming the champion ends a trial."""
    _move(version, market, lambda moves: moves.ROLLBACK, reason)


@releases.command()
def withdraw(version: _Version, market: _Market = None, reason: _Reason = "") -> None:
    """End a trial without blame."""
    _move(version, market, lambda moves: moves.WITHDRAW, reason)


@releases.command()
def reject(version: _Version, market: _Market = None, reason: _Reason = "") -> None:
    """Rule a version out for good."""
    _move(version, market, lambda moves: moves.REJECT, reason)


@freeze.command("show")
def show(market: _Market = None) -> None:
    """Whether a market is frozen, what waits, what that costs, and what is left of the error budget."""
    with _opened(market) as opened:
        for line in _freeze_lines(opened):
            typer.echo(line)


@freeze.command("set")
def set_(
    reason: Annotated[str, typer.Argument(help="Why.")],
    lasts: Annotated[str, typer.Option("--for", help="How long: 90m, 12h, 3d.")] = "1d",
    market: _Market = None,
) -> None:
    """Freeze a market: nothing is promoted or tried until the time is over or the freeze is lifted."""
    from services.access.roles import Role

    with _opened(market) as opened:
        until = opened.clock.now() + _duration(lasts)
        opened.freezes.freeze(opened.market, reason, until, Role.ADMIN.value)
        typer.echo(f"{opened.market} is frozen until {until:%Y-%m-%d %H:%M} UTC")


@freeze.command("lift")
def lift(market: _Market = None) -> None:
    """Lift what is frozen by hand or for the error budget; exit code 1 where the calendar still freezes."""
    from services.access.roles import Role

    with _opened(market) as opened:
        left = opened.freezes.lift(opened.market, Role.ADMIN.value)
    typer.echo(f"{opened.market}: {'; '.join(map(str, left)) or 'not frozen'}")
    if left:
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class _Opened:
    market: str
    clock: "Clock"
    releases: "ReleaseStore"
    freezes: "FreezeStore"
    minutes: "ServingMinutes"


@contextmanager
def _opened(market: str | None) -> Iterator[_Opened]:
    from services.audit.trail import AuditTrail
    from services.cli.selling import market_of
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.releases.freeze import FreezeStore
    from services.releases.minutes import ServingMinutes
    from services.releases.store import ReleaseStore

    engine, clock = open_database(Settings().resolved_database_url), Clock()
    trail = AuditTrail(engine, clock)
    try:
        migrate(engine)
        stores = ReleaseStore(engine, trail, clock), FreezeStore(engine, trail, clock), ServingMinutes(engine, clock)
        yield _Opened(market_of(engine, market).market, clock, *stores)
    finally:
        engine.dispose()


def _move(
    version: str, market: str | None, choose: Callable[["type[Move]"], "Move"], reason: str, share: float = 0.0
) -> None:
    from services.access.roles import Role
    from services.releases.states import Move

    with _opened(market) as opened:
        release = opened.releases.move(
            opened.market, version, choose(Move), role=Role.ADMIN.value, reason=reason, share=share
        )
    typer.echo(f"{opened.market}: {version} is {release.state}{f', {release.share:.1%}' if release.share else ''}")


def _freeze_lines(opened: _Opened) -> Iterator[str]:
    from services.releases.overview import price_of, queue_of

    freezes = opened.freezes.active(opened.market)
    listed = opened.releases.releases(opened.market)
    price, budget = price_of(listed, opened.clock.now()), opened.minutes.budget(opened.market, Settings().objectives)
    yield f"{opened.market}: {'frozen, ' + '; '.join(map(str, freezes)) if freezes else 'not frozen'}"
    yield f"waiting: {', '.join(release.version.version for release in queue_of(listed)) or 'nothing'}"
    if price.staleness_days is not None:
        lost = "" if price.ndcg_lost is None else f"; nDCG@10 {price.ndcg_lost:.4f} below {price.best_queued}"
        yield f"the champion is {price.staleness_days:.1f} days old{lost}"
    yield (
        f"error budget: {budget.left:.0%} left; {budget.errors:,} of {budget.requests:,} lists failed, "
        f"{budget.slow:,} were slow, in {budget.objectives.window_days} days"
    )


def _duration(text: str) -> timedelta:
    """90m, 12h or 3d.

    >>> _duration("90m")
    datetime.timedelta(seconds=5400)
    """
    unit = _UNITS.get(text[-1:])
    if unit is None or not text[:-1].isdigit() or not 0 < int(text[:-1]) <= 100_000:
        raise UsageError(f"--for {text}: write 90m, 12h or 3d")
    return timedelta(**{unit: int(text[:-1])})
