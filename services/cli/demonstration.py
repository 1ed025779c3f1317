"""demo."""

from typing import Annotated

import typer

from services.cli.errors import UsageError
from services.settings import Settings


def demo(
    once: Annotated[bool, typer.Option("--once", help="Print the scorecard and stop.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8000,
    restaurants: Annotated[int, typer.Option(min=50, max=10_000)] = 400,
    diners: Annotated[int, typer.Option(min=100, max=200_000)] = 4_000,
    days: Annotated[int, typer.Option(min=7, max=365)] = 28,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    reset: Annotated[
        bool, typer.Option("--reset", help="Put the demo back to where it began, and stop: before a lecture.")
    ] = False,
) -> None:
    """The main job: city, log, training, release, then API and console with diners walking in."""
    if reset:
        from services.simulation.demo_state import DemoStateError
        from services.simulation.demo_state import reset as put_back

        try:
            put_back(Settings())
        except DemoStateError as error:
            raise UsageError(str(error)) from None
        typer.echo("the demo is where it began: `tablestakes demo` starts it")
        return
    from services.simulation.demo import Sizes, run_demo

    run_demo(Settings(), Sizes(restaurants, diners, days, seed), port, once, typer.echo)
