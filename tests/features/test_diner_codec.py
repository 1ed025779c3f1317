"""The binary format: what goes in comes out, and nothing but an intact blob of this very diner is taken."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.columns import EventType
from services.features.codec import (
    EVENT_CODES,
    MAX_RECENT,
    RECENT_DTYPE,
    CodecError,
    DinerState,
    MarketState,
    _sealed,
    decode_diner,
    decode_market,
    encode_diner,
    encode_market,
    encode_recent,
    key_hash,
    model_tag,
    recent_entries,
    restaurant_hash,
    restaurant_hashes,
    with_recent,
)

OWNER = key_hash("town", "ann")
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
vectors = hnp.arrays(np.float32, st.integers(0, 128), elements=finite)
unordered = hnp.arrays(
    RECENT_DTYPE,
    st.integers(0, MAX_RECENT),
    elements=st.tuples(
        st.integers(0, 3) | st.integers(0, 2**64 - 1), st.integers(0, 3) | st.integers(0, 2**32 - 1), st.integers(1, 6)
    ),
)
entries = unordered.map(lambda given: np.frombuffer(encode_recent(given), RECENT_DTYPE))
states = st.builds(
    DinerState,
    vector=vectors,
    bias=finite,
    model_tag=st.binary(min_size=8, max_size=8),
    home_lat=st.floats(-90, 90) | st.just(math.nan),
    home_lon=st.floats(-180, 180) | st.just(math.nan),
    recent=entries,
)


def numbered(count: int, first: int = 1) -> np.ndarray:
    """Entries whose restaurants are first, first + 1, …"""
    made = np.zeros(count, dtype=RECENT_DTYPE)
    made["restaurant"] = np.arange(first, first + count)
    made["at"] = 1_000 * first - np.arange(count)
    return made


def ann(recent: np.ndarray | None = None, d: int = 32) -> DinerState:
    vector = np.linspace(-1, 1, d, dtype=np.float32)
    return DinerState(vector, 0.25, model_tag("v1"), 22.15, -100.97, numbered(3) if recent is None else recent)


def assert_same(one: DinerState, other: DinerState) -> None:
    assert one.vector.tobytes() == other.vector.tobytes()
    assert one.recent.tobytes() == other.recent.tobytes()
    assert one.model_tag == other.model_tag
    numbers = [(s.bias, s.home_lat, s.home_lon) for s in (one, other)]
    assert np.array_equal(*map(np.array, numbers), equal_nan=True)


@given(states, st.text(max_size=20), st.text(max_size=20))
def test_a_diner_comes_back_bit_for_bit(state, market, user):
    assert_same(state, decode_diner(encode_diner(market, user, state), key_hash(market, user)))


@given(states)
def test_a_diner_takes_48_bytes_4_a_dimension_and_13_an_entry(state):
    assert len(encode_diner("town", "ann", state)) == 48 + 4 * len(state.vector) + 13 * len(state.recent)


def test_decoding_copies_nothing():
    blob = encode_diner("town", "ann", ann())
    state = decode_diner(blob, OWNER)
    for array, at in ((state.vector, 48), (state.recent, 48 + 4 * 32)):
        assert not array.flags.owndata
        assert not array.flags.writeable
        assert array.__array_interface__["data"][0] == np.frombuffer(blob, np.uint8).__array_interface__["data"][0] + at


def test_every_flip_of_a_byte_of_the_fixed_part_is_refused():
    blob = encode_diner("town", "ann", ann(d=8))
    for at in range(48 + 4 * 8):
        for mask in (*(1 << bit for bit in range(8)), 0xFF):
            flipped = bytearray(blob)
            flipped[at] ^= mask
            with pytest.raises(CodecError):
                decode_diner(bytes(flipped), OWNER)


@given(at=st.integers(0, 3 * 13 - 1), mask=st.integers(1, 255))
def test_a_flip_in_the_tail_leaves_all_but_one_entry_alone(at, mask):
    state = ann()
    flipped = bytearray(encode_diner("town", "ann", state))
    flipped[48 + 4 * 32 + at] ^= mask
    read = decode_diner(bytes(flipped), OWNER)
    assert read.vector.tobytes() == state.vector.tobytes()
    assert np.count_nonzero(read.recent != state.recent) == 1


def test_every_truncation_is_refused_but_that_of_whole_entries():
    blob = encode_diner("town", "ann", ann())
    whole = {48 + 4 * 32 + 13 * count for count in range(4)}
    for length in range(len(blob)):
        if length in whole:
            continue
        with pytest.raises(CodecError):
            decode_diner(blob[:length], OWNER)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    with pytest.raises(CodecError):
        decode_diner(noise, OWNER)
    with pytest.raises(CodecError):
        decode_market(noise, OWNER)


@pytest.mark.parametrize(("market", "user"), [("town", "bob"), ("city", "ann"), ("town\0", "ann"), ("", "town\0ann")])
def test_a_blob_of_another_diner_is_refused(market, user):
    with pytest.raises(CodecError, match="another diner"):
        decode_diner(encode_diner(market, user, ann()), OWNER)


def test_another_format_version_is_refused():
    blob = encode_diner("town", "ann", ann())
    with pytest.raises(CodecError, match="version"):
        decode_diner(b"TSd\x02" + blob[4:], OWNER)


@pytest.mark.parametrize("count", [MAX_RECENT + 1, 4 * MAX_RECENT])
def test_more_entries_than_allowed_are_refused(count):
    blob = encode_diner("town", "ann", ann(recent=numbered(0))) + numbered(count).tobytes()
    with pytest.raises(CodecError):
        decode_diner(blob, OWNER)


@pytest.mark.parametrize(
    "state",
    [
        DinerState(np.zeros((2, 2), np.float32), 0.0, bytes(8)),
        DinerState(np.array([1.0, np.nan], np.float32), 0.0, bytes(8)),
        DinerState(np.array([np.inf], np.float32), 0.0, bytes(8)),
        DinerState(np.zeros(2, np.float32), math.nan, bytes(8)),
        DinerState(np.zeros(2, np.float32), 0.0, b"short"),
        DinerState(np.zeros(2**14, np.float32), 0.0, bytes(8)),
        DinerState(np.zeros(2, np.float32), 0.0, bytes(8), recent=np.zeros(2, np.uint64)),
        DinerState(np.zeros(2, np.float32), 1e39, bytes(8)),
    ],
    ids=["matrix", "nan", "infinity", "nan-bias", "short-tag", "too-long", "other-entries", "huge-bias"],
)
def test_a_state_without_a_blob_is_refused_before_it_is_stored(state):
    with pytest.raises(CodecError):
        encode_diner("town", "ann", state)


@given(st.integers(0, MAX_RECENT), st.integers(0, MAX_RECENT))
def test_newer_entries_push_out_the_oldest(held, added):
    blob = encode_diner("town", "ann", ann(recent=numbered(held)))
    newer = numbered(added, first=1000)
    read = decode_diner(with_recent(blob, encode_recent(newer)), OWNER)
    expected = [*range(1000, 1000 + added), *range(1, held + 1)][:MAX_RECENT]
    assert read.recent["restaurant"].tolist() == expected
    assert read.vector.tobytes() == ann().vector.tobytes()


@given(unordered, unordered)
def test_it_does_not_matter_in_which_order_or_how_often_entries_come(one, other):
    """Against the plain words: the newest of all, each once; within a second by type and restaurant."""
    parts = [encode_recent(one), encode_recent(other)]
    bare = encode_diner("town", "ann", ann(recent=numbered(0)))
    added = [with_recent(with_recent(bare, first), second) for first, second in (parts, parts[::-1])]
    assert added[0] == added[1] == with_recent(added[0], parts[0]) == with_recent(added[0], parts[1])
    both = {tuple(entry) for entry in [*one.tolist(), *other.tolist()]}
    newest = sorted(both, key=lambda e: (e[1], e[2], e[0].to_bytes(8, "little")), reverse=True)[:MAX_RECENT]
    assert decode_diner(added[0], OWNER).recent.tolist() == newest


def test_restaurant_hashes_are_the_same_everywhere_and_for_ever():
    assert restaurant_hash("r1") == 3512079124192222595
    assert restaurant_hashes(["r1", "ñandú"]).tolist() == [restaurant_hash("r1"), restaurant_hash("ñandú")]
    assert restaurant_hashes([]).shape == (0,)


def test_entries_are_made_from_columns():
    made = recent_entries(["r1", "r2"], [EventType.ORDER, EventType.DISMISS], [1_700_000_000.9, 0.0])
    assert made.dtype == RECENT_DTYPE
    assert made["restaurant"].tolist() == [restaurant_hash("r1"), restaurant_hash("r2")]
    assert made["at"].tolist() == [1_700_000_000, 0]
    assert made["type"].tolist() == [3, 6]


def test_every_event_type_has_its_own_code():
    assert set(EVENT_CODES) == set(EventType)
    assert len(set(EVENT_CODES.values())) == len(EventType)


@pytest.mark.parametrize("at", [-1.0, 2.0**32, math.nan, math.inf])
def test_times_that_do_not_fit_are_refused(at):
    with pytest.raises(CodecError, match="1970"):
        recent_entries(["r1"], [EventType.CLICK], [at])


@given(
    n=st.integers(0, 200),
    m=st.integers(0, 50),
    version=st.text(max_size=30),
    as_of=st.floats(0, 4e9),
    book_version=st.integers(0, 2**62),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_market_comes_back_bit_for_bit(n, m, version, as_of, book_version, seed):
    draw = np.random.default_rng(seed)
    state = MarketState(
        draw.random(n, dtype=np.float32),
        draw.integers(0, 2, n, dtype=np.uint8),
        version,
        as_of,
        book_version,
        draw.random(m, dtype=np.float32),
        draw.integers(0, 2, m, dtype=np.uint8),
    )
    read = decode_market(encode_market("town", state), key_hash("town"))
    assert read.eta_minutes.tobytes() == state.eta_minutes.tobytes()
    assert read.is_open.tobytes() == state.is_open.tobytes()
    assert read.multipliers.tobytes() == state.multipliers.tobytes()
    assert read.campaigns_open.tobytes() == state.campaigns_open.tobytes()
    assert (read.catalogue_version, read.as_of, read.book_version) == (version, as_of, book_version)


def test_every_damage_to_a_market_is_refused():
    blob = encode_market("town", MarketState(np.ones(5, np.float32), np.ones(5, np.uint8), "v1", 1.0))
    for at in range(len(blob)):
        flipped = bytearray(blob)
        flipped[at] ^= 0x10
        for damaged in (bytes(flipped), blob[:at]):
            with pytest.raises(CodecError):
                decode_market(damaged, key_hash("town"))
    with pytest.raises(CodecError, match="another market"):
        decode_market(blob, key_hash("city"))


def test_a_market_whose_version_is_no_text_is_refused_though_its_checksum_fits():
    blob = encode_market("town", MarketState(np.ones(5, np.float32), np.ones(5, np.uint8), "v1", 1.0))
    with pytest.raises(CodecError, match="UTF-8"):
        decode_market(_sealed(blob[:-1] + b"\xff"), key_hash("town"))


def test_a_market_of_two_lengths_is_refused():
    with pytest.raises(CodecError):
        encode_market("town", MarketState(np.ones(5, np.float32), np.ones(4, np.uint8), "v1", 1.0))
    with pytest.raises(CodecError):
        encode_market("town", MarketState(np.ones(5), np.ones(5), "v1", 1.0, 1, np.ones(2), np.ones(3)))


def test_the_layout_is_the_documented_one():
    blob = encode_diner("town", "ann", ann(d=2))
    magic, _, owner, tag, d, fixed, bias, lat, lon = struct.unpack_from("<4sI8s8sHHfdd", blob)
    assert (magic, owner, tag, d, fixed, bias) == (b"TSd\x01", OWNER, model_tag("v1"), 2, 56, 0.25)
    assert (lat, lon) == (22.15, -100.97)
