"""retrain."""

import contextlib
import gc
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.child import be_a_child
from services.cli.engines import EngineAddress, EngineName, MarketJobs
from services.cli.errors import FAILED, UsageError
from services.cli.progress import Progress
from services.settings import Settings, duration

if TYPE_CHECKING:
    from services.fan_out import Engine
    from services.retraining.job import RetrainingJob
    from services.retraining.runs import Run


def retrain(
    once: Annotated[bool, typer.Option("--once", help="One run of each market, then end: the default.")] = False,
    every: Annotated[str | None, typer.Option(metavar="DURATION", help="Again and again, as in 1h or 1d.")] = None,
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Models of the ladder, as often as needed.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 0,
    jobs: MarketJobs = None,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    queued: Annotated[bool, typer.Option("--queued", hidden=True)] = False,
) -> None:
    """Learn anew from the home's own events, measure against the champion, and register what passes the gates.

    Exit code 0: each market has a new challenger, or one that was known; 1: the data or the gates were against it.
    """
    if once and every:
        raise UsageError("--once or --every, not both")
    period = None if every is None else _period(every)
    if queued:
        be_a_child()
    with _job(Settings(), queued, _workers(jobs, engine, engine_address)) as job:
        if queued:
            job.work()
            return
        while True:
            well = _round(job, market, model or Settings().retrain_models, seed)
            if period is None:
                if not well:
                    raise typer.Exit(FAILED)
                return
            time.sleep(period)


def _period(every: str) -> float:
    try:
        return duration(every).total_seconds()
    except ValueError as error:
        raise UsageError(f"--every: {error}") from None


def _workers(jobs: int | None, engine: str | None, address: str | None) -> "Engine | None":
    """None: this process does it all."""
    from services.fan_out import LOCAL
    from services.fan_out.options import chosen

    found = chosen(jobs, engine, address)
    return None if (found.name, found.jobs) == (LOCAL, 1) else found


@contextlib.contextmanager
def _job(settings: Settings, queued: bool, workers: "Engine | None") -> Any:
    """The job over the home's database, with progress on the terminal."""
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.monitoring.logs import configure_logs
    from services.retraining.job import RetrainingJob
    from services.retraining.tracking import tracking_at

    if queued:
        configure_logs(settings.log_level, settings.log_json)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_database(settings.resolved_database_url)
    # Millions of rows come and go without a cycle among them.
    gc.set_threshold(200_000, 20, 20)
    try:
        migrate(engine)
        with Progress("retraining") as progress:
            tracking = tracking_at(settings.mlflow_uri)
            yield RetrainingJob(engine, settings, Clock(), tracking=tracking, progress=progress.update, workers=workers)
    finally:
        engine.dispose()


def _round(job: "RetrainingJob", market: str | None, models: Sequence[str], seed: int) -> bool:
    """One run of each market; whether all ended with a version that passed."""
    from models.ladder import rung
    from services.access.roles import Role
    from services.retraining.runs import RunUnderWay

    for name in models:
        rung(name)
    markets = _markets(job, market)
    busy = "another process retrains now: GET /v1/retraining/runs shows what it does"
    if job.work() is None:  # what is queued comes first
        typer.echo(busy)
        return False
    try:
        asked = [job.runs.request(name, models, seed, Role.ADMIN.value) for name in markets]
    except RunUnderWay as error:
        typer.echo(f"somebody else was quicker: {error}")
        return False
    over = {run.run_id: run for run in job.work() or []}
    if any(run.run_id not in over for run in asked):
        typer.echo(busy)
    told = [_told(job, over[run.run_id]) for run in asked if run.run_id in over]
    return all(told) and len(told) == len(asked)


def _markets(job: "RetrainingJob", market: str | None) -> list[str]:
    known = job.markets()
    if market is not None and market not in known:
        raise UsageError(f"the home has no market {market!r}; it has {', '.join(known) or 'none'}")
    if not known:
        raise UsageError("the home has no market: `tablestakes train DIR` or `tablestakes events import DIR` adds one")
    return [market] if market else known


def _told(job: "RetrainingJob", run: "Run") -> bool:
    """Print what became of a run."""
    if run.reasons:
        typer.echo(f"{run.market}: run {run.run_id} {run.state}")
        for reason in run.reasons:
            typer.echo(f"  {reason}")
        return False
    steps = {name: record.document for name, record in job.runs.steps(run).items()}
    typer.echo(f"{run.market}: run {run.run_id}, compared {steps['evaluate']['compared']}")
    for model, registered in steps["register"].items():
        figure = steps["evaluate"]["members"][model]["ndcg@10"]
        gain = (steps["evaluate"]["against_champion"][model] or {}).get("ndcg@10")
        beside = "" if gain is None else f", {_shown(gain, '+')} against the champion"
        typer.echo(f"  {registered['version']} ({registered['outcome']}): ndcg@10 {_shown(figure)}{beside}")
        for reason in steps["gates"][model]["reasons"]:
            typer.echo(f"    stopped: {reason}")
    return any(said["passed"] for said in steps["gates"].values())


def _shown(figure: dict[str, float], sign: str = "") -> str:
    return f"{figure['value']:{sign}.4f} [{figure['low']:{sign}.4f}, {figure['high']:{sign}.4f}]"
