"""A private PostgreSQL server for tests and bad days: its own cluster on a Unix socket only, gone afterwards."""

import contextlib
import glob
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from loadtests.processes import descendants

NOT_INSTALLED = "PostgreSQL is not installed"
_START_SECONDS = 60


def find_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, from the PATH or from where Debian and Homebrew keep them."""
    found = shutil.which("initdb")
    kept = sorted(glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/opt/homebrew/opt/postgresql*/bin"))
    for folder in [*([Path(found).resolve().parent] if found else []), *map(Path, reversed(kept))]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@dataclass
class PostgresServer:
    """A running server."""

    binaries: Path
    folder: Path
    """Holds the cluster (`data`), the socket, and the server's log."""
    process: "subprocess.Popen[bytes] | None" = None
    synced: bool = False
    """Whether commits reach the disk: tests kill clients, not the machine, and do without."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str = "postgres") -> str:
        """A database's SQLAlchemy URL."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_database(self, template: str = "template1") -> str:
        """Make a new database; answers its name."""
        name = f"test_{next(self._numbers)}"
        with self._administrator() as connection:
            # Files are copied: by way of the log, the default of late, it takes twice as long.
            strategy = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        with self._administrator() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        command += ["-c", "listen_addresses=", "-c", "max_connections=60"]
        command += ["-c", f"fsync={'on' if self.synced else 'off'}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, user=_unprivileged())
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._administrator().close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop the server; its connections are broken off."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            self.process.wait(30)
            self.process = None

    def crash(self) -> None:
        """kill -9 to all its processes at once: what was not committed is lost, and the next start recovers."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def pause(self) -> None:
        """It hangs from now on: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def switch_to_standby(self, *, standby: bool) -> None:
        """Start anew as a replica, which takes no writes, or as a primary again."""
        self.stop()
        marker = self.folder / "data" / "standby.signal"
        if standby:
            marker.touch()
        else:
            marker.unlink()
        self.start()

    def follow(self, primary: "PostgresServer") -> None:
        """Become a replica of another server, from a copy of what it has now; that one commits only what is here too.

        From now on what `primary` has acknowledged is on the disks of both, so that this one may be promoted.
        """
        assert self.process is None, "a server that runs has its own data"
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        copy = [str(self.binaries / "pg_basebackup"), "-D", str(self.folder / "data"), "-h", str(primary.folder)]
        copy += ["-U", "postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run(copy, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, user=_unprivileged())
        self.start()
        with primary._administrator() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            waiting = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
            deadline = time.monotonic() + _START_SECONDS
            while connection.execute(waiting).fetchone() != (1,):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no replica follows:\n{(self.folder / 'log').read_text()}")
                time.sleep(0.02)

    def promote(self) -> None:
        """Be a primary from now on: recovery ends, writes are taken."""
        with self._administrator() as connection:
            connection.execute("SELECT pg_promote(wait => true)")

    def _signal(self, what: signal.Signals) -> None:
        assert self.process is not None
        for pid in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def _administrator(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True)


def either_url(servers: Sequence[PostgresServer], database: str) -> str:
    """A database's URL wherever it is written to at the time: the driver asks one server after the other."""
    folders = ",".join(str(server.folder) for server in servers)
    return f"postgresql+psycopg://postgres@/{database}?host={folders}&target_session_attrs=read-write"


@contextmanager
def running_replica(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A server that follows another one; stopped and removed afterwards."""
    with _placed(primary.binaries, synced=primary.synced) as server:
        server.follow(primary)
        yield server


@contextmanager
def _placed(binaries: Path, *, synced: bool) -> Iterator[PostgresServer]:
    """A server that has a folder, and no more; stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    server = PostgresServer(binaries, folder, synced=synced)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres(binaries: Path, *, synced: bool = False) -> Iterator[PostgresServer]:
    """A new cluster with a running server; stopped and removed afterwards."""
    with _placed(binaries, synced=synced) as server:
        command = [str(binaries / "initdb"), "-D", str(server.folder / "data"), "-U", "postgres", "--auth=trust"]
        command += ["--no-sync", "-E", "UTF8", *_collation(binaries)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=server.folder, user=_unprivileged())
        server.start()
        yield server


def _collation(binaries: Path) -> list[str]:
    """A server that sorts as people do, where it can: what must be sorted by bytes has to say so itself."""
    version = subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, text=True).stdout
    major = int(version.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))
    return ["--no-locale", "--locale-provider=icu", "--icu-locale=en"] if major >= 15 else ["--no-locale"]


def _unprivileged() -> str | None:
    """Whom to run the server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
