"""lesson."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.child import be_a_child
from services.cli.engines import EngineAddress, EngineName, Jobs
from services.cli.errors import FAILED, UsageError
from services.cli.progress import Progress
from services.settings import Settings

if TYPE_CHECKING:
    from services.fan_out import Engine
    from services.lessons.lesson import Asked, Lesson, Outcome

_PARTS = 1_000
"""Of the bar: a lesson tells a share of all that it does."""


def lesson(
    which: Annotated[str, typer.Argument(metavar="N|list", help="A lesson's number, or the list of them.")] = "list",
    seeds: Annotated[int | None, typer.Option(help="Cities; intervals are over them.")] = None,
    first_seed: Annotated[int, typer.Option(min=0, help="Cities have the seeds from this one on.")] = 1,
    short: Annotated[
        bool, typer.Option("--short", help="Seconds instead of minutes: smaller cities, and fewer.")
    ] = False,
    jobs: Jobs = 2,
    engine: EngineName = None,
    engine_address: EngineAddress = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all that was found here.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the figures into this folder.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the lesson as one page that works without a server.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep it as the recorded result, in the source.")] = False,
    queued: Annotated[bool, typer.Option("--queued", hidden=True)] = False,
) -> None:
    """Run a lesson: a question of the article, measured over cities. Exit code 1 where a claim did not hold."""
    if queued:
        _do_what_is_queued()
        return
    from services.fan_out.options import chosen
    from services.lessons.registry import LESSONS

    if which == "list":
        for one in LESSONS.values():
            typer.echo(f"{one.number}  {one.title}\n   {one.question}")
        return
    found = LESSONS.get(int(which)) if which.isdigit() else None
    if found is None:
        raise UsageError(f"there is no lesson {which!r}: `tablestakes lesson list` names them")
    if record and short:
        raise UsageError("--record keeps full runs: leave --short out")
    _check(json_file, svg, html)
    outcome = _run(found, _asked(found, seeds, first_seed, short, chosen(jobs, engine, engine_address)))
    for line in _lines(found, outcome):
        typer.echo(line)
    _write(found, outcome, json_file, svg, html)
    if record:
        from services.lessons.running import record as keep

        typer.echo(f"recorded in {keep(outcome)}", err=True)
    if outcome.broken:
        raise typer.Exit(FAILED)


def _asked(lesson: "Lesson", seeds: int | None, first_seed: int, short: bool, engine: "Engine") -> "Asked":
    from services.lessons.lesson import FEWEST_SEEDS, MOST_SEEDS, Asked

    count = lesson.seeds_of(short) if seeds is None else seeds
    if not FEWEST_SEEDS <= count <= MOST_SEEDS:
        raise UsageError(f"--seeds {count}: an interval over cities takes {FEWEST_SEEDS} to {MOST_SEEDS} of them")
    return Asked(tuple(range(first_seed, first_seed + count)), short, engine)


def _check(json_file: Path | None, svg: Path | None, html: Path | None) -> None:
    """Before the long work, not after it."""
    for option, file in (("--json", json_file), ("--html", html)):
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError(f"{option} {file}: there is no such folder")
    if svg is not None or html is not None:
        from services.lessons.drawing import check
        from services.simulation.figures import FigureError

        try:
            check()
        except FigureError as error:
            raise UsageError(f"--svg and --html: {error}") from None


def _run(lesson: "Lesson", asked: "Asked") -> "Outcome":
    from dataclasses import replace

    from services.clock import Clock
    from services.lessons.running import run

    with Progress(f"lesson {lesson.number}") as progress:

        def told(text: str, share: float) -> None:
            progress.say(text, round(_PARTS * share), _PARTS)

        return run(lesson, replace(asked, progress=told), Clock().now())


def _lines(lesson: "Lesson", outcome: "Outcome") -> Iterator[str]:
    from services.lessons.page import about, measured_text

    yield f"{lesson.number}. {lesson.title}"
    yield lesson.question
    yield about(outcome)
    yield ""
    for paragraph in outcome.reading.split("\n\n"):
        yield paragraph
        yield ""
    for one in outcome.numbers:
        yield f"{one.name}: {measured_text(one)}"
    yield ""
    for claim in outcome.claims:
        said = "holds" if claim.holds else "DOES NOT HOLD" if claim.asserted else "does not show in so short a run"
        yield f"{said}: {claim.sentence} ({measured_text(claim)})"


def _write(lesson: "Lesson", outcome: "Outcome", json_file: Path | None, svg: Path | None, html: Path | None) -> None:
    if json_file is not None:
        json_file.write_text(outcome.model_dump_json(indent=2) + "\n")
    if svg is not None:
        from services.lessons.drawing import write
        from services.lessons.page import stem

        write(dict(enumerate(outcome.figures, 1)), svg, stem(lesson))
    if html is not None:
        from services.lessons.page import html as as_html

        html.write_text(as_html(lesson, outcome))


def _do_what_is_queued() -> None:
    """As a child of the worker."""
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.lessons.job import LessonJob
    from services.monitoring.logs import configure_logs

    be_a_child()
    settings = Settings()
    configure_logs(settings.log_level, settings.log_json)
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        LessonJob(engine, Clock()).work()
    finally:
        engine.dispose()
