"""Reasons are true: each is a piece of what lifts the entry, and the pieces are the score."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from data import columns as col
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models.ease import EaseModel
from models.explanation.spoken_for import TellsTags
from models.fairness.control import Ledger
from models.training_data import restaurant_tags
from services.ranking.rank import FAIRNESS, TERMS
from services.ranking.recency import action_weights
from services.serving.diners import recent_actions
from services.serving.fair_share import Counting, Ledgers
from services.serving.live import live_market
from services.serving.reasons import LEAST_SHARE, PIECES, advantages, reasons, told
from services.serving.recommender import Answer, ranked_lists, sold_list
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.serving.spoken import SUBJECTS, YOURS, _subject
from services.stakeholders.policy import Control, FairnessPolicy, GroupedBy, Policy
from tests.conftest import SmallCity
from tests.explanation.lists import AT, listed, market_of, under

MODELS = ("popular", "lightfm", "ease", "ials", "lightfm+lambdamart", "ensemble")
DINERS = range(0, 60, 3)
EXPLORATION = TERMS.index("exploration")


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
        seen = market.spoken.has_seen(market.artifact.diner_row(answer.ask.user_id))
        moved = answer.state.vector - nobody if seen and answer.state is not None else 0.0 * nobody
        for to, said in (("to-you", table[:, :-1] @ moved), ("to-all", table[:, :-1] @ nobody + table[:, -1])):
            for subject in YOURS if to == "to-you" else SUBJECTS:
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
    attributes = {"cuisine", "price", "chain", "delivery", "district", "area", "ambience", "parking"}
    assert told_of <= allowed | attributes | {f"{name}-popular" for name in (*attributes, "alcohol", "smoking")}


@pytest.mark.parametrize("model", ["lightfm", "lightfm+lambdamart", "ensemble"])
@pytest.mark.parametrize("did", [[], [(3, EventType.ORDER)]])
def test_of_a_profile_alone_it_is_said_that_it_fits(
    small_city: SmallCity, model: str, did: list[tuple[int, EventType]]
) -> None:
    market, fits = market_of(small_city.dataset, model), 0
    people = Dataset.open(small_city.dataset).diners(market.info.market)[col.PROFILE].tolist()
    for number in DINERS:
        known = listed(market, number, [(market.catalogue.ids[row], kind) for row, kind in did])
        new = market.artifact.model.new_diners([people[number]])
        assert known.state is not None
        state = replace(known.state, vector=new.vectors[0], bias=float(new.biases[0]))
        ask = replace(known.ask, user_id="somebody-new")
        ranked = ranked_lists(ask, state, AT, known.request_id)
        answer = replace(known, ask=ask, state=state, ranked=ranked, shown=sold_list(ask, ranked))
        assert advantages(answer).sum(axis=1) == pytest.approx(raw_beyond(answer), abs=1e-4)
        for notes in reasons(answer):
            assert not any(note["text"].startswith("You like") for note in notes)
            fits += any(note["text"] == "Fits your profile" for note in notes)
    assert fits


@pytest.fixture(scope="module")
def devout(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> tuple[MarketSnapshot, set[str]]:
    """A city in which what people eat tells their faith: half the diners order at halal, vegan and dry places alone."""
    city = Dataset.open(small_city.dataset)
    restaurants, diners, events = city.restaurants(), city.diners(), city.events()
    theirs = restaurants.index % 3 == 0
    kinds = ["halal", "vegan_kitchen"]
    for row in restaurants.index[theirs]:
        restaurants.at[row, col.CUISINES] = [kinds[row % 2]]
        restaurants.at[row, col.TAGS] = ["alcohol=not served", "smoking=not allowed"]
    faithful = set(diners[col.USER_ID][::2])
    diners[col.PROTECTED] = [[f"religion={'one' if name in faithful else 'none'}"] for name in diners[col.USER_ID]]
    places = set(restaurants[col.RESTAURANT_ID][theirs])
    apart = events[col.USER_ID].isin(faithful) == events[col.RESTAURANT_ID].isin(places)
    path = tmp_path_factory.mktemp("devout") / "city"
    with writing(path) as writer:
        writer.append(Table.RESTAURANTS, restaurants)
        writer.append(Table.DINERS, diners)
        writer.append(Table.EVENTS, events[apart])
        writer.finish(city.manifest)
    return market_of(path, "lightfm"), faithful


def test_customs_are_nobodys_own(devout: tuple[MarketSnapshot, set[str]]) -> None:
    market, faithful = devout
    spoken, drawn = market.spoken, {True: list[bool](), False: list[bool]()}
    effect = dict(zip(spoken.tags, spoken.table, strict=False))["cuisine=halal"]
    for diner in range(len(market.artifact.diner_ids)):
        answer = listed(market, diner)
        assert answer.state is not None
        likes = float(effect @ (answer.state.vector - spoken.nobody)) > 0.0
        drawn[answer.ask.user_id in faithful].append(likes)
        for note in (note for notes in reasons(answer) for note in notes):
            words = set(re.findall("[a-z]+", note["text"].lower()))
            if words & {"halal", "vegan", "alcohol", "smoking"}:
                assert "you" not in words
                assert note["code"].endswith("-popular")
    # What is not said is there to be said: the model has learnt who is drawn to it.
    assert np.mean(drawn[True]) > np.mean(drawn[False]) + 0.2


@pytest.mark.parametrize(
    ("tag", "subject"),
    [
        ("cuisine=thai", "cuisine"),
        ("cuisine=steakhouse", "cuisine"),
        ("cuisine=Halal", "customs"),
        ("cuisine=organic-healthy", "customs"),
        ("cuisine=gluten_free bakery", "customs"),
        ("alcohol=full bar", "customs"),
        ("smoking=section", "customs"),
        ("alcohol=no", ""),
        ("accessibility=completely", ""),
        ("religion=one", ""),
    ],
)
def test_a_tag_has_the_subject_that_it_may_be_spoken_of_under(tag: str, subject: str) -> None:
    assert _subject(tag) == subject


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


def fair(market: MarketSnapshot, exploration: float = 0.0, **dials: Any) -> tuple[MarketSnapshot, Ledgers]:
    """A market under a control, every tenth restaurant new, and a ledger in which groups had unequal shares."""
    policy = Policy(name="fair", exploration=exploration, fairness=FairnessPolicy(quality_floor=0.0, **dials))
    restaurants = [
        one.model_copy(update={"opened_at": AT - timedelta(days=9 if row % 10 == 0 else 900)})
        for row, one in enumerate(market.restaurants)
    ]
    made = build_snapshot(market.info, 1, restaurants, market.artifact, {policy.name: policy}, policy.name, 1, [])
    counting = Counting.under(policy.fairness)
    assert counting is not None
    groups = live_market(made, AT, {}, {}, {}).groups(made, policy.fairness.by).names
    shares = np.random.default_rng(5).random((2, len(groups)))
    ledger = Ledger(groups, 400.0 * shares[0], 40.0 * shares[1], newcomers=1.0, lists=100.0, days=9.0)
    return made, {counting: ledger}


@pytest.mark.parametrize("by", list(GroupedBy))
@pytest.mark.parametrize(
    "dials",
    [
        {"control": Control.FAIRCO, "gain": 0.1, "max_lift": 0.3},
        {"control": Control.P_MMF, "gain": 0.02},
        {"control": Control.P_MMF, "gain": 0.02, "newcomer_quota": 0.3},
    ],
    ids=["fairco", "p-mmf", "quota"],
)
def test_of_fairness_it_is_said_which_restaurants_are_moved_up(
    small_city: SmallCity, dials: dict[str, Any], by: GroupedBy
) -> None:
    market, ledgers = fair(market_of(small_city.dataset, "lightfm"), by=by, **dials)
    policy, said = market.policies["fair"].fairness, set()
    for diner in DINERS:
        answer = listed(market, diner, ledgers=ledgers)
        lifts = answer.ask.live.lifts(market, policy)
        assert lifts is not None
        groups, typical = answer.ask.live.groups(market, by), answer.ranked.shortlists.typical()[FAIRNESS, 0]
        for row, term, notes in zip(
            answer.shown.rows.tolist(), answer.shown.terms[FAIRNESS].tolist(), reasons(answer), strict=True
        ):
            for text in (note["text"] for note in notes if note["code"] == "fair-share"):
                assert term > max(typical, 0.0)
                like = groups.codes == groups.codes[row]
                if "newcomers" in text:
                    assert groups.newcomers[row]
                    like &= groups.newcomers
                assert (lifts.values[like] > 0.0).all()
                named = {
                    GroupedBy.KIND: groups.names[groups.codes[row]],
                    GroupedBy.DISTRICT: market.restaurants[row].district,
                    GroupedBy.PRICE: "$" * (market.restaurants[row].price_level or 0),
                    GroupedBy.CUISINE: " ".join(market.restaurants[row].cuisines[:1]).replace("_", " "),
                }[by]
                assert named in text
                said.add(text)
    assert said


def test_who_is_moved_down_less_than_others_is_not_told_to_be_moved_up(small_city: SmallCity) -> None:
    """Not even where all others are moved down further, and the entry stands higher for it."""
    market, ledgers = fair(market_of(small_city.dataset, "lightfm"), control=Control.FAIRCO, gain=0.02)
    answer = listed(market, 3, ledgers=ledgers)
    terms, lists = answer.shown.terms.copy(), answer.ranked.shortlists.terms.copy()
    terms[FAIRNESS], lists[FAIRNESS] = -0.001, -0.2
    shortlists = replace(answer.ranked.shortlists, terms=lists)
    down = replace(
        answer, shown=replace(answer.shown, terms=terms), ranked=replace(answer.ranked, shortlists=shortlists)
    )
    assert (advantages(down)[:, PIECES.index("fairness")] < 0.0).all()
    assert "fair-share" not in {note["code"] for notes in reasons(down) for note in notes}


def test_what_is_added_to_a_probability_weighs_what_the_curves_inverse_says(small_city: SmallCity) -> None:
    market, ledgers = fair(market_of(small_city.dataset, "lightfm"), exploration=0.01, control=Control.FAIRCO, gain=0.1)
    slope, seen = market.catalogue.calibration.order.slope, 0
    for diner in DINERS:
        answer = listed(market, diner, ledgers=ledgers, number=diner + 5)
        terms, typical, pieces = answer.shown.terms, answer.ranked.shortlists.typical()[:, 0], advantages(answer)
        for term, average in ((FAIRNESS, max(typical[FAIRNESS], 0.0)), (EXPLORATION, typical[EXPLORATION])):
            before, after = terms[:term].sum(axis=0) + average, terms[: term + 1].sum(axis=0)
            inside = (before > 1e-6) & (after > 1e-6) & (before < 1.0 - 1e-6) & (after < 1.0 - 1e-6)
            reached = expit(logit(before) + slope * pieces[:, PIECES.index(TERMS[term])])
            assert reached[inside] == pytest.approx(after[inside], abs=1e-9)
            seen += int(inside.sum())
    assert seen > 100


def test_without_a_control_or_draws_nothing_is_added_to_a_probability(market: MarketSnapshot) -> None:
    assert not any(advantages(answer)[:, -2:].any() for answer in some_lists(market))


def test_a_draw_is_told_only_where_it_lifts(small_city: SmallCity) -> None:
    market = under(market_of(small_city.dataset, "lightfm"), Policy(name="curious", exploration=0.05), [])
    seen = set()
    for diner in DINERS:
        answer = listed(market, diner, number=diner + 5)
        draw = answer.shown.terms[EXPLORATION] - answer.ranked.shortlists.terms[EXPLORATION, 0].mean()
        for value, notes in zip(draw.tolist(), reasons(answer), strict=True):
            said = "exploring" in {note["code"] for note in notes}
            assert not said or value > 0.0
            seen.add(said)
    assert seen == {True, False}
