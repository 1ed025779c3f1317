"""The cache's binary format: one blob a diner, one blob a market, little-endian, versioned, read without copying.

A diner's blob is a fixed part and a tail of recent entries, which can be added to without decoding the rest. The tail
is a set in order: newest first, each entry once, so that it does not matter in which order, by whom and how often
entries are added:

    offset  bytes  what
         0      4  magic "TSd" and the version of the format
         4      4  CRC-32 of the rest of the fixed part
         8      8  hash of market and user: a blob under a wrong key, or a reply to another request, is refused
        16      8  tag of the model version that made the vector
        24      2  d, the vector's length
        26      2  length of the fixed part: 48 + 4 d
        28      4  the diner's bias, float32
        32     16  home latitude and longitude, float64; NaN: not known
        48    4 d  the vector, float32
    48+4d    13 m  m <= 32 recent entries: restaurant hash (8), seconds since 1970 (4), event type (1)

A market's blob:

         0      4  magic "TSm" and the version
         4      4  CRC-32 of the rest
         8      8  hash of the market
        16      8  as of, float64 seconds since 1970
        24      4  n restaurants
        28      4  length of the catalogue version, UTF-8, at the end
        32      4  m campaigns
        36      4  length of the groups' ledgers, JSON, before the catalogue version; 0: nobody controls exposure
        40      8  version of the campaigns
        48    4 n  minutes to the food, float32
        …     4 m  multipliers of the pacing, float32
        …       n  open flags, 0 or 1
        …       m  flags of campaigns with budget left, 0 or 1
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from data.columns import EventType
from models.base import FloatArray

MAX_RECENT: Final = 32
"""Recent entries of a diner that are kept."""

EVENT_CODES: Final[dict[EventType, int]] = {
    EventType.IMPRESSION: 1,
    EventType.CLICK: 2,
    EventType.ORDER: 3,
    EventType.ORDER_CANCELLED: 4,
    EventType.RATING: 5,
    EventType.DISMISS: 6,
}
"""Event types as stored: a number is never given to another type."""

RECENT_DTYPE: Final = np.dtype([("restaurant", "<u8"), ("at", "<u4"), ("type", "u1")])
"""A recent entry: `restaurant_hash` of the restaurant, seconds since 1970, one of `EVENT_CODES`. 13 bytes, packed."""

RecentArray = npt.NDArray[np.void]
"""(m,) of RECENT_DTYPE."""

DINER_MAGIC: Final = b"TSd\x01"
_MARKET_MAGIC: Final = b"TSm\x02"
_DINER_HEADER: Final = struct.Struct("<4sI8s8sHHfdd")
_MARKET_HEADER: Final = struct.Struct("<4sI8sdIIIIq")
_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)
_CRC_END: Final = 8
DINER_FIXED_LENGTH_AT: Final = 26
"""Where a diner's blob holds the length of its fixed part; the server-side scripts read it there."""
_MAX_DIMENSIONS: Final = (2**16 - 1 - _DINER_HEADER.size) // 4


def _no_recent() -> RecentArray:
    return np.empty(0, dtype=RECENT_DTYPE)


class CodecError(ValueError):
    """A blob that is corrupt, truncated, of another format version, or somebody else's."""


@dataclass(frozen=True, eq=False, slots=True)
class DinerState:
    """All that a request needs to know about a diner."""

    vector: FloatArray
    """(d,) float32, the model's representation; read-only when it comes from the cache."""
    bias: float
    """float32 precision."""
    model_tag: bytes
    """`model_tag` of the model version that made vector and bias; another model cannot use them."""
    home_lat: float = float("nan")
    """Degrees; NaN: not known."""
    home_lon: float = float("nan")
    recent: RecentArray = field(default_factory=_no_recent)
    """(m,) RECENT_DTYPE; from the cache newest first, each once, m <= MAX_RECENT, and read-only."""


@dataclass(frozen=True, eq=False, slots=True)
class MarketState:
    """What changes by the minute, for the n restaurants of a catalogue in its order."""

    eta_minutes: FloatArray
    """(n,) float32, minutes until the food is there."""
    is_open: npt.NDArray[np.uint8]
    """(n,) 1: open now, 0: closed."""
    catalogue_version: str
    """The catalogue whose order this follows."""
    as_of: float
    """Seconds since 1970."""
    book_version: int = 0
    """The campaigns whose order the next two follow."""
    multipliers: FloatArray = field(default_factory=lambda: np.empty(0, np.float32))
    """(m,) float32, mu >= 0 of the pacing."""
    campaigns_open: npt.NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    """(m,) 1: there is budget left."""
    ledgers: bytes = b""
    """JSON: what groups of restaurants have had; empty where no policy asks."""


def restaurant_hash(restaurant_id: str) -> int:
    """Stable 64-bit name of a restaurant: BLAKE2b, the same in every process and on every machine. 0 <= hash < 2^64."""
    return int.from_bytes(blake2b(restaurant_id.encode(), digest_size=8).digest(), "little")


def restaurant_hashes(restaurant_ids: Sequence[str]) -> npt.NDArray[np.uint64]:
    """(n,) `restaurant_hash` of each."""
    digests = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in restaurant_ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def model_tag(version: str) -> bytes:
    """8 bytes that stand for a model version."""
    return blake2b(version.encode(), digest_size=8, person=b"ts-model").digest()


def key_hash(market: str, user_id: str = "") -> bytes:
    """8 bytes that stand for a market and a diner in it; empty user: the market itself."""
    owner = f"{market}\0{user_id}".encode("utf-8", "surrogatepass")
    return blake2b(owner, digest_size=8, person=b"ts-key").digest()


def recent_entries(
    restaurant_ids: Sequence[str], types: Sequence[EventType], at: Sequence[float] | npt.NDArray[np.floating]
) -> RecentArray:
    """(m,) RECENT_DTYPE from equally long columns; `at` in seconds since 1970. Raises CodecError outside 1970..2106."""
    seconds = np.asarray(at, dtype=np.float64)
    if not np.all((seconds >= 0.0) & (seconds < 2.0**32)):
        raise CodecError("times of recent entries must lie between 1970 and 2106")
    entries = np.empty(len(restaurant_ids), dtype=RECENT_DTYPE)
    entries["restaurant"] = restaurant_hashes(restaurant_ids)
    entries["at"] = seconds.astype(np.uint32)
    entries["type"] = [EVENT_CODES[kind] for kind in types]
    return entries


def in_order(entries: RecentArray) -> RecentArray:
    """The MAX_RECENT newest entries in the order of a blob's tail, each once: sums over them are the same to the bit,
    whether they come from the cache, the log or a replay. Raises CodecError for another dtype or shape."""
    return np.frombuffer(encode_recent(entries), RECENT_DTYPE)


def encode_recent(entries: RecentArray) -> bytes:
    """The same as they stand in a blob's tail. Raises CodecError for another dtype or shape."""
    if entries.dtype != RECENT_DTYPE or entries.ndim != 1:
        raise CodecError(f"recent entries must be (m,) of RECENT_DTYPE, not {entries.shape} of {entries.dtype}")
    return _in_order(entries.tobytes())


def encode_diner(market: str, user_id: str, state: DinerState) -> bytes:
    """The diner's blob. Raises CodecError for a vector not (d,), too long or not finite; a tag not of 8 bytes."""
    with np.errstate(over="ignore"):
        vector = np.ascontiguousarray(state.vector, dtype="<f4")
    if vector.ndim != 1 or vector.size > _MAX_DIMENSIONS:
        raise CodecError(f"a diner's vector must be (d,) with d <= {_MAX_DIMENSIONS}, not {vector.shape}")
    if not (np.isfinite(vector).all() and abs(state.bias) <= _FLOAT32_MAX):
        raise CodecError("a diner's vector and bias must be finite in float32")
    if len(state.model_tag) != 8:
        raise CodecError("a model tag has 8 bytes: make it with model_tag(version)")
    fixed = _DINER_HEADER.size + vector.nbytes
    header = _DINER_HEADER.pack(
        DINER_MAGIC,
        0,
        key_hash(market, user_id),
        state.model_tag,
        vector.size,
        fixed,
        state.bias,
        state.home_lat,
        state.home_lon,
    )
    return _sealed(header + vector.tobytes()) + encode_recent(state.recent)


def decode_diner(blob: bytes, owner: bytes) -> DinerState:
    """The diner's state, its arrays views into the blob. `owner` is `key_hash(market, user_id)`.

    Raises CodecError for anything but an intact blob of this version that belongs to this diner.
    """
    if len(blob) < _DINER_HEADER.size:
        raise CodecError(f"a diner's blob of {len(blob)} bytes is too short")
    magic, crc, of, tag, d, fixed, bias, lat, lon = _DINER_HEADER.unpack_from(blob)
    if magic != DINER_MAGIC:
        raise CodecError(f"not a diner's blob of this version: it starts with {magic!r}")
    if of != owner:
        raise CodecError("the blob belongs to another diner")
    entries, rest = divmod(len(blob) - fixed, RECENT_DTYPE.itemsize)
    if fixed != _DINER_HEADER.size + 4 * d or rest or not 0 <= entries <= MAX_RECENT:
        raise CodecError(f"a diner's blob of {len(blob)} bytes cannot hold {d} dimensions in {fixed}")
    if zlib.crc32(memoryview(blob)[_CRC_END:fixed]) != crc:
        raise CodecError("the blob's checksum does not fit")
    vector = np.frombuffer(blob, np.float32, d, _DINER_HEADER.size)
    recent = np.frombuffer(blob, RECENT_DTYPE, entries, fixed) if entries else _no_recent()
    return DinerState(vector, bias, tag, lat, lon, recent)


def split_diner(blob: bytes) -> tuple[bytes, bytes]:
    """Fixed part and tail of a blob that `decode_diner` takes."""
    fixed = int.from_bytes(blob[DINER_FIXED_LENGTH_AT : DINER_FIXED_LENGTH_AT + 2], "little")
    return blob[:fixed], blob[fixed:]


def with_recent(blob: bytes, more: bytes) -> bytes:
    """A diner's blob with more `encode_recent` entries among its own; the oldest beyond MAX_RECENT are let go.

    The twin of what `services.features.scripts` does inside Redis.
    """
    fixed, own = split_diner(blob)
    return fixed + _in_order(more + own)


def _in_order(tail: bytes) -> bytes:
    """Entries as a tail has them: by time, then type, then restaurant, the greatest first, each once.

    Within a second a dismissal is the last word: its code is the greatest.
    """
    width = RECENT_DTYPE.itemsize
    entries = {tail[start : start + width] for start in range(0, len(tail), width)}
    ordered = sorted(entries, key=lambda entry: (entry[11:7:-1], entry[12], entry[:8]), reverse=True)
    return b"".join(ordered[:MAX_RECENT])


def encode_market(market: str, state: MarketState) -> bytes:
    """The market's blob. Raises CodecError where arrays of restaurants or of campaigns are not of equal length."""
    eta, multipliers = (np.ascontiguousarray(array, dtype="<f4") for array in (state.eta_minutes, state.multipliers))
    is_open, campaigns_open = (
        np.ascontiguousarray(array, dtype=np.uint8) for array in (state.is_open, state.campaigns_open)
    )
    for numbers, flags in ((eta, is_open), (multipliers, campaigns_open)):
        if numbers.ndim != 1 or numbers.shape != flags.shape:
            raise CodecError(f"a market's arrays must be (n,) alike, not {numbers.shape} and {flags.shape}")
    version = state.catalogue_version.encode()
    header = _MARKET_HEADER.pack(
        _MARKET_MAGIC,
        0,
        key_hash(market),
        state.as_of,
        eta.size,
        len(version),
        multipliers.size,
        len(state.ledgers),
        state.book_version,
    )
    arrays = (eta, multipliers, is_open, campaigns_open)
    return _sealed(b"".join([header, *(array.tobytes() for array in arrays), state.ledgers, version]))


def decode_market(blob: bytes, owner: bytes) -> MarketState:
    """The market's state, its arrays views into the blob. `owner` is `key_hash(market)`.

    Raises CodecError for anything but an intact blob of this version that belongs to this market.
    """
    if len(blob) < _MARKET_HEADER.size:
        raise CodecError(f"a market's blob of {len(blob)} bytes is too short")
    magic, crc, of, as_of, n, version_length, m, ledgers_length, book_version = _MARKET_HEADER.unpack_from(blob)
    if magic != _MARKET_MAGIC:
        raise CodecError(f"not a market's blob of this version: it starts with {magic!r}")
    if of != owner:
        raise CodecError("the blob belongs to another market")
    numbers = _MARKET_HEADER.size
    flags = numbers + 4 * (n + m)
    ledgers = flags + n + m
    version = ledgers + ledgers_length
    if len(blob) != version + version_length:
        raise CodecError(f"a market's blob of {len(blob)} bytes cannot hold {n} restaurants and {m} campaigns")
    if zlib.crc32(memoryview(blob)[_CRC_END:]) != crc:
        raise CodecError("the blob's checksum does not fit")
    try:
        catalogue_version = str(blob[version:], "utf-8")
    except UnicodeDecodeError:
        raise CodecError("the catalogue version is not UTF-8") from None
    return MarketState(
        eta_minutes=np.frombuffer(blob, np.float32, n, numbers),
        is_open=np.frombuffer(blob, np.uint8, n, flags),
        catalogue_version=catalogue_version,
        as_of=as_of,
        book_version=book_version,
        multipliers=np.frombuffer(blob, np.float32, m, numbers + 4 * n),
        campaigns_open=np.frombuffer(blob, np.uint8, m, flags + n),
        ledgers=bytes(blob[ledgers:version]),
    )


def _sealed(unsealed: bytes) -> bytes:
    """The blob with the checksum of what follows it filled in."""
    crc = zlib.crc32(memoryview(unsealed)[_CRC_END:])
    return unsealed[:4] + crc.to_bytes(4, "little") + unsealed[_CRC_END:]
