"""negotiate."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.engines import EngineAddress, EngineName, Jobs
from services.cli.errors import FAILED, UsageError
from services.cli.progress import Progress
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.dataset import Manifest
    from services.fan_out import Engine as WorkEngine
    from services.simulation.front import Evaluation
    from services.stakeholders.negotiation.demand import Demand
    from services.stakeholders.negotiation.front import Front
    from services.stakeholders.negotiation.result import Choice, Result
    from services.stakeholders.policy import Policy
    from services.stakeholders.seats import Seat


def negotiate(
    demands: Annotated[
        Path | None, typer.Option(help='JSON by seat: {"sales": {"limits": [{"measure": …, "at_least": …}]}}.')
    ] = None,
    front: Annotated[Path | None, typer.Option(help="Bargain over this front instead of evaluating one.")] = None,
    market: Annotated[str | None, typer.Option(help="Start from its policy, and keep the front for it.")] = None,
    data: Annotated[Path | None, typer.Option(help="A synthetic city: sizes, days and seed are taken from it.")] = None,
    restaurants: Annotated[int, typer.Option(min=20, max=20_000)] = 300,
    diners: Annotated[int, typer.Option(min=20, max=500_000)] = 2_000,
    policies: Annotated[int, typer.Option(min=1, help="Tried for --days.")] = 96,
    refined: Annotated[int, typer.Option(min=0, help="Tried besides, near the best of these.")] = 32,
    days: Annotated[int, typer.Option(min=1, max=3_650)] = 28,
    warm_days: Annotated[int, typer.Option(min=7, max=3_650, help="Days of log that the model learns from.")] = 28,
    finalists: Annotated[int, typer.Option(min=0, max=64, help="Followed for --long-days.")] = 12,
    polished: Annotated[int, typer.Option(min=0, help="Followed as long, close to what they settle on.")] = 6,
    long_days: Annotated[int, typer.Option(min=1, max=3_650)] = 182,
    seed: Annotated[int, typer.Option(min=0, help="Of the city and of the design.")] = 1,
    cities: Annotated[int, typer.Option(min=1, max=100, help="Of the seeds from --seed on.")] = 1,
    models: Annotated[
        str, typer.Option(help="Of the ladder, with commas; the active one first.")
    ] = "lightfm,lightfm+lambdamart",
    jobs: Jobs = 2,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
) -> None:
    """Find the policy that everybody can sign, and what more for one costs another; or who blocks whom (exit code 1).

    Policies are tried on an invented city. Evaluating them takes minutes and is kept in the home; bargaining over them
    is done at once. With --market and without --demands it is by what the seats have stored there.
    """
    from services.fan_out.options import chosen
    from services.simulation.front import Evaluation
    from services.stakeholders.negotiation.demand import DemandError
    from services.stakeholders.negotiation.negotiate import negotiate as settle
    from services.stakeholders.policy import Policy

    wanted = {} if demands is None else _demands(demands)
    if front is not None:
        found = _front(front)
    else:
        names = _models(models)
        manifest = None if data is None else _synthetic(data)
        sizes: dict[str, Any] = {"restaurants": restaurants, "diners": diners, "seed": seed}
        if manifest is not None:
            sizes = {name: manifest.parameters[name] for name in sizes}
            warm_days = int(manifest.parameters["days"])
        active = Policy() if market is None else _active(market)
        if active.model:
            names = (active.model, *(name for name in names if name != active.model))
        evaluation = Evaluation(
            active=active,
            models=names,
            policies=policies,
            refined=refined,
            warm_days=warm_days,
            days=days,
            finalists=finalists,
            polished=polished,
            long_days=long_days,
            cities=cities,
            **sizes,
        )
        found = _evaluated(
            evaluation, chosen(jobs, engine, engine_address), assumed=market is not None and manifest is None
        )
    currency = None if market is None else _currency(market)
    if market is not None:
        _keep(market, found)
        if demands is None:
            wanted = _stored(market)
            typer.echo(f"by the demands that are stored in {market}: {', '.join(wanted) or 'there are none'}\n")
    try:
        result = settle(found, wanted, currency=currency)
    except DemandError as error:
        where = f"a demand that is stored in {market}" if demands is None else f"--demands {demands}"
        raise UsageError(f"{where}: {error}") from None
    for line in _lines(found, result, currency):
        typer.echo(line)
    if json_file is not None:
        about = {"front_id": found.front_id, "created_at": found.created_at.isoformat(), "assumed": found.assumed}
        document = {**result.model_dump(mode="json"), **about, "provenance": found.provenance}
        json_file.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    if result.infeasible is not None:
        raise typer.Exit(FAILED)


def _demands(path: Path) -> "dict[str, Demand]":
    from services.stakeholders.negotiation.demand import DemandError, demands_of

    try:
        return demands_of(_json("--demands", path))
    except DemandError as error:
        raise UsageError(f"--demands {path}: {error}") from None


def _stored(market: str) -> "dict[str, Demand]":
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.stakeholders.demands import DemandStore

    with _opened(market) as (engine, name):
        clock = Clock()
        stored = DemandStore(engine, AuditTrail(engine, clock), clock).of(name)
    return {seat: one.demand for seat, one in stored.items()}


def _currency(market: str) -> str | None:
    from services.stakeholders.negotiations import currency_of

    with _opened(market) as (engine, name):
        return currency_of(engine, name)


def _front(path: Path) -> "Front":
    from pydantic import ValidationError

    from services.stakeholders.negotiation.front import Front

    document = _json("--front", path)
    try:
        return Front.model_validate_json(json.dumps(document))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in fault["loc"]) or "the document"
        raise UsageError(f"--front {path}: {where}: {fault['msg']}; leave --front out to evaluate one") from None


def _json(option: str, path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{option} {path}: it cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{option} {path}: it is no JSON: {error}") from None


def _models(text: str) -> tuple[str, ...]:
    """Checked before the city is made, not after."""
    from models.ladder import make

    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        make(name)
    if len(set(names)) < len(names):
        raise UsageError(f"--models {text}: name each model once")
    return names


def _synthetic(path: Path) -> "Manifest":
    from data.dataset import Dataset

    manifest = Dataset.open(path).manifest
    if manifest.source != "synthetic":
        raise UsageError(
            f"--data {path}: it was imported ({manifest.source}): nobody knows what its diners would have done with "
            "other lists. Leave --data out to negotiate over an invented city; the result says that it is assumed"
        )
    if len(manifest.markets) > 1:
        raise UsageError(
            f"--data {path}: it has {len(manifest.markets)} markets: `generate --markets 1` makes one of its own"
        )
    return manifest


def _active(market: str) -> "Policy":
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.stakeholders.policies import PolicyStore

    with _opened(market) as (engine, name):
        clock = Clock()
        found, active = PolicyStore(engine, AuditTrail(engine, clock), clock).of(name)
        return found[active]


def _keep(market: str, front: "Front") -> None:
    from services.access.roles import Role
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.stakeholders.fronts import FrontStore

    with _opened(market) as (engine, name):
        FrontStore(engine, AuditTrail(engine, Clock(), via="cli")).put(name, front, Role.ADMIN.value)
    typer.echo(f"front {front.front_id} is kept for {market}", err=True)


def _evaluated(evaluation: "Evaluation", engine: "WorkEngine", assumed: bool) -> "Front":
    from services.clock import Clock
    from services.simulation.front import evaluate
    from services.stakeholders.negotiation.design import DesignError

    folder = Settings().home / "fronts"
    with Progress("negotiating") as progress:
        try:
            return evaluate(evaluation, folder, engine, progress.update, Clock().now, assumed)
        except DesignError as error:
            raise UsageError(f"--policies: {error}") from None


@contextmanager
def _opened(market: str) -> "Iterator[tuple[Engine, str]]":
    """The home's database, and the market's key; raises UsageError where there is no such market."""
    from services.cli.selling import market_of
    from services.database.engine import migrate, open_database

    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        yield engine, market_of(engine, market).market
    finally:
        engine.dispose()


def _lines(front: "Front", result: "Result", currency: str | None) -> Iterator[str]:
    from services.stakeholders.seats import signing

    basis = result.basis
    yield (
        f"{basis.policies} policies over {basis.days} days, {basis.feasible} meet all limits, {basis.undominated} of "
        f"those are undominated; front {front.front_id}{', assumed' if front.assumed else ''}"
    )
    yield ""
    yield from _table(result, [seat for seat in signing() if seat.name in result.ideal], currency)
    yield ""
    yield from result.words
    if result.settlement is not None:
        yield ""
        yield f"settlement: {_dials(result.settlement)}"
    for note in result.notes:
        yield f"note: {note}"


def _table(result: "Result", seats: "list[Seat]", currency: str | None) -> Iterator[str]:
    """Seats by whose way it goes: what they get, and what share that is of what they could hope for."""
    from services.stakeholders.negotiation.words import amount

    columns = [("settlement", result.settlement), ("Nash", result.nash), ("today", result.active)]
    shown = [(title, choice) for title, choice in columns if choice is not None]
    yield f"{'':<18}{'':<38}{'favourite':>14}{'at worst':>14}" + "".join(f"{title:>20}" for title, _ in shown)
    for seat in seats:
        line = f"{seat.title:<18}{seat.number.title:<38}"
        for number in (result.ideal[seat.name], result.disagreement[seat.name]):
            line += f"{amount(seat.number, number, currency):>14}"
        for _, choice in shown:
            value, share = choice.outcomes[seat.number.key].value, choice.shares[seat.name]
            cell = "-" if value is None else amount(seat.number, value, currency)
            line += f"{cell + (' (-)' if share is None else f' ({share:.0%})'):>20}"
        yield line


def _dials(choice: "Choice") -> str:
    """A policy in a line: its name, model, and what differs from the default."""
    from services.stakeholders.policy import Policy

    default, changed = Policy(), []
    for name, value in choice.policy.model_dump(mode="json").items():
        usual = default.model_dump(mode="json")[name]
        if isinstance(value, dict):
            changed += [f"{name}.{part}={one}" for part, one in value.items() if one != usual[part]]
        elif value != usual and name not in ("name", "version"):
            changed.append(f"{name}={value}")
    return f"{choice.policy.name} with {choice.model}; {', '.join(changed) or 'the default dials'}"
