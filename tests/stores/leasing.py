"""A process that works under a lease. Started by the tests: `python leasing.py URL COMMAND [FOLDER]`."""

import sys
import time
from pathlib import Path

from services.clock import Clock
from services.database.engine import open_database
from services.database.transactions import writing
from services.retraining.lease import LeaseLost, Leases, held

SECONDS = 0.8


def contend(leases: Leases, folder: Path) -> None:
    """Hold the lease as often as one can for some seconds; say when somebody else is in there too."""
    entered, until = 0, time.monotonic() + 4.0
    while time.monotonic() < until:
        lease = leases.acquire("work", "somebody", SECONDS)
        if lease is None:
            time.sleep(0.005)
            continue
        with held(leases, lease, SECONDS):
            try:
                (folder / "inside").touch(exist_ok=False)
            except FileExistsError:
                print("TOGETHER", flush=True)
            time.sleep(0.01)
            (folder / "inside").unlink(missing_ok=True)
            entered += 1
    print(entered, flush=True)


def write_when_told(leases: Leases, engine: object) -> None:
    """Take the lease, wait for a line, then write under it."""
    lease = leases.acquire("work", "paused", SECONDS)
    assert lease is not None
    with held(leases, lease, SECONDS):
        print(lease.token, flush=True)
        sys.stdin.readline()
        try:
            with writing(engine) as connection:  # type: ignore[arg-type]
                leases.check(connection, lease)
            print("written", flush=True)
        except LeaseLost as error:
            print(f"lost: {error}", flush=True)


def main(url: str, command: str, folder: str = "") -> None:
    engine = open_database(url)
    leases = Leases(engine, Clock())
    if command == "contend":
        contend(leases, Path(folder))
    else:
        write_when_told(leases, engine)


if __name__ == "__main__":
    main(*sys.argv[1:])
