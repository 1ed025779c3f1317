"""trail verify, export, replay."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.errors import FAILED
from services.cli.progress import Progress
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.audit.trail import AuditTrail
    from services.clock import Clock

trail = typer.Typer(
    help="The audit trail: does it hold, a copy for an auditor, past lists again.", no_args_is_help=True
)

_MOST_SHOWN: Final = 20


@trail.command("verify")
def verify() -> None:
    """Whether the chain holds, and each served list is what was sealed; exit code 1 where not."""
    from services.audit.anchors import ServedAnchors

    with _opened() as opened:
        broken = opened.trail.first_broken()
        if broken is not None:
            typer.echo(f"the chain breaks at record {broken}")
        found = list(islice(ServedAnchors(opened.engine, opened.trail).findings(), _MOST_SHOWN))
    for finding in found:
        typer.echo(f"{finding.market}, {finding.where}: {finding.problem}")
    if broken is not None or found:
        raise typer.Exit(FAILED)
    typer.echo("the chain holds, and the served lists are what was sealed")


@trail.command("export")
def export(
    path: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Written anew.")],
    lists: Annotated[bool, typer.Option(help="With the served lists, which hold diners' ids.")] = True,
) -> None:
    """Write the trail with the program that checks it; `python -I verify.py` in the unpacked folder needs no more."""
    from services.audit.anchors import ServedAnchors
    from services.audit.bundle import write_bundle

    with _opened() as opened:
        ServedAnchors(opened.engine, opened.trail).anchor()
        manifest = write_bundle(opened.engine, opened.clock, path, lists)
    counts = ", ".join(f"{file['rows']:,} in {name}" for name, file in manifest["files"].items())
    typer.echo(f"{path}: {counts}; the chain's head is {manifest['head']}")


@trail.command("replay")
def replay(
    last: Annotated[int, typer.Option(min=1, help="So many lists, the newest.")] = 1_000,
    market: Annotated[str | None, typer.Option(help="One market only.")] = None,
) -> None:
    """Make the last lists again; exit code 1 at the first that is not the same to the byte."""
    from services.serving.replay import NotReplayable, Replayer
    from services.stakeholders.policies import PolicyStore

    with _opened() as opened, Progress("replaying") as progress:
        replayer = Replayer(opened.engine, PolicyStore(opened.engine, opened.trail, opened.clock))
        wanted = replayer.newest(last, market)
        for number, request_id in enumerate(wanted):
            try:
                made = replayer.replay(request_id)
                told = "; ".join(made.differences[:3]) if not made.identical else "" if made.sealed else "not as sealed"
            except NotReplayable as error:
                told = str(error)
            if told:
                typer.echo(f"{number:,} of {len(wanted):,} are made again to the byte; {request_id} is not: {told}")
                raise typer.Exit(FAILED)
            progress.update("lists", number + 1, len(wanted))
    typer.echo(f"{len(wanted):,} of {len(wanted):,} are made again to the byte")


@dataclass(frozen=True)
class _Opened:
    engine: "Engine"
    clock: "Clock"
    trail: "AuditTrail"


@contextmanager
def _opened() -> Iterator[_Opened]:
    from services.audit.trail import AuditTrail
    from services.clock import Clock
    from services.database.engine import migrate, open_database

    engine, clock = open_database(Settings().resolved_database_url), Clock()
    try:
        migrate(engine)
        yield _Opened(engine, clock, AuditTrail(engine, clock))
    finally:
        engine.dispose()
