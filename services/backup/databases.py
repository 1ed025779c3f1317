"""One state of the database into a file and back, while others go on writing.

SQLite by its online backup, which reads one snapshot and holds up no writer; PostgreSQL by its own `pg_dump` and
`pg_restore`, which read and write one transaction.
"""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any, Final

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Engine, inspect

from services.backup.errors import BackupDamaged, BackupRefused
from services.database.transactions import reading

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
FILE: Final = {SQLITE: "database.sqlite", POSTGRESQL: "database.dump"}
"""Name of the copy, by the kind of database."""
_TOOLS: Final = "PostgreSQL's own tools do it: install them (Debian: apt install postgresql-client) at its version"


def kind_of(url: URL) -> str:
    """`sqlite` or `postgresql`."""
    return url.get_backend_name()


def has_tables(engine: Engine) -> bool:
    """Whether there is anything in the database. Raises StorageUnavailable."""
    with reading(engine) as connection:
        return bool(inspect(connection).get_table_names())


def dump(url: URL, target: Path) -> None:
    """Copy one state of the database. Raises BackupDamaged, BackupRefused where there is none or a tool is missing."""
    if kind_of(url) == SQLITE:
        _dump_sqlite(Path(str(url.database)), target)
    else:
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(0o600)
    sync(target)


def load(url: URL, source: Path) -> None:
    """Fill an empty database, PostgreSQL's whole or not at all.

    Raises BackupDamaged, BackupRefused where a tool is missing.
    """
    if kind_of(url) == SQLITE:
        target = Path(str(url.database))
        shutil.copyfile(source, target)
        target.chmod(0o600)
        sync(target)
        return
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", url, *options, str(source))


def sync(path: Path) -> None:
    """What was written to a file, or which files a folder has, is on disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dump_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupRefused(f"there is nothing to copy: {source} is not there")
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        reader, writer = sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True), sqlite3.connect(target)
        try:
            # All pages in one step: one snapshot, and a writer that comes meanwhile does not make it begin again.
            reader.backup(writer, pages=-1)
            # A file of its own, without a log beside it.
            writer.execute("PRAGMA journal_mode=DELETE")
            found = writer.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            writer.close()
            reader.close()
    except sqlite3.Error as error:
        raise BackupDamaged(f"{source} cannot be copied: {error}") from error
    if found != "ok":
        raise BackupDamaged(f"{source} is damaged: {found}")


def _run(tool: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's tools against a database; the password is in no list of processes."""
    if shutil.which(tool) is None:
        raise BackupRefused(f"{tool} is not here. {_TOOLS}.")
    known: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "dbname": url.database,
        **url.query,
    }
    address = make_conninfo("", **{name: value for name, value in known.items() if value is not None})
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    command = [tool, f"--dbname={address}", "--no-password", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603 - no shell
    if done.returncode:
        said = " ".join(done.stderr.split())[:400]
        raise BackupDamaged(f"{tool} ended with {done.returncode}: {said}")
