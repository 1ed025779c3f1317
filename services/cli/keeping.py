"""backup, restore."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.settings import Settings

if TYPE_CHECKING:
    from services.backup import Backup


def backup(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet.")],
    secrets: Annotated[bool, typer.Option(help="Also the keys, and the secret of the pseudonyms.")] = True,
) -> None:
    """Copy the home and its database while they are in use.

    Every event that was acknowledged before it began is in it.
    """
    from services.backup import back_up

    _tell("copied", back_up(Settings(), path, secrets))


def restore(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `tablestakes backup` made.")],
) -> None:
    """Make the home and its database from a backup; neither may hold anything yet."""
    from services.backup import restore as restored

    _tell("restored", restored(Settings(), path))


def _tell(what: str, found: "Backup") -> None:
    typer.echo(
        f"{what}: {found.database}, {found.versions} model version(s), "
        f"{found.size / 2**20:,.1f} MiB, as of {found.began_at.isoformat(timespec='seconds')}"
    )
    for one in found.missing:
        typer.echo(f"not there to be copied: the artifact of {one}", err=True)
