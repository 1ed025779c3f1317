"""The right to store what is read from the database from now on, until somebody changes it."""

from dataclasses import dataclass, field
from weakref import WeakSet


@dataclass(eq=False, slots=True, weakref_slot=True)
class Lease:
    """Taken before the database is read, and shown when what was read is put into the cache."""

    token: bytes
    """What Redis knows the lease by; empty: it gave none, and what was read stays in this process."""
    changed: set[bytes] = field(default_factory=set)
    """Keys that this process has changed since: what was read of them may be older than that."""


class Leases:
    """The leases of one process. A lease that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._held: WeakSet[Lease] = WeakSet()

    def give(self) -> Lease:
        """A lease from now on; its token is still to come."""
        lease = Lease(b"")
        self._held.add(lease)
        return lease

    def change(self, key: bytes) -> None:
        """What anybody has read of this key may not be stored."""
        for lease in self._held:
            lease.changed.add(key)
