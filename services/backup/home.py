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
from sqlalchemy import Engine, bindparam, delete, func, make_url, select, update

from services.backup.databases import FILE, SQLITE, dump, is_empty, kind_of, load, sync
from services.backup.errors import BackupDamaged, BackupRefused
from services.database.engine import migrate, open_database
from services.database.retraining_tables import retraining_runs as runs
from services.database.retraining_tables import retraining_steps as steps
from services.database.schema import events, model_versions
from services.database.transactions import reading, writing
from services.private_files import write_private
from services.retraining.runs import RunState
from services.settings import Settings

__all__ = ["Backup", "BackupDamaged", "BackupRefused", "back_up", "restore"]

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
_HOME: Final = "home"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    began_at: datetime
    """Every event that was acknowledged before is in it."""
    database: str
    """`sqlite` or `postgresql`."""
    events: int
    versions: int
    """Of models, with their artifacts."""
    missing: tuple[str, ...]
    """Versions that the database names and whose artifacts were not there to be copied."""
    size: int
    """In bytes."""


def back_up(settings: Settings, target: Path) -> Backup:
    """Copy the home and its database into a new folder, while they are in use; whole or not at all.

    The folder holds keys and the diners' data in the clear: it is readable by the owner alone. Raises BackupRefused
    where the target is there already or lies in the home, BackupDamaged where the database is, StorageUnavailable.
    """
    target = target.absolute()
    if target.exists():
        raise BackupRefused(f"{target} is there already: name a folder that is not")
    if target.is_relative_to(settings.home.absolute()):
        raise BackupRefused(f"{target} lies in the home that is to be copied: name one elsewhere, on another disk best")
    url = make_url(settings.resolved_database_url)
    began_at = datetime.now(UTC)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    _make(aside)
    try:
        engine = open_database(settings.resolved_database_url)
        kind = kind_of(engine)
        engine.dispose()
        dump(url, aside / FILE[kind])
        engine = _opened_copy(settings, kind, aside)
        try:
            with reading(engine) as connection:
                count = int(connection.execute(select(func.count()).select_from(events)).scalar_one())
                known = connection.execute(
                    select(model_versions.c.market, model_versions.c.version, model_versions.c.path)
                ).all()
        finally:
            engine.dispose()
        missing = _copy_files(settings, [(row.market, row.version, Path(row.path)) for row in known], aside / _HOME)
        files = _described(aside)
        made = Backup(
            began_at,
            kind,
            count,
            len(known) - len(missing),
            tuple(missing),
            sum(one["bytes"] for one in files.values()),
        )
        about = {"format": FORMAT, "program": version("tablestakes"), "home": str(settings.home.absolute())}
        write_private(
            aside / MANIFEST, orjson.dumps({**about, **vars(made), "files": files}, option=orjson.OPT_INDENT_2)
        )
        for folder in (path for path in aside.rglob("*") if path.is_dir()):
            sync(folder)
        sync(aside)
        aside.replace(target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return made


def restore(settings: Settings, source: Path) -> Backup:
    """Make the home and its database from a backup. Nothing may be there yet.

    The backup is read whole and held against its sums first. Paths of artifacts then lead into the new home. Runs of
    the retraining job that were under way begin anew. Raises BackupRefused where the home or the database is not empty
    or is of another kind, BackupDamaged, StorageUnavailable.
    """
    manifest = _manifest(source)
    home = settings.home.absolute()
    if home.exists() and any(home.iterdir()):
        raise BackupRefused(f"{home} is not empty: name a new home in TABLESTAKES_HOME")
    url = make_url(settings.resolved_database_url)
    kind = "postgresql" if url.get_backend_name().startswith("postgres") else url.get_backend_name()
    if kind != manifest["database"]:
        raise BackupRefused(f"this is a backup of {manifest['database']}, and the database is {kind}")
    database = Path(str(url.database)).absolute() if kind == SQLITE else None
    if database is not None and database.exists():
        raise BackupRefused(f"{database} is there already: name a new one in TABLESTAKES_DATABASE_URL")
    if database is None:
        _refuse_tables(settings)
    _verify(source, manifest["files"])

    aside = home.with_name(f".{home.name}.{secrets.token_hex(4)}")
    try:
        _copy_tree(source / _HOME, aside)
        inside = database is not None and database.is_relative_to(home)
        place = aside / database.relative_to(home) if inside and database is not None else database
        filled = url if place is None else url.set(database=str(place))
        if place is not None:
            _make(place.parent)
        load(filled, source / FILE[kind])
        engine = open_database(filled.render_as_string(hide_password=False))
        try:
            migrate(engine)
            _lead_home(engine, home, source / _HOME)
        finally:
            engine.dispose()
        if home.exists():
            home.rmdir()
        aside.replace(home)
        sync(home.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    names = ("database", "events", "versions", "size")
    read = {name: manifest[name] for name in names}
    return Backup(datetime.fromisoformat(manifest["began_at"]), missing=tuple(manifest["missing"]), **read)


# -- files


def _opened_copy(settings: Settings, kind: str, aside: Path) -> Engine:
    """What the copy says is in it. Of PostgreSQL the database itself is asked: it has had all that the copy has."""
    if kind == SQLITE:
        return open_database(f"sqlite:///{aside / FILE[kind]}")
    return open_database(settings.resolved_database_url)


def _copy_files(settings: Settings, known: Iterable[tuple[str, str, Path]], target: Path) -> list[str]:
    """The home's files, and the artifacts wherever the database says that they lie; those that are not there."""
    _make(target)
    for file in (settings.keys_file, settings.pseudonym_secret_file):
        if file.exists():
            _copy(file, target / file.name)
    if settings.measurements.exists():
        _copy_tree(settings.measurements, target / settings.measurements.name)
    missing = []
    for market, name, path in known:
        if path.is_dir():
            _copy_tree(path, target / settings.artifacts.name / market / name)
        else:
            missing.append(f"{market} {name}")
    return missing


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


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in _files(folder)
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST)


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


def _refuse_tables(settings: Settings) -> None:
    engine = open_database(settings.resolved_database_url)
    try:
        if not is_empty(engine):
            raise BackupRefused("the database has tables: name an empty one in TABLESTAKES_DATABASE_URL")
    finally:
        engine.dispose()


def _lead_home(engine: Engine, home: Path, copied: Path) -> None:
    """Artifacts lie in the new home, and what a run had under way, which lay in the old one, is to be done again."""
    changed = update(model_versions).where(
        model_versions.c.market == bindparam("of"), model_versions.c.version == bindparam("named")
    )
    with writing(engine) as connection:
        rows = connection.execute(select(model_versions.c.market, model_versions.c.version)).all()
        moved = [
            {"of": row.market, "named": row.version, "path": str(home / "artifacts" / row.market / row.version)}
            for row in rows
            if (copied / "artifacts" / row.market / row.version).is_dir()
        ]
        if moved:
            connection.execute(changed.values(path=bindparam("path")), moved)
        over = [state for state in RunState if state.is_over]
        unfinished = (
            select(runs.c.run_id)
            .where(runs.c.market == steps.c.market, runs.c.run_id == steps.c.run_id, runs.c.state.not_in(over))
            .exists()
        )
        connection.execute(delete(steps).where(unfinished))
