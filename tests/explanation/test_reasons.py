"""Reasons are true: each is a piece of what lifts the entry, and the pieces are the score."""

import numpy as np
import pytest

from data.columns import EventType
from models.ease import EaseModel
from models.explanation.spoken_for import TellsTags
from models.training_data import restaurant_tags
from services.ranking.recency import action_weights
from services.serving.diners import recent_actions
from services.serving.reasons import LEAST_SHARE, PIECES, advantages, reasons, told
from services.serving.recommender import Answer
from services.serving.snapshot import MarketSnapshot
from services.serving.spoken import SUBJECTS, _subject
from services.stakeholders.policy import Policy
from tests.conftest import SmallCity
from tests.explanation.lists import listed, market_of, under

MODELS = ("popular", "lightfm", "ease", "ials", "lightfm+lambdamart", "ensemble")
DINERS = range(0, 60, 3)


@pytest.fixture(scope="module", params=MODELS)
def market(request: pytest.FixtureRequest, small_city: SmallCity) -> MarketSnapshot:
    return market_of(small_city.dataset, request.param)


def some_lists(market: MarketSnapshot) -> list[Answer]:
    names = market.catalogue.ids
    kinds = (EventType.ORDER, EventType.CLICK, EventType.DISMISS, EventType.RATING)
    lists = [listed(market, None)]
    for diner in DINERS:
        did = [(names[(7 * diner + 11 * n) % len(names)], kinds[(diner + n) % 4]) for n in range(diner % 4)]
        lists.append(listed(market, diner, did, number=diner + 1))
    return lists


def raw_beyond(answer: Answer) -> np.ndarray:
    """What each entry has beyond the average restaurant and way, from the ledger and the catalogue alone."""
    catalogue, shown, shortlists = answer.ask.snapshot.catalogue, answer.shown, answer.ranked.shortlists
    nobody = answer.ask.snapshot.nobody
    vector = nobody.vectors[0] if answer.state is None else answer.state.vector
    bias = float(nobody.biases[0]) if answer.state is None else answer.state.bias
    everywhere = catalogue.vectors.astype(np.float64) @ vector.astype(np.float64) + catalogue.biases + bias
    curve = catalogue.calibration.order
    offsets = [float(shortlists.offsets[0][shortlists.rows[0] == row][0]) for row in shown.rows]
    typical = shortlists.terms[1:3, 0].mean(axis=1)
    if shortlists.passing is not None:
        typical = shortlists.terms[1:3, 0][:, shortlists.passing[0]].mean(axis=1)
    rest = shown.terms[1] + shown.terms[2] - typical.sum()
    return shown.terms[0] - everywhere.mean() + rest + curve.travel / curve.slope * np.asarray(offsets)


def test_the_pieces_add_up_to_what_an_entry_has_beyond_the_average(market: MarketSnapshot) -> None:
    for answer in some_lists(market):
        assert advantages(answer).sum(axis=1) == pytest.approx(raw_beyond(answer), abs=1e-4)


def test_a_subject_weighs_what_its_tags_say_beyond_the_average_restaurant(market: MarketSnapshot) -> None:
    model = market.artifact.model
    if not isinstance(model, TellsTags):
        assert not market.spoken.to_all.any()
        return
    names, table = model.tag_effects()
    row_of = {name: row for row, name in enumerate(names)}
    own = [[row_of[t] for t in restaurant_tags(**one.features()) if t in row_of] for one in market.restaurants]
    for answer in some_lists(market)[:6]:
        pieces, nobody = advantages(answer), market.nobody.vectors[0].astype(np.float64)
        moved = 0.0 * nobody if answer.state is None else answer.state.vector - nobody
        for to, said in (("to-you", table[:, :-1] @ moved), ("to-all", table[:, :-1] @ nobody + table[:, -1])):
            for subject in SUBJECTS:
                there = [[said[t] for t in tags if _subject(names[t]) == subject] for tags in own]
                average = np.mean([sum(values) for values in there])
                found = pieces[:, PIECES.index(f"{subject}-{to}")]
                for entry, row in enumerate(answer.shown.rows.tolist()):
                    expected = sum(there[row]) - average if there[row] else 0.0
                    assert found[entry] == pytest.approx(expected, abs=1e-4)


def test_only_what_lifts_an_entry_is_told_the_strongest_first(market: MarketSnapshot) -> None:
    for answer in some_lists(market):
        pieces = advantages(answer)
        for entry, which in enumerate(told(pieces)):
            values = pieces[entry, which]
            assert (values >= LEAST_SHARE * np.maximum(pieces[entry], 0).sum()).all()
            assert (values > 0.0).all()
            assert (np.diff(values) <= 0.0).all()
            others = np.delete(pieces[entry], which)
            assert len(which) == 3 or (others < LEAST_SHARE * np.maximum(pieces[entry], 0).sum() + 1e-9).all()
        assert [len(notes) for notes in reasons(answer)] == [len(which) for which in told(pieces)]


def test_a_tag_that_is_named_is_the_restaurants_own(market: MarketSnapshot) -> None:
    for answer in some_lists(market):
        for row, notes in zip(answer.shown.rows.tolist(), reasons(answer), strict=True):
            one = market.restaurants[row]
            for note in notes:
                if note["code"].startswith("cuisine"):
                    assert any(name.replace("_", " ") in note["text"].lower() for name in one.cuisines)
                if note["code"].startswith("price"):
                    assert "$" * (one.price_level or 0) in note["text"]
                if note["code"].startswith("district"):
                    assert one.district in note["text"]


def test_without_personalisation_nothing_is_said_of_you(market: MarketSnapshot) -> None:
    texts = [note["text"] for notes in reasons(listed(market, None)) for note in notes]
    assert texts
    assert not any("you" in text.lower().split() for text in texts)


def test_profiles_are_in_no_reason(market: MarketSnapshot) -> None:
    told_of = {note["code"] for answer in some_lists(market) for notes in reasons(answer) for note in notes}
    allowed = {"near", "taste", "popular", "profile", "area", "recent-choices", "chosen-before", "moment"}
    attributes = {"cuisine", "price", "chain", "delivery", "district", "area", "ambience", "alcohol", "parking"}
    assert told_of <= allowed | attributes | {f"{name}-popular" for name in attributes}


def test_what_was_done_lately_is_named_where_it_says_most(small_city: SmallCity) -> None:
    market = market_of(small_city.dataset, "lightfm")
    names, found = market.catalogue.ids, 0
    for diner in DINERS:
        answer = listed(market, diner, [(names[3 * diner % 150], EventType.ORDER), (names[5], EventType.CLICK)])
        state, policy = answer.state, answer.ask.policy
        assert state is not None
        actions = recent_actions(state, market.row_of_hash, answer.at)
        weights = action_weights(
            actions.weights, actions.ages_hours, policy.recency_gain, policy.recency_half_life_hours
        )
        vectors = market.catalogue.vectors.astype(np.float64)
        mean = vectors.mean(axis=0)
        for row, notes in zip(answer.shown.rows.tolist(), reasons(answer), strict=True):
            says = [w * (vectors[at] @ (vectors[row] - mean)) for at, w in zip(actions.rows, weights, strict=True)]
            most = int(actions.rows[int(np.argmax(says))])
            for note in notes:
                if note["code"] == "recent-choices" and "lately" in note["text"] and note["text"].startswith("Like"):
                    assert market.restaurants[most].name in note["text"]
                    found += 1
    assert found


def test_a_choice_of_before_is_named_where_it_says_most(small_city: SmallCity) -> None:
    market = market_of(small_city.dataset, "ease")
    model, found = market.artifact.model, 0
    assert isinstance(model, EaseModel)
    for diner in DINERS:
        answer = listed(market, diner)
        liked, weights = model._liked_by(diner)
        if not len(liked):
            assert "chosen-before" not in {note["code"] for notes in reasons(answer) for note in notes}
            continue
        said = np.stack([model.reasons(liked, weights, row) for row in range(market.catalogue.size)])
        ids = market.artifact.restaurant_ids
        for row, notes in zip(answer.shown.rows.tolist(), reasons(answer), strict=True):
            learnt = market.artifact.restaurant_row(market.catalogue.ids[row])
            assert learnt is not None
            most = ids[int(liked[int((said[learnt] - said.mean(axis=0)).argmax())])]
            for note in notes:
                if note["code"] == "chosen-before":
                    name = market.restaurants[market.catalogue.row_of[most]].name
                    own = most == market.catalogue.ids[row]
                    assert note["text"] == "You chose it before" if own else name in note["text"]
                    found += 1
    assert found


def test_a_draw_is_told_only_where_it_lifts(small_city: SmallCity) -> None:
    market = under(market_of(small_city.dataset, "lightfm"), Policy(name="curious", exploration=0.05), [])
    seen = set()
    for diner in DINERS:
        answer = listed(market, diner, number=diner + 5)
        draw = answer.shown.terms[4] - answer.ranked.shortlists.terms[4, 0].mean()
        for value, notes in zip(draw.tolist(), reasons(answer), strict=True):
            said = "exploring" in {note["code"] for note in notes}
            assert not said or value > 0.0
            seen.add(said)
    assert seen == {True, False}
