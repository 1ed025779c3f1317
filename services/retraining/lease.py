"""A lease in the database: what only one process may do at a time, over all machines.

A holder that is paused past the end of its lease, or thought dead, may wake up while another one holds it. So a lease
has a token that rises with each holder (a fencing token, after Kleppmann 2016), and whoever writes under the lease
checks it in the transaction that writes.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, select, update

from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.database.retraining_tables import leases as table
from services.database.transactions import lock_out, reading, upsert_into, writing


class LeaseLost(Exception):
    """Another process has taken the lease; the message names it."""


@dataclass(frozen=True)
class Lease:
    """A lease as its holder knows it."""

    name: str
    holder: str
    token: int


class Leases:
    """All methods raise StorageUnavailable where the database is away.

    Clocks that differ between machines make a lease end early or late; the token keeps the writes apart all the same.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take the lease where nobody holds it or its time is over; None where somebody does."""
        with writing(self._engine) as connection:
            lock_out(connection, f"lease {name}")
            now = self._clock.now()
            held = connection.execute(_row(name)).first()
            if held is not None and held.expires_at > now:
                return None
            token = 1 if held is None else held.token + 1
            row = {"name": name, "holder": holder, "token": token, "expires_at": now + timedelta(seconds=seconds)}
            connection.execute(upsert_into(self._engine, table), row)
        return Lease(name, holder, token)

    def holder(self, name: str) -> str | None:
        """Who holds the lease now; None where nobody does."""
        with reading(self._engine) as connection:
            held = connection.execute(select(table).where(table.c.name == name)).first()
        return None if held is None or held.expires_at <= self._clock.now() else str(held.holder)

    def renew(self, lease: Lease, seconds: float) -> None:
        """Hold it for so long from now on. A lease whose time was over is still ours while nobody else has taken it."""
        self._until(lease, seconds)

    def release(self, lease: Lease) -> None:
        """Let the next one in at once."""
        self._until(lease, 0.0)

    def check(self, connection: Connection, lease: Lease) -> None:
        """Raise LeaseLost unless the lease is ours; nobody can take it before the caller's transaction ends."""
        held = connection.execute(_row(lease.name)).first()
        if held is None or held.token != lease.token:
            raise LeaseLost(f"the lease {lease.name!r} has gone to {'nobody' if held is None else held.holder}")

    def _until(self, lease: Lease, seconds: float) -> None:
        with writing(self._engine) as connection:
            self.check(connection, lease)
            until = self._clock.now() + timedelta(seconds=seconds)
            connection.execute(update(table).where(table.c.name == lease.name).values(expires_at=until))


@contextlib.contextmanager
def held(leases: Leases, lease: Lease, seconds: float) -> Iterator[None]:
    """Renew the lease from a thread while the block runs, and release it at the end, however it ends.

    The block is not interrupted when the lease is lost, for its writes check it; a database that is away is waited for.
    """
    done = threading.Event()

    def renew() -> None:
        while not done.wait(seconds / 4.0):
            try:
                leases.renew(lease, seconds)
            except StorageUnavailable:
                continue
            except LeaseLost:
                return

    keeper = threading.Thread(target=renew, name=f"lease-{lease.name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        with contextlib.suppress(LeaseLost, StorageUnavailable):
            leases.release(lease)


def _row(name: str) -> Select[Any]:
    return select(table).where(table.c.name == name).with_for_update()
