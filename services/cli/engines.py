"""The options of commands whose work can be shared out."""

from typing import Annotated

import typer

EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="NAME", help="local: processes here; ray: a cluster; or another backend of joblib's."
    ),
]
EngineAddress = Annotated[
    str | None,
    typer.Option("--engine-address", metavar="HOST:PORT", help="Of a Ray cluster; without one, one is started here."),
]
Jobs = Annotated[int, typer.Option(min=1, help="Tasks at once; what comes out does not depend on it.")]
MarketJobs = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Markets at once; what comes out does not depend on it.")
]
