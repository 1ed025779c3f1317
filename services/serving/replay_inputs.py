"""What one list was made from, beside what its document and its row say: a compact record, little-endian, versioned.

offset  bytes  what
     0      1  version of the format
     1      1  how reasons were asked for: an index of EXPLAIN
     2      1  flags: 1 a diner's state was used, 2 its vector is not the model's own row, 4 places were for sale
     3     16  random bytes: nothing can be guessed from a digest of the whole
    19   3×16  hashes of catalogue, campaigns and live data
    67      8  when the offers were made, microseconds since 1970
    75     32  sha256 of the answer's bytes
   107   4+16  with a state: bias (float32), home latitude and longitude (float64)
   127      2  with a state: d, 0 where the vector is the model's own
   129    4 d  the vector, float32
     …   13 m  recent actions, as in the feature cache
"""

import os
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np

from models.artifacts import Artifact
from services.database.types import from_micros, micros
from services.features import DinerState
from services.features.codec import RECENT_DTYPE
from services.serving.kept import DIGEST_BYTES

Explain = Literal["none", "reasons", "full"]
EXPLAIN: Final[tuple[Explain, ...]] = ("none", "reasons", "full")

_VERSION: Final = 1
_STATE, _OWN_VECTOR, _FOR_SALE = 1, 2, 4
_HEADER: Final = struct.Struct(f"<BBB16s{DIGEST_BYTES}s{DIGEST_BYTES}s{DIGEST_BYTES}sq32s")
_DINER: Final = struct.Struct("<fddH")


class InputsError(ValueError):
    """Inputs of another format, or damaged."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is read back."""

    explain: Explain
    catalogue: str
    book: str
    live: str
    """Hashes, hexadecimal."""
    offers_at: datetime | None
    """None: nothing was for sale."""
    response: str
    """sha256 of the answer's bytes, hexadecimal."""
    state: DinerState | None
    """Without the model's tag."""


def encode_inputs(
    explain: Explain,
    digests: tuple[str, str, str],
    offers_at: datetime | None,
    response: bytes,
    state: DinerState | None,
    user_id: str,
    artifact: Artifact,
) -> bytes:
    """`digests` of catalogue, campaigns and live data; `response`: the sha256 of the answer's bytes."""
    flags, tail = (0 if offers_at is None else _FOR_SALE), b""
    if state is not None:
        vector = state.vector.astype("<f4", copy=False).tobytes()
        row = artifact.diner_row(user_id)
        learnt = artifact.diners
        own = row is None or not (
            vector == learnt.vectors[row].tobytes() and np.float32(state.bias) == learnt.biases[row]
        )
        flags |= _STATE | (_OWN_VECTOR if own else 0)
        fields = (state.bias, state.home_lat, state.home_lon, len(state.vector) if own else 0)
        tail = _DINER.pack(*fields) + (vector if own else b"") + state.recent.tobytes()
    header = _HEADER.pack(
        _VERSION,
        EXPLAIN.index(explain),
        flags,
        os.urandom(16),
        *(bytes.fromhex(digest) for digest in digests),
        0 if offers_at is None else micros(offers_at),
        response,
    )
    return header + tail


def decode_inputs(inputs: bytes, user_id: str, artifact: Artifact) -> Inputs:
    """The inputs of a list of this diner with this model. Raises InputsError."""
    if len(inputs) < _HEADER.size or inputs[0] != _VERSION:
        raise InputsError("inputs of another format")
    _, explain, flags, _, catalogue, book, live, offers_at, response = _HEADER.unpack_from(inputs)
    return Inputs(
        explain=EXPLAIN[explain],
        catalogue=catalogue.hex(),
        book=book.hex(),
        live=live.hex(),
        offers_at=from_micros(offers_at) if flags & _FOR_SALE else None,
        response=response.hex(),
        state=_state(inputs, flags, user_id, artifact) if flags & _STATE else None,
    )


def _state(inputs: bytes, flags: int, user_id: str, artifact: Artifact) -> DinerState:
    bias, lat, lon, d = _DINER.unpack_from(inputs, _HEADER.size)
    at = _HEADER.size + _DINER.size
    if flags & _OWN_VECTOR:
        vector = np.frombuffer(inputs, "<f4", d, at)
    else:
        row = artifact.diner_row(user_id)
        if row is None:
            raise InputsError(f"the model does not know diner {user_id!r}")
        vector = artifact.diners.vectors[row]
    recent = np.frombuffer(inputs, RECENT_DTYPE, offset=at + 4 * d) if len(inputs) > at + 4 * d else None
    own = {} if recent is None else {"recent": recent}
    return DinerState(vector=vector, bias=bias, model_tag=b"", home_lat=lat, home_lon=lon, **own)
