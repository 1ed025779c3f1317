"""The record of a list: read back to the bit, in the form of today and of before, by this program and an auditor's."""

import itertools
import math
import struct
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.columns import EventType
from models.fairness.control import Ledger
from services.ads.campaign import Campaign
from services.audit._columns import pack, pack_names, unpack, unpack_names
from services.audit.documents import (
    TERM_NAMES,
    Damaged,
    encoded,
    plain_columns,
    plain_names,
    read_columns,
    read_document,
)
from services.ranking.auction import CANDIDATE, read_candidates
from services.ranking.candidates import Filters
from services.ranking.rank import TERMS
from services.ranking.replay import PastAuction
from services.serving.fair_share import list_ledger
from services.serving.recommender import Answer
from services.serving.served_document import placements, served_document, terms_of
from services.stakeholders.policy import AdPolicy, FairnessPolicy, Policy
from tests.conftest import SmallCity
from tests.explanation.json_records import json_document
from tests.explanation.lists import listed, market_of, under

OF_BEFORE = Path(__file__).with_name("document_of_before.json")
VALUES = (
    st.sampled_from([0.0, -0.0, 1.0, 255.0, 256.0, 65_535.0, 65_536.0, 65.535, 65.536, math.nan, math.inf, -math.inf])
    | st.integers(0, 70_000).map(float)
    | st.integers(0, 70_000).map(lambda number: number / 1000.0)
    | st.floats(width=32)
    | st.floats()
)
KINDS = [
    st.sampled_from([0.0, 0.25]),
    st.integers(0, 300).map(float),
    st.integers(0, 70_000).map(float),
    st.integers(0, 65_535).map(lambda number: number / 1000.0),
    # Nearly what a shorter form gives back, and not it.
    st.integers(1, 65_535).map(lambda number: math.nextafter(number / 1000.0, math.inf)),
    st.integers(1, 65_535).map(lambda number: math.nextafter(float(number), 0.0)),
    st.floats(width=32, allow_nan=False),
    st.floats(),
    VALUES,
]
COLUMNS = st.lists(st.sampled_from(KINDS).flatmap(lambda kind: st.lists(kind, max_size=40)), max_size=8)


def bits(columns: list[list[float]]) -> list[bytes]:
    return [struct.pack(f"<{len(values)}d", *values) for values in columns]


@given(columns=COLUMNS)
def test_columns_come_back_to_the_bit_whoever_reads_them(columns: list[list[float]]) -> None:
    packed = pack(*(np.asarray(values, np.float64) for values in columns))
    assert bits(unpack(packed, 0)) == bits(columns)
    assert bits(plain_columns(packed, 0)) == bits(columns)
    assert len(packed) <= sum(3 + 8 * len(values) for values in columns)


@given(
    rows=arrays(np.float64, st.tuples(st.integers(0, 5), st.integers(0, 30)), elements=VALUES), step=st.integers(1, 3)
)
def test_rows_are_columns_however_they_lie_in_memory(rows: np.ndarray, step: int) -> None:
    assert bits(unpack(pack(rows), 0)) == bits(rows.tolist())
    assert bits(unpack(pack(rows[:, ::-step], rows.T), 0)) == bits([*rows[:, ::-step].tolist(), *rows.T.tolist()])


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-1, 2**31 - 1), st.integers(0, 2**15 - 1), st.booleans(), st.integers(0, 255), *[VALUES] * 6
        ),
        max_size=30,
    )
)
def test_candidates_come_back_to_the_bit(rows: list[tuple[Any, ...]]) -> None:
    found = np.asarray(rows, CANDIDATE)
    nobody, somebody = pack_names((), np.zeros(0, np.int64)), pack_names(["c"], np.zeros(len(rows), np.int64))
    nothing = pack(np.zeros((len(TERM_NAMES[0]) + 1, 0)))
    document = encoded(b'{"k":0,"terms":0,"ads":{}}', nobody, somebody, nothing, pack(found))
    again = read_candidates(b64decode(read_document(document)["ads"]["candidates"]), len(rows))
    assert again.tobytes() == found.tobytes()


@given(
    known=st.lists(st.text(max_size=128) | st.integers(0, 99).map("r0-{:05d}".format), min_size=1, max_size=20),
    data=st.data(),
)
def test_names_come_back_whoever_reads_them(known: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(known) - 1), max_size=30))
    packed = pack_names(known, np.asarray(chosen, np.int64))
    wanted = [known[which] for which in chosen]
    assert unpack_names(packed + b"more", 0) == (wanted, len(packed))
    assert plain_names(b"before" + packed, 6) == (wanted, len(packed) + 6)


@given(columns=COLUMNS, known=st.lists(st.text(max_size=9), min_size=1, max_size=5), data=st.data())
def test_damage_is_told_by_both_readers_or_by_none(
    columns: list[list[float]], known: list[str], data: st.DataObject
) -> None:
    def told(read: Callable[[bytes, int], Any], damaged: bytes) -> Any:
        try:
            return repr(read(damaged, 0))
        except (ValueError, LookupError, struct.error):
            return None

    packed = pack(*(np.asarray(values, np.float64) for values in columns))
    named = pack_names(known, np.arange(len(known)))
    for whole, plain, compiled in ((packed, plain_columns, unpack), (named, plain_names, unpack_names)):
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(0, 3))):
            if damaged:
                damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
        assert told(compiled, cut) == told(plain, cut)


@pytest.mark.parametrize(
    "array",
    [np.zeros(3, np.float32), np.zeros((1, 2, 3)), np.zeros(65_536), np.zeros(4, CANDIDATE)[::2], np.float64(1)],
)
def test_what_are_no_columns_is_refused(array: Any) -> None:
    with pytest.raises(ValueError, match="columns are"):
        pack(array)


@pytest.mark.parametrize("rows", [np.asarray([2]), np.asarray([-1]), np.zeros((1, 1), np.int64), np.zeros(1, np.int32)])
def test_names_that_are_not_there_are_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match="name"):
        pack_names(["a", "b"], rows)


def test_the_program_reads_with_the_compiled_form() -> None:
    assert read_columns is unpack
    assert TERM_NAMES[1] == TERMS


# -- documents


SELLING = AdPolicy(money=0.05, max_calibration_error=1.0)
CONTROLLED = FairnessPolicy(gain=0.2, by="district")
POLICIES = [
    Policy(name="plain", ads=AdPolicy(money=0.0)),
    Policy(name="sells", ads=SELLING),
    Policy(name="explores", exploration=0.05, ads=SELLING),
    Policy(name="controls", ads=AdPolicy(money=0.0), fairness=CONTROLLED),
    Policy(name="all", exploration=0.05, ads=SELLING, fairness=CONTROLLED, shortlist=50),
]


def lists(city: SmallCity, policy: Policy) -> list[Answer]:
    plain = market_of(city.dataset, "lightfm")
    campaigns = [
        Campaign.model_validate(
            {
                "market": plain.info.market,
                "campaign_id": f"c{number}",
                "restaurant_id": one.restaurant_id,
                "payer": f"Payer “{number}”",
                "bid": 40 + number,
                "billing": "order" if number % 2 else "click",
                "daily_budget": 10_000,
                "total_budget": 100_000,
            }
        )
        for number, one in enumerate(plain.restaurants[::3])
    ]
    market = under(plain, policy, campaigns)
    ids = market.catalogue.ids
    did = [(ids[4], EventType.CLICK), (ids[9], EventType.ORDER)]
    asked = [
        None,
        Filters(lat=52.0, lon=-0.5, radius_km=0.001),
        Filters(lat=0.0, lon=0.0),
        Filters(exclude=ids[:3], max_price=2, open_minute=0),
        Filters(only=list(ids[:5]), cuisine=None),
    ]
    return [
        listed(market, diner, did if number % 2 else None, k, filters, number)
        for number, (diner, k, filters) in enumerate(itertools.product((None, 3, 40), (1, 20), asked))
    ]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_document_says_what_it_said_as_json(small_city: SmallCity, policy: Policy) -> None:
    sizes, sold, drawn = [], 0, 0
    for answer in lists(small_city, policy):
        by = policy.fairness.by
        ledgers: dict[Any, Ledger] = {by: list_ledger(answer.ask, answer.ranked, answer.shown, by)}
        packed, plain = served_document(answer, ledgers), json_document(answer, ledgers)
        found = read_document(packed)
        assert found == orjson.loads(plain) == read_document(plain)
        assert orjson.dumps(terms_of(found)) == orjson.dumps(terms_of(orjson.loads(plain)))
        assert placements(packed) == placements(plain)
        if len(answer.shown.rows) == 20:
            sizes.append((len(packed), len(plain)))
        sold += "sold" in found.get("ads", {})
        drawn += "draw" in found
    assert sizes
    assert sum(short for short, _ in sizes) < 0.6 * sum(long for _, long in sizes)
    assert (sold > 0) == (policy.ads.money > 0.0)
    assert (drawn > 0) == (policy.exploration > 0.0)


def test_a_document_of_before_is_read() -> None:
    kept = OF_BEFORE.read_bytes()
    document = read_document(kept)
    assert document == orjson.loads(kept)
    assert len(document["restaurant_ids"]) == 20
    assert placements(kept)["r0-00702"] == (1, 1.0)
    past = PastAuction.of(document, terms_of(document))
    assert past is not None
    assert (len(past.candidates), past.campaign_ids[0]) == (len(document["ads"]["campaign_ids"]), "c0-00020")


@pytest.mark.parametrize("document", [b"", b"\x02", b"\x03\x00\x00\x00\x00", b"[1", b"{", b"\x02\x02\x00\x00\x00{}"])
def test_what_is_no_document_is_told(document: bytes) -> None:
    with pytest.raises(Damaged, match="no document of a served list"):
        read_document(document)


def test_no_end_of_a_document_is_taken_for_a_whole_one(small_city: SmallCity) -> None:
    for answer in lists(small_city, POLICIES[-1])[:12]:
        whole = served_document(answer)
        for end in range(len(whole)):
            with pytest.raises(Damaged):
                read_document(whole[:end])
