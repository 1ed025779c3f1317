"""What the entries of a list say; `services.serving.told` and `services.serving.present` are its faces."""

from collections.abc import Mapping, Sequence
from typing import Any

class Voice:
    def __init__(
        self,
        vectors: Any,
        index: Any,
        starts: Any,
        table: Any,
        nobody: Any,
        popular: Any,
        said_to_all: Any,
        to_all: Any,
        /,
    ) -> None: ...
    def weigh(
        self,
        rows: Any,
        ranks: list[int],
        shown: Any,
        order: Any,
        terms: Any,
        offsets: Any,
        passing: Any,
        vector: Any,
        seen: bool,
        recent: bool,
        moment: bool,
        near_weight: float,
        slope: float,
        pieces: Any,
        /,
    ) -> tuple[bytes, int]: ...

def numbers(rows: Any, scores: Any, distances: Any, eta: Any, out: Any, /) -> None: ...
def written(
    head: bytes,
    numbers: bytes,
    cards: tuple[tuple[bytes, bytes], ...],
    ranks: list[int],
    paid: Mapping[int, tuple[bytes, bytes]],
    terms: Sequence[bytes] | None,
    rows: Any,
    open_now: Any,
    distances: Any,
    told: bytes | None,
    subjects: int,
    always: Sequence[bytes | None],
    to_you: Sequence[bytes],
    to_all: Sequence[bytes],
    own: Sequence[Sequence[bytes] | None],
    /,
) -> bytes: ...
