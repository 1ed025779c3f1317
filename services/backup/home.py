"""A home and its database as one folder, and that folder as a home again.

    <backup>/backup.json           what is in it, with sizes and SHA-256: the copy is whole where this file is there
             database.sqlite|.dump one state of the database
             home/                 keys.json, pseudonym.secret, artifacts/<market>/<version>/, measurements/

The database comes first. What it names was on disk before it was named, so the files that are copied after it hold all
that it needs. What is left out is made again by itself (the feature cache), is over soon (snapshots of retraining runs)
or belongs to the user (datasets).
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import URL, Connection, bindparam, delete, select, update

from services.backup.databases import FILE, SQLITE, dump, has_tables, kind_of, load, sync
from services.backup.errors import BackupDamaged, BackupRefused
from services.database.engine import address_of, migrate, open_database
from services.database.retraining_tables import retraining_runs as runs
from services.database.retraining_tables import retraining_steps as steps
from services.database.schema import model_versions
from services.database.transactions import reading, writing
from services.private_files import write_private
from services.retraining.runs import RunState
from services.settings import Settings

__all__ = ["Backup", "BackupDamaged", "BackupRefused", "back_up", "restore"]

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
_HOME: Final = "home"
_CHUNK: Final = 1 << 20
_VOLUMES_OWN: Final = "lost+found"
"""A fresh volume may have it."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    began_at: datetime
    """Every event that was acknowledged before is in it."""
    database: str
    """`sqlite` or `postgresql`."""
    versions: int
    """Of models, with their artifacts."""
    missing: tuple[str, ...]
    """Versions that the database names and whose artifacts were not there to be copied."""
    size: int
    """In bytes."""


def back_up(settings: Settings, target: Path, with_secrets: bool = True) -> Backup:
    """Copy the home and its database into a new folder, while they are in use; whole or not at all.

    The folder holds the diners' data in the clear, and keys and the secret of the pseudonyms unless `with_secrets` is
    false: it is readable by the owner alone. Raises BackupRefused where the target is there already or lies in the
    home, or there is nothing to copy, BackupDamaged where the database is damaged, StorageUnavailable,
    StorageMisconfigured.
    """
    target, home = target.absolute(), settings.home.absolute()
    if target.exists():
        raise BackupRefused(f"{target} is there already: name a folder that is not")
    if target.is_relative_to(home):
        raise BackupRefused(f"{target} lies in the home that is to be copied: name one elsewhere, on another disk best")
    url, began_at = address_of(settings.resolved_database_url), datetime.now(UTC)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        _make(aside)
        dump(url, aside / FILE[kind_of(url)])
        # Named after the copy was made: these are at least the versions that the copy names.
        known = _versions(settings)
        _copy_files(settings, aside / _HOME, with_secrets)
        missing = _copy_artifacts(known, aside / _HOME / settings.artifacts.name)
        files = _described(aside)
        size = sum(one["bytes"] for one in files.values())
        made = Backup(began_at, kind_of(url), len(known) - len(missing), missing, size)
        about = {"format": FORMAT, "program": version("tablestakes"), "home": str(home)}
        document = orjson.dumps({**about, **vars(made), "files": files}, option=orjson.OPT_INDENT_2)
        write_private(aside / MANIFEST, document)
        _sync_folders(aside)
        aside.replace(target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return made


def restore(settings: Settings, source: Path) -> Backup:
    """Make the home and its database from a backup. Nothing may be there yet.

    The backup is read whole and held against its sums first. Paths of artifacts then lead into the new home. Runs of
    the retraining job that were under way begin anew. The database comes into its place last; a home that was left
    half made is not empty, and is refused until it is. Raises BackupRefused where the home or the database is not
    empty or is of another kind, BackupDamaged, StorageUnavailable, StorageMisconfigured.
    """
    home, url = settings.home.absolute(), address_of(settings.resolved_database_url)
    manifest = _manifest(source)
    _refuse_used(settings, url, manifest["database"])
    _verify(source, manifest["files"])
    _make(home)
    # Inside the home: it may be the only place of a container that can be written to.
    aside = home / f".restoring.{secrets.token_hex(4)}"
    try:
        _copy_tree(source / _HOME, aside)
        file = _database_file(url)
        staged = None if file is None else _staged(file, home, aside)
        filled = url if staged is None else url.set(database=str(staged))
        load(filled, source / FILE[kind_of(url)])
        _lead_home(filled, home, source / _HOME)
        _sync_folders(aside)
        for path in sorted(aside.iterdir(), key=lambda path: _holds(home / path.name, file)):
            path.replace(home / path.name)
        if file is not None and staged is not None and not file.is_relative_to(home):
            staged.replace(file)
        aside.rmdir()
        sync(home)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    read = {name: manifest[name] for name in ("database", "versions", "size")}
    return Backup(datetime.fromisoformat(manifest["began_at"]), missing=tuple(manifest["missing"]), **read)


# -- files


def _versions(settings: Settings) -> list[tuple[str, str, Path]]:
    """Market, version and the folder of its artifact, of every version that is registered."""
    engine = open_database(settings.resolved_database_url)
    try:
        with reading(engine) as connection:
            statement = select(model_versions.c.market, model_versions.c.version, model_versions.c.path)
            return [(row.market, row.version, Path(row.path)) for row in connection.execute(statement)]
    finally:
        engine.dispose()


def _copy_files(settings: Settings, target: Path, with_secrets: bool) -> None:
    _make(target)
    for file in (settings.keys_file, settings.pseudonym_secret_file):
        if with_secrets and file.exists():
            _copy(file, target / file.name)
    if settings.measurements.exists():
        _copy_tree(settings.measurements, target / settings.measurements.name)


def _copy_artifacts(known: Iterable[tuple[str, str, Path]], target: Path) -> tuple[str, ...]:
    """From wherever the database says that they lie; the versions whose artifacts are not there."""
    missing = []
    for market, name, path in known:
        if path.is_dir():
            _copy_tree(path, target / market / name)
        else:
            missing.append(f"{market} {name}")
    return tuple(missing)


def _copy_tree(source: Path, target: Path) -> None:
    _make(target)
    for path in sorted(source.rglob("*")):
        if path.is_dir():
            _make(target / path.relative_to(source))
        elif path.is_file() and not path.name.startswith("."):
            _copy(path, target / path.relative_to(source))


def _make(folder: Path) -> None:
    """Also the folders above it, each the owner's alone."""
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def _copy(source: Path, target: Path) -> None:
    _make(target.parent)
    with source.open("rb") as read, open(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as written:
        shutil.copyfileobj(read, written, _CHUNK)
        written.flush()
        os.fsync(written.fileno())


def _sync_folders(folder: Path) -> None:
    for path in (*filter(Path.is_dir, folder.rglob("*")), folder):
        sync(path)


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in _files(folder)
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# -- the way back


def _manifest(source: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads((source / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupRefused(f"{source} is no backup: it has no {MANIFEST}") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise BackupDamaged(f"{source / MANIFEST} cannot be read: {error}") from error
    if found.get("format") != FORMAT:
        raise BackupRefused(f"{source} has format {found.get('format')}, and this program knows {FORMAT}")
    return found


def _verify(source: Path, files: dict[str, dict[str, Any]]) -> None:
    """Every file that was copied, and no other, as it was."""
    there = {str(path.relative_to(source)) for path in _files(source)}
    for name in sorted(there ^ files.keys()):
        raise BackupDamaged(f"{source / name} {'was not copied' if name in there else 'is missing'}")
    for name, known in files.items():
        if _digest(source / name) != known["sha256"]:
            raise BackupDamaged(f"{source / name} is not what was copied")


def _refuse_used(settings: Settings, url: URL, kind: str) -> None:
    home, file = settings.home.absolute(), _database_file(url)
    if home.exists() and any(path.name != _VOLUMES_OWN for path in home.iterdir()):
        raise BackupRefused(f"{home} is not empty: name a new home in TABLESTAKES_HOME, or empty it")
    if kind_of(url) != kind:
        raise BackupRefused(f"this is a backup of {kind}, and the database is {kind_of(url)}")
    if file is not None and file.exists():
        raise BackupRefused(f"{file} is there already: name a new one in TABLESTAKES_DATABASE_URL")
    if file is None:
        engine = open_database(settings.resolved_database_url)
        try:
            if has_tables(engine):
                raise BackupRefused("the database has tables: name an empty one in TABLESTAKES_DATABASE_URL")
        finally:
            engine.dispose()


def _database_file(url: URL) -> Path | None:
    """None where the database is a server's."""
    return Path(str(url.database)).absolute() if kind_of(url) == SQLITE else None


def _staged(file: Path, home: Path, aside: Path) -> Path:
    """Where the database is filled before it comes into its place; the folder is made."""
    staged = aside / file.relative_to(home) if file.is_relative_to(home) else file.with_name(f".{file.name}.restoring")
    _make(staged.parent)
    return staged


def _holds(path: Path, database: Path | None) -> bool:
    """Whether it is the database or has it inside: it comes into its place last."""
    return database is not None and database.is_relative_to(path)


def _lead_home(url: URL, home: Path, copied: Path) -> None:
    """Bring the schema to this program's, let paths lead into the home, and begin anew what lay in the old one."""
    engine = open_database(url.render_as_string(hide_password=False))
    try:
        migrate(engine)
        with writing(engine) as connection:
            _move_artifacts(connection, home, copied)
            _begin_runs_anew(connection)
    finally:
        engine.dispose()


def _move_artifacts(connection: Connection, home: Path, copied: Path) -> None:
    changed = update(model_versions).where(
        model_versions.c.market == bindparam("of"), model_versions.c.version == bindparam("named")
    )
    rows = connection.execute(select(model_versions.c.market, model_versions.c.version)).all()
    moved = [
        {"of": row.market, "named": row.version, "path": str(home / "artifacts" / row.market / row.version)}
        for row in rows
        if (copied / "artifacts" / row.market / row.version).is_dir()
    ]
    if moved:
        connection.execute(changed.values(path=bindparam("path")), moved)


def _begin_runs_anew(connection: Connection) -> None:
    """The snapshots that runs learn from lay in the old home: what was done of those under way is to be done again."""
    over = [state for state in RunState if state.is_over]
    of_step = (runs.c.market == steps.c.market, runs.c.run_id == steps.c.run_id)
    unfinished = select(runs.c.run_id).where(*of_step, runs.c.state.not_in(over)).exists()
    connection.execute(delete(steps).where(unfinished))
