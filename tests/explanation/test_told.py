"""What is told of a list's entries, compiled, against its written form in `services.serving.reasons`."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.columns import EventType
from services.ranking.candidates import Filters
from services.serving._entries import Voice, numbers, written
from services.serving.present import body
from services.serving.reasons import LEAST_SHARE, MOST, PIECES, advantages, reasons, told
from services.serving.recommender import Answer
from services.serving.snapshot import MarketSnapshot
from services.serving.spoken import SUBJECTS
from services.serving.told import Phrases
from services.stakeholders.policy import Control, GroupedBy
from tests.conftest import SmallCity
from tests.explanation.lists import listed, market_of
from tests.explanation.test_reasons import fair

MODELS = ("popular", "lightfm", "ease", "lightfm+lambdamart")
KINDS = (EventType.ORDER, EventType.CLICK, EventType.DISMISS, EventType.RATING)
VALUES = arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.just(len(PIECES))),
    elements=st.sampled_from([0.0, -0.0, 0.5, -1.0, 1.0, 2.0, 1e-12]) | st.floats(-10, 10),
)


def lists_of(market: MarketSnapshot, **given: Any) -> Iterator[Answer]:
    """Of all kinds of diners, short ones and an empty one among them."""
    names = market.catalogue.ids
    yield listed(market, None, **given)
    yield listed(market, 1, filters=Filters(only=names[:3]), **given)
    yield listed(market, 1, filters=Filters(only=[]), **given)
    for diner in range(0, 60, 3):
        did = [(names[(7 * diner + 11 * n) % len(names)], KINDS[(diner + n) % 4]) for n in range(diner % 4)]
        yield listed(market, diner, did, number=diner + 1, **given)


def weighed(answer: Answer) -> tuple[np.ndarray, list[list[int]]]:
    """The compiled pieces of a list, and which of them are told."""
    snapshot, shown, state = answer.ask.snapshot, answer.shown, answer.state
    curve, shortlists = snapshot.catalogue.calibration.order, answer.ranked.shortlists
    pieces = np.full((len(shown.rows), len(PIECES)), np.nan)
    found, which = Phrases.of(snapshot).voice.weigh(
        shown.rows,
        shown.organic_ranks,
        np.ascontiguousarray(shown.terms),
        shortlists.order,
        shortlists.terms,
        shortlists.offsets,
        shortlists.passing,
        None if state is None else state.vector,
        snapshot.spoken.has_seen(snapshot.artifact.diner_row(answer.ask.user_id)),
        state is not None and len(state.recent) > 0,
        snapshot.catalogue.reranker is not None,
        curve.travel / curve.slope,
        curve.slope,
        pieces,
    )
    codes = np.frombuffer(found, np.int32).reshape(-1, MOST).tolist()
    assert which == sum(1 << piece for piece in {code % len(PIECES) for row in codes for code in row if code >= 0})
    return pieces, [[code % len(PIECES) for code in row if code >= 0] for row in codes]


def held_against_the_written_form(answer: Answer) -> None:
    pieces, which = weighed(answer)
    assert pieces == pytest.approx(advantages(answer), abs=1e-5)
    assert which == told(advantages(answer))
    items = orjson.loads(body(answer, "reasons"))["items"]
    assert [item["reasons"] for item in items] == reasons(answer)


@pytest.mark.parametrize("model", MODELS)
def test_it_tells_what_the_written_form_tells(small_city: SmallCity, model: str) -> None:
    for answer in lists_of(market_of(small_city.dataset, model)):
        held_against_the_written_form(answer)


@pytest.mark.parametrize("by", list(GroupedBy))
def test_it_tells_whom_a_control_lifts_and_what_is_left_to_chance(small_city: SmallCity, by: GroupedBy) -> None:
    dials: dict[str, Any] = {"control": Control.FAIRCO, "gain": 0.1, "newcomer_quota": 0.3, "by": by}
    market, ledgers = fair(market_of(small_city.dataset, "lightfm"), exploration=0.01, **dials)
    codes = set()
    for answer in lists_of(market, ledgers=ledgers):
        held_against_the_written_form(answer)
        codes |= {note["code"] for notes in reasons(answer) for note in notes}
    assert {"fair-share", "exploring"} <= codes


def test_a_diner_is_told_nothing_of_the_one_before(small_city: SmallCity) -> None:
    market = market_of(small_city.dataset, "lightfm")
    answers = [listed(market, diner, number=diner + 1) for diner in range(6)]
    first = [body(answer, "reasons") for answer in answers]
    assert [body(answer, "reasons") for answer in reversed(answers)] == first[::-1]
    assert len({bytes(one) for one in first}) == len(first)


@given(pieces=VALUES)
def test_of_the_written_form_the_first_of_a_stable_sort_that_are_large_enough_are_told(pieces: np.ndarray) -> None:
    wanted = []
    for row in pieces:
        bound = np.maximum(row, 0.0).sum() * LEAST_SHARE + 1e-9
        falling = sorted(range(len(row)), key=lambda piece: (-row[piece], piece))
        wanted.append([piece for piece in falling if row[piece] >= bound][:MOST])
    assert told(pieces) == wanted


def test_what_does_not_fit_is_refused(small_city: SmallCity) -> None:
    market = market_of(small_city.dataset, "lightfm")
    answer, spoken = listed(market, 1), market.spoken
    shown, lists = answer.shown, answer.ranked.shortlists
    for wrong in (
        {"rows": shown.rows + market.catalogue.size},
        {"rows": shown.rows - market.catalogue.size},
        {"organic_ranks": [10_000] * len(shown.rows)},
        {"organic_ranks": [0] * len(shown.rows)},
        {"organic_ranks": [1]},
        {"terms": shown.terms[:, :3]},
        {"terms": shown.terms.astype(np.float32)},
    ):
        with pytest.raises(ValueError, match=r"rank|rows|terms"):
            weighed(replace(answer, shown=replace(shown, **wrong)))
    beyond = replace(lists, order=lists.order + lists.order.size)
    with pytest.raises(ValueError, match="order"):
        weighed(replace(answer, ranked=replace(answer.ranked, shortlists=beyond)))
    parts = [
        market.catalogue.vectors,
        spoken.index,
        spoken.starts,
        spoken.table,
        spoken.nobody,
        spoken.popular,
        spoken.said_to_all,
        spoken.to_all,
    ]
    for place, part in enumerate(parts):
        with pytest.raises(ValueError, match=r"fit|items"):
            Voice(*parts[:place], part[:-1].copy(), *parts[place + 1 :])
    with pytest.raises(ValueError, match="fit"):
        Voice(parts[0], spoken.index + len(spoken.table), *parts[2:])
    with pytest.raises(TypeError):
        Voice(*parts).__init__(*parts)
    with pytest.raises(ValueError, match="not made"):
        Voice.__new__(Voice).weigh(*[None] * 8, False, False, False, 1.0, 1.0, None)


def entries(**instead: Any) -> bytes:
    """Two entries, written."""
    told = np.asarray([[2, 0, -1], [5 + len(PIECES), -1, -1]], np.int32).tobytes()
    always = (b'{"always":0}', *[None] * (len(PIECES) - 1))
    given: dict[str, Any] = {
        "head": b'{"a":1',
        "numbers": b"[1.5,null,0.25,2.0,20.0,3e-7]",
        "cards": ((b'"id":"x"', b'"at":1'), (b'"id":"y"', b'"at":2')),
        "ranks": [1, 7],
        "paid": {1: (b'{"payer":"p"}', b'{"paid":1}')},
        "terms": None,
        "rows": np.asarray([1, 0]),
        "open": np.asarray([True, False]),
        "distances": np.asarray([0.25, 2.0]),
        "told": told,
        "subjects": len(SUBJECTS),
        "always": always,
        "to_you": (b'{"you":1}',),
        "to_all": (b'{"all":1}',),
        "own": (),
    }
    return written(*{**given, **instead}.values())


def test_entries_are_written_one_after_the_other() -> None:
    assert entries() == (
        b'{"a":1,"items":['
        b'{"rank":1,"id":"y","score":1.5,"organic_rank":1,"sponsored":false,"sponsor":null,'
        b'"reasons":[{"code":"near","text":"0.2 km away"},{"always":0}],"explanation":null,"at":2,'
        b'"distance_km":0.25,"open_now":false,"eta_minutes":20.0},'
        b'{"rank":2,"id":"x","score":null,"organic_rank":7,"sponsored":true,"sponsor":{"payer":"p"},'
        b'"reasons":[{"paid":1},{"you":1}],"explanation":null,"at":1,'
        b'"distance_km":2.0,"open_now":true,"eta_minutes":3e-7}]}'
    )
    assert b'"reasons":[]' in entries(told=None)
    assert b'"explanation":[1]' in entries(terms=[b"[1]", b"[2]"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"ranks": [1]},
        {"ranks": ["1", "2"]},
        {"rows": np.asarray([0, 2])},
        {"rows": np.asarray([-1, 0])},
        {"rows": np.asarray([0, 1], np.int32)},
        {"numbers": b""},
        {"open": np.asarray([True])},
        {"told": b"short"},
        {"to_you": ()},
        {"to_you": ("text",)},
        {"terms": [b"[1]"]},
        {"cards": (("text", b""), (b"", b""))},
        {"told": np.asarray([[3, -1, -1]] * 2, np.int32).tobytes()},
        {"head": "text"},
        {"subjects": 0},
    ],
    ids=str,
)
def test_entries_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        entries(**wrong)


@given(
    values=st.lists(
        st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 50).map(lambda km: round(km, 4)), max_size=30
    )
)
def test_kilometres_are_rounded_as_numpy_rounds_them(values: list[float]) -> None:
    given, out = np.asarray(values, np.float64), np.empty(3 * len(values))
    numbers(np.zeros(len(values), np.int64), given, given, np.asarray([20.5], np.float32), out)
    with np.errstate(over="ignore"):
        wanted = [*given, *np.round(given, 3), *[20.5] * len(values)]
    np.testing.assert_array_equal(out, wanted)
