"""explain."""

import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.errors import FAILED, UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from sqlalchemy import Engine

_WIDTH: Final = 100


def explain(
    request_id: Annotated[str, typer.Argument(help="Of a list that was served.")],
    restaurant_id: Annotated[str, typer.Argument(help="An entry of it.")],
    against: Annotated[str | None, typer.Option(metavar="ID", help="Another entry: why the one and not this.")] = None,
    what_if: Annotated[bool, typer.Option("--what-if", help="Also what would have been; takes some seconds.")] = False,
    rank: Annotated[int, typer.Option(min=1, max=100, help="Where it would like to stand, for --what-if.")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Why a restaurant stood where it stood in a past list: the reasons, and the sums that they come from.

    Exit code 1 where the list cannot be explained any more, because something that it was made from is gone.
    """
    import orjson

    from services.serving.explain import NotInList
    from services.serving.replay import ErasedList, NotReplayable

    try:
        found = _found(request_id, restaurant_id, against, rank if what_if else None)
    except NotInList as error:
        raise UsageError(f"restaurant {str(error)!r} is not in the list of request {request_id!r}") from None
    except (ErasedList, NotReplayable) as error:
        typer.echo(f"the list cannot be explained any more: {error}", err=True)
        raise typer.Exit(FAILED) from None
    if json_:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())
        return
    console = _console()
    for part in rendered(found):
        console.print(part, soft_wrap=isinstance(part, str))


def _found(request_id: str, restaurant_id: str, against: str | None, rank: int | None) -> dict[str, Any]:
    from services.audit.trail import AuditTrail
    from services.catalogue.store import CatalogueStore
    from services.clock import Clock
    from services.events.served_lists import written_list
    from services.serving.explainer import Explainer
    from services.serving.replay import Replayer
    from services.stakeholders.policies import PolicyStore

    with _database() as engine:
        served = written_list(engine, request_id)
        if served is None:
            raise UsageError(f"no list with the request id {request_id!r} is on record")
        clock = Clock()
        replayer = Replayer(engine, PolicyStore(engine, AuditTrail(engine, clock), clock))
        explainer = Explainer(replayer, CatalogueStore(engine))
        found = explainer.explained(served, restaurant_id, against)
        if rank is not None:
            found["what_if"] = explainer.counterfactuals(served, restaurant_id, rank)
        return found


@contextmanager
def _database() -> "Iterator[Engine]":
    from services.database.engine import migrate, open_database

    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


def _console() -> "Console":
    import sys

    from rich.console import Console

    console = Console(highlight=False, markup=False)
    return console if sys.stdout.isatty() else Console(highlight=False, markup=False, width=_WIDTH)


def rendered(found: Mapping[str, Any]) -> "Iterator[RenderableType]":
    """An explanation as text and tables, each table with its sum."""
    paid = found["without_payment"]["rank"]
    without = "" if paid == found["rank"] else f"; without payment number {paid}"
    yield f"{found['restaurant_id']} stood at number {found['rank']} with {found['score']:.6f}{without}"
    exact = "exact" if found["exact"] else "not exact: see the line that is not taken apart"
    yield f"method: {found['method']}; {exact}"
    yield _table("Reasons", "beyond the average restaurant", ((r["text"], r["value"]) for r in found["reasons"]))
    yield _table("Score", "as it was added up", ((term["name"], term["value"]) for term in found["terms"]))
    cells = (
        (f"{cell['diner_feature'] or 'anybody'} × {cell['restaurant_feature'] or 'anything'}", cell["value"])
        for cell in found["features"]
    )
    yield _table("Relevance", "feature by feature", cells)
    if found["second_stage"]:
        yield _table("Second stage", "by TreeSHAP", ((line["name"], line["value"]) for line in found["second_stage"]))
    if contrast := found["contrast"]:
        lines = ((line["feature"], line["value"]) for line in contrast["features"])
        yield _table(f"Rather than {contrast['against']}", "relevance, feature by feature", lines)
        yield from contrast["words"]
    if "what_if" in found:
        yield from _what_if(found["what_if"])


def _table(title: str, about: str, lines: Iterable[tuple[str, float]]) -> "RenderableType":
    from rich import box
    from rich.table import Table

    table = Table(title=f"{title}: {about}", title_justify="left", show_header=False, show_footer=True, box=box.SIMPLE)
    listed = list(lines)
    table.add_column(footer="sum", overflow="fold")
    total = functools.reduce(operator.add, (value for _, value in listed), 0.0)
    table.add_column(footer=f"{total:+.6f}", justify="right", no_wrap=True)
    for name, value in listed:
        table.add_row(name, f"{value:+.6f}")
    return table


def _what_if(found: Mapping[str, Any]) -> Iterator[str]:
    yield "What if"
    yield f"  as it was: {_place(found['now'])}"
    yield f"  without payment: {_place(found['without_payment'])}"
    yield f"  without personalisation: {_place(found['without_personalisation'])}"
    for one in found["without_terms"]:
        yield f"  without the term {one['term']}: {_place(one)}"
    yield f"  {_own(found['own_actions'])}"
    yield from (f"  {line}" for line in _to_reach(found["to_reach"]))


def _place(place: Mapping[str, Any]) -> str:
    if place["rank"] is None and place["organic_rank"] is None:
        return "not among the candidates"
    if place["rank"] is None:
        return f"not in the list, number {place['organic_rank']} of the candidates"
    return f"number {place['rank']}"


def _own(own: Mapping[str, Any] | None) -> str:
    if own is None:
        return "own choices: the list knew of none"
    if not own["remove"]:
        return f"own choices: {own['top']} stays on top without any or all of them; {_tried(own)}"
    names = ", ".join(f"{one['name']} ({one['restaurant_id']})" for one in own["remove"])
    proof = "no fewer do" if own["proven_smallest"] else f"fewer may do: {_tried(own)}"
    return f"own choices: without what was done at {names}, {own['then_top']} would be on top; {proof}"


def _tried(own: Mapping[str, Any]) -> str:
    """How far it is proven that nothing changes the top."""
    known, size = own["considered"], own["none_up_to"]
    if size >= known:
        return f"no set of the {known} that the list knew of changes that"
    return f"no set of up to {size} of the {known} that the list knew of changes that, larger ones were tried greedily"


def _to_reach(found: Mapping[str, Any]) -> Iterator[str]:
    if found["smallest"] and not found["smallest"][0]["change"]:
        yield f"to reach number {found['rank']}: it stood there already"
    elif found["smallest"]:
        for one in found["smallest"]:
            yield f"to reach number {found['rank']}: {_change(one['change'])} → {_place(one)}"
    else:
        tried = "none of the" if found["exhaustive"] else "none of the first"
        yield f"to reach number {found['rank']}: {tried} {found['tried']} changes that were tried does it"
    for one in found["alone"]:
        yield f"alone: {_change(one['change'])} → {_place(one)}"
    bid = found["bid"]
    if bid["bid"] is None:
        yield f"by a bid: {bid['why']}"
    else:
        yield f"by a bid of {bid['bid']} minor units a {bid['billing']} → number {bid['rank']}; {bid['why']}"


def _change(change: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in change.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
