"""simulate."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from services.cli.engines import EngineAddress, EngineName, Jobs
from services.cli.errors import UsageError
from services.cli.progress import Progress

if TYPE_CHECKING:
    from services.stakeholders.policy import Policy

_Column = tuple[str, str, str]
"""Key, heading, form."""

_DEFAULT = "balanced"
_COLUMNS: tuple[_Column, ...] = (
    ("orders_per_1000", "orders/1000", "{:.0f}"),
    ("fee_revenue_per_1000", "fees/1000", "{:,.0f}"),
    ("clicks_per_1000", "clicks/1000", "{:,.0f}"),
    ("ndcg@10", "nDCG@10", "{:.3f}"),
    ("ads_per_list", "ads/list", "{:.2f}"),
    ("advertiser_return", "ad return", "{:.1f}"),
    ("requests_per_diner_week", "visits/diner/week", "{:.2f}"),
)
"""Of the table; all figures are in the JSON."""
_CURVE = _COLUMNS[:2] + _COLUMNS[3:5]
_STILL = "Nothing follows from the lists but orders: nobody stays away, waits, closes or bids otherwise."


def simulate(
    policy: Annotated[
        list[str] | None,
        typer.Option(help="NAME, NAME:ads.money=0.004,ads.cap=2 or a policy as a JSON file; as often as needed."),
    ] = None,
    exchange: Annotated[
        bool,
        typer.Option("--exchange", help="Instead, one policy over a range of ads.money: what fees cost in orders."),
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="Days under each policy.")] = 7,
    seeds: Annotated[int, typer.Option(min=2, max=1_000, help="Cities; intervals are over them.")] = 5,
    restaurants: Annotated[int, typer.Option(min=20, max=20_000)] = 300,
    diners: Annotated[int, typer.Option(min=20, max=500_000)] = 2_000,
    warm_days: Annotated[int, typer.Option(min=7, max=3_650, help="Days of log that the model learns from.")] = 14,
    model: Annotated[str, typer.Option(help="A model of the ladder.")] = "lightfm",
    pacing: Annotated[str, typer.Option(help="none or dual.")] = "dual",
    choice: Annotated[str, typer.Option(help="How diners choose: nested, multinomial or cascade.")] = "nested",
    still: Annotated[bool, typer.Option("--still", help=_STILL)] = False,
    retrain_days: Annotated[
        int, typer.Option(min=0, help="Learn anew from the policy's own lists every so many days; 0: never.")
    ] = 0,
    minutes: Annotated[
        int, typer.Option(min=1, max=60, help="Of requests that are ranked together; a divisor of 60.")
    ] = 10,
    judge_every: Annotated[int, typer.Option(min=1, help="Of so many lists one is judged by the truth.")] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="Cities have the seeds from this one on.")] = 1,
    jobs: Jobs = 2,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    figure: Annotated[Path | None, typer.Option(help="With --exchange: draw the curve into this SVG.")] = None,
) -> None:
    """Let invented diners live with policies, in the same cities with the same luck, and compare what comes of it."""
    from data.city.parameters import ChoiceModel
    from services.fan_out.options import chosen
    from services.simulation.closed_loop import report as report_of
    from services.simulation.closed_loop import simulate as run
    from services.simulation.exchange import exchange as exchange_of
    from services.simulation.exchange import sweep
    from services.simulation.plan import STILL, Plan, World
    from services.simulation.wallets import Pacing

    policies = tuple(policy_of(text) for text in policy or [_DEFAULT])
    _check_word("--pacing", pacing, tuple(Pacing))
    _check_word("--choice", choice, tuple(ChoiceModel))
    if 60 % minutes:
        raise UsageError(f"--minutes {minutes}: give a divisor of 60")
    if exchange:
        if len(policies) > 1:
            raise UsageError("--exchange sweeps one policy: give --policy once")
        policies = sweep(policies[0])
    _check_figure(figure, exchange)
    names = [one.name for one in policies]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--policy {twice} is given twice: give each a name of its own, as in {twice}-2:ads.money=0")
    for name in dict.fromkeys([model, *(one.model for one in policies if one.model)]):
        _check_model(name)
    plan = Plan(
        policies,
        restaurants,
        diners,
        warm_days,
        days,
        model,
        Pacing(pacing),
        world=replace(STILL if still else World(), choice=ChoiceModel(choice)),
        retrain_days=retrain_days,
        minutes=minutes,
        judge_every=judge_every,
    )
    with Progress("simulating") as progress:
        runs = run(plan, range(first_seed, first_seed + seeds), chosen(jobs, engine, engine_address), progress.update)
    result = report_of(plan, runs)
    if exchange:
        result["exchange"] = exchange_of(plan, runs)
    for line in _curve_lines(result) if exchange else _policy_lines(result):
        typer.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n")
    if figure is not None:
        from services.simulation.figures import draw_exchange

        draw_exchange(result["exchange"], figure, _about(result))


def policy_of(text: str) -> "Policy":
    """A policy from NAME, NAME:key=value,… (dials of the default policy changed) or the path of a JSON document.

    Raises UsageError that names the bad key and its mend.
    """
    from services.stakeholders.policy import Policy

    name, colon, changes = text.partition(":")
    if not colon and (text.endswith(".json") or Path(text).is_file()):
        document = _read(Path(text))
    else:
        document = {"name": name}
        for change in changes.split(",") if colon else []:
            _change(document, change, text)
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the document"
        known = f"; there are {', '.join(_dials())}" if fault["type"] == "extra_forbidden" else ""
        raise UsageError(f"--policy {text}: {where}: {fault['msg']}{known}") from None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"--policy {path}: it cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"--policy {path}: it is no JSON: {error}") from None


def _change(document: dict[str, Any], change: str, text: str) -> None:
    """Put one key=value into the document; a value is JSON where it can be read as such, else text."""
    key, equals, value = change.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise UsageError(f"--policy {text}: {change!r} is no key=value, such as ads.money=0.004")
    part = document
    for step in path[:-1]:
        part = part.setdefault(step, {})
        if not isinstance(part, dict):
            raise UsageError(f"--policy {text}: {step} has a value and parts")
    try:
        part[path[-1]] = json.loads(value)
    except ValueError:
        part[path[-1]] = value


def _dials() -> list[str]:
    from services.stakeholders.differences import dials_of
    from services.stakeholders.policy import Policy

    return [dial for dial, _ in dials_of(Policy())]


def _check_figure(figure: Path | None, exchange: bool) -> None:
    from services.simulation.figures import FigureError, check_figure

    if figure is None:
        return
    if not exchange:
        raise UsageError("--figure draws the curve of --exchange: give both")
    try:
        check_figure(figure)
    except FigureError as error:
        raise UsageError(f"--figure {error}") from None


def _check_word(option: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise UsageError(f"{option} {word}: write {' or '.join(known)}")


def _check_model(model: str) -> None:
    """Before the cities are made, not after."""
    from models.ladder import make

    make(model)


def _policy_lines(result: dict[str, Any]) -> Iterator[str]:
    yield _about(result)
    yield ""
    yield from _table("policy", [(name, figures) for name, figures in result["policies"].items()], _COLUMNS)
    if result["differences"]:
        first = next(iter(result["policies"]))
        yield ""
        yield from _table(f"less {first}", list(result["differences"].items()), _COLUMNS)
    yield ""
    yield _speed(result)


def _curve_lines(result: dict[str, Any]) -> Iterator[str]:
    curve = result["exchange"]
    yield _about(result)
    yield ""
    step = f"{curve['fee_step']:g} more of fees cost"
    columns = (*_CURVE, ("average", "orders, from 0", "{:.2f}"), ("marginal", "from the last", "{:.2f}"))
    yield from _table("ads.money", [(f"{point['money']:g}", point) for point in curve["points"]], columns)
    yield ""
    yield f"{step} so many orders: from no ads to here, and from the row above to here (both per 1,000 requests)"
    yield _speed(result)


def _table(
    title: str, rows: list[tuple[str, dict[str, Any]]], columns: tuple[tuple[str, str, str], ...]
) -> Iterator[str]:
    width = max(len(title), *(len(name) for name, _ in rows)) + 2
    yield f"{title:<{width}}" + "".join(f"{heading:>24}" for _, heading, _ in columns)
    for name, figures in rows:
        cells = (_interval(figures.get(figure), form) for figure, _, form in columns)
        yield f"{name:<{width}}" + "".join(f"{cell:>24}" for cell in cells)


def _interval(measured: dict[str, float] | None, form: str) -> str:
    if measured is None or measured["value"] is None:
        return "-"
    return f"{form.format(measured['value'])} [{form.format(measured['low'])}, {form.format(measured['high'])}]"


def _about(result: dict[str, Any]) -> str:
    setting = result["setting"]
    return (
        f"{result['seeds']} cities of {setting['restaurants']:,} restaurants and {setting['diners']:,} diners; "
        f"{setting['model']} learnt from {setting['warm_days']} days, then {setting['days']} days; "
        f"{_world(setting)}; 95 % intervals over cities, money in minor units"
    )


def _world(setting: dict[str, Any]) -> str:
    world = setting["world"]
    moves = "with consequences" if world["life"] else "in which nothing follows from lists but orders"
    return f"a world {moves}, {world['choice']} choice, pacing {setting['pacing']}"


def _speed(result: dict[str, Any]) -> str:
    speed = result["speed"]
    return f"{speed['requests']:,} requests, {speed['requests_per_second_per_core']:,.0f} a second per core"
