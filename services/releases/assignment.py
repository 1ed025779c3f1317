"""Which diners a canary is shown to: a hash of version and diner, so that it needs no memory and never wavers. Pure."""

from hashlib import blake2b
from typing import Final

_RANGE: Final = 2.0**64


def position(version: str, user_id: str) -> float:
    """Where a diner stands in [0, 1) for a version: uniform over diners, independent between versions."""
    named = blake2b(f"{version}\0{user_id}".encode("utf-8", "surrogatepass"), digest_size=8, person=b"ts-canary")
    return int.from_bytes(named.digest(), "little") / _RANGE


def in_share(version: str, user_id: str, share: float) -> bool:
    """Whether a diner is among the share that is shown this version; a larger share keeps those of a smaller one."""
    return position(version, user_id) < share
