"""The audit: each question finds the fault that it is for, and none in what is sound."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from data.city.shortcuts import Kind
from models.base import FeatureTable, Model, Representations, TrainingData, encode_tags
from models.evaluation.evaluate import HeldOut
from models.explanation.findings import Audit, Question
from models.explanation.importance import Sample, top_lists
from models.explanation.measure_audit import City, lines, main, measure
from models.explanation.over_indexing import (
    Choices,
    Known,
    absent,
    can_tell,
    concentrated,
    fleeting,
    harmful,
    holm,
    over_indexing,
    popular,
    remembered,
)
from models.ladder import make
from models.testing import sample_data
from tests.explanation.test_importance import a_sample

NOBODY: dict[str, list[str]] = {}


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return sample_data()


@pytest.fixture(scope="module")
def fitted(data: TrainingData) -> Model:
    return make("lightfm").fit(data)


def sample_of(model: Any, data: TrainingData) -> Sample:
    """Asked about what it was fitted to: enough to tell what a question does."""
    acts = data.interactions
    shape = (len(data.diner_ids), len(data.restaurant_ids))
    liked = sparse.csr_matrix((np.ones(len(acts.diners)), (acts.diners, acts.restaurants)), shape=shape)
    asked = np.unique(acts.diners)
    return Sample.of(model, HeldOut(asked, liked[asked], None), 0)


def of_days(diners: Any, restaurants: Any, first: int = 0, days: int = 20) -> Choices:
    """As many choices on each day."""
    return Choices(
        np.asarray(diners, np.int32),
        np.asarray(restaurants, np.int32),
        (first + np.arange(len(diners)) % days).astype(np.int32),
    )


def choices(data: TrainingData) -> Choices:
    return of_days(data.interactions.diners, data.interactions.restaurants)


# -- one feature does most


def scaled(sample: Sample, group: str, by: float) -> Sample:
    at = sample.restaurants.names.index(group)
    vectors, biases = sample.restaurants.vectors.copy(), sample.restaurants.biases.copy()
    vectors[:, at] *= by
    biases[:, at] *= by
    return replace(sample, restaurants=replace(sample.restaurants, vectors=vectors, biases=biases))


def test_a_feature_that_does_more_than_all_others_is_reported() -> None:
    found = concentrated(scaled(a_sample(1, m=60), "i2", 20.0))
    assert [one.feature for one in found if one.reported] == ["restaurant: i2"]
    assert (found[1].low or 0.0) > 0.5


def test_features_of_like_size_are_not() -> None:
    assert not any(one.reported for one in concentrated(a_sample(1, m=60)))


def test_an_identity_is_no_feature_that_lists_concentrate_on() -> None:
    assert not any(one.reported for one in concentrated(scaled(a_sample(1, m=60), "identity", 50.0)))


# -- popularity


def test_lists_that_are_popularity_are_reported() -> None:
    sample = a_sample(2, m=40, n=30)
    often = np.repeat(np.arange(30), np.arange(30) ** 2)
    learnt = of_days(np.zeros(len(often)), often)
    assert not any(one.reported for one in popular(sample, learnt))
    at = sample.restaurants.names.index("identity")
    biases = sample.restaurants.biases.copy()
    biases[:, at] += 40.0 * np.log1p(np.arange(30) ** 2)
    leaning = replace(sample, restaurants=replace(sample.restaurants, biases=biases))
    (found,) = popular(leaning, learnt)
    assert found.reported
    assert found.value > 0.9


def test_scores_that_are_all_the_same_are_not_popularity() -> None:
    sample = a_sample(2)
    flat = replace(sample, restaurants=replace(sample.restaurants, vectors=sample.restaurants.vectors * 0.0))
    flat = replace(flat, restaurants=replace(flat.restaurants, biases=sample.restaurants.biases * 0.0))
    (found,) = popular(flat, of_days([0], [0]))
    assert not found.reported
    assert found.value == pytest.approx(0.0, abs=1e-12)


# -- harm


def test_a_feature_without_which_lists_are_better_is_reported() -> None:
    """Choices follow all groups but one, which turns the order of the others around."""
    sample = a_sample(3, m=300, n=60, d=6)
    at = sample.restaurants.names.index("i1")
    people, _ = sample.diners.rows
    true = sample.scores - people @ sample.restaurants.vectors[:, at].T - sample.restaurants.biases[:, at]
    against = sample.restaurants.vectors.copy()
    against[:, at] = -1.5 * (against.sum(axis=1) - against[:, at])
    biases = sample.restaurants.biases.copy()
    biases[:, at] = -1.5 * (biases.sum(axis=1) - biases[:, at])
    relevant = np.zeros(true.shape, np.bool_)
    np.put_along_axis(relevant, top_lists(true, size=3).astype(np.int64), True, axis=1)
    question = replace(sample.question, relevant=sparse.csr_matrix(relevant))
    turned = replace(sample.restaurants, vectors=against, biases=biases)
    found = harmful(replace(sample, question=question, restaurants=turned))
    assert "restaurant: i1" in reported(found)


def test_a_model_that_cannot_do_better_harms_nobody() -> None:
    sample = a_sample(3, m=300, n=60, d=6)
    relevant = np.zeros(sample.scores.shape, np.bool_)
    np.put_along_axis(relevant, top_lists(sample.scores, size=3).astype(np.int64), True, axis=1)
    sound = replace(sample, question=replace(sample.question, relevant=sparse.csr_matrix(relevant)))
    assert not any(one.reported for one in harmful(sound))


# -- identities


class Forgetful:
    """A model that knows nothing of restaurants but who they are."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def new_restaurants(self, tags: Any) -> Representations:
        new = self._model.new_restaurants(tags)
        return Representations(new.vectors * 0.0, new.biases * 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def test_a_side_that_tags_say_nothing_of_is_reported(fitted: Model, data: TrainingData) -> None:
    sample = sample_of(fitted, data)
    found = remembered(Forgetful(fitted), data, sample)
    assert [one.feature for one in found if one.reported] == ["identity: restaurant"]
    assert not any(one.reported for one in remembered(fitted, data, sample))


# -- the tables of the time of serving


def shuffled(known: Known, tag: str, seed: int = 0) -> Known:
    names = list(known.restaurants)
    has = np.random.default_rng(seed).permutation([tag in tags for tags in known.restaurants.values()])
    dealt = {
        name: [one for one in known.restaurants[name] if one != tag] + [tag] * int(mine)
        for name, mine in zip(names, has.tolist(), strict=True)
    }
    return Known(dealt, known.diners)


@pytest.fixture(scope="module")
def many(data: TrainingData) -> TrainingData:
    """The sample with eight times its restaurants, so that a tag is on more than a handful."""
    rows = np.tile(np.arange(len(data.restaurant_ids)), 8)
    table = FeatureTable(data.restaurant_features.names, data.restaurant_features.matrix[rows])
    acts = data.interactions
    copies = np.random.default_rng(0).integers(0, 8, len(acts.diners)) * len(data.restaurant_ids)
    return replace(
        data,
        restaurant_ids=tuple(f"r{number}" for number in range(len(rows))),
        restaurant_features=table,
        restaurant_districts=data.restaurant_districts[rows],
        interactions=replace(acts, restaurants=(acts.restaurants + copies).astype(np.int32)),
        rehearsal=None,
    )


@pytest.fixture(scope="module")
def of_many(many: TrainingData) -> Model:
    return make("lightfm").fit(many)


def reported(findings: Any) -> list[str]:
    return [one.feature for one in findings if one.reported]


def test_a_tag_that_is_gone_everywhere_or_elsewhere_is_reported(of_many: Model, many: TrainingData) -> None:
    before = Known.of(many)
    tag = many.restaurant_features.names[0]
    gone = {name: [one for one in tags if one != tag] for name, tags in before.restaurants.items()}
    everywhere = {name: [*tags, tag] for name, tags in before.restaurants.items()}
    for now in (Known(gone, NOBODY), Known(everywhere, NOBODY), shuffled(before, tag)):
        assert reported(absent(of_many, before, now)) == [tag]


def test_diners_tags_are_looked_at_too(of_many: Model, many: TrainingData) -> None:
    before = Known.of(many)
    gone = {name: [one for one in tags if one != "budget=1"] for name, tags in before.diners.items()}
    assert reported(absent(of_many, before, Known(NOBODY, gone))) == ["budget=1"]


def test_a_tenth_of_honest_edits_and_whoever_left_is_not(of_many: Model, many: TrainingData) -> None:
    before, rng = Known.of(many), np.random.default_rng(5)
    for _ in range(30):
        edited = {
            name: [tag for tag in tags if rng.random() > 0.1]
            for name, tags in before.restaurants.items()
            if rng.random() > 0.2
        }
        assert reported(absent(of_many, before, Known(edited, NOBODY))) == []


def test_a_model_that_tags_do_not_move_leans_on_none(many: TrainingData) -> None:
    before = Known.of(many)
    everything = log(many, np.random.default_rng(0), 6_000)
    assert len(np.unique(everything.restaurants)) == len(many.restaurant_ids)
    model = learnt_from(many, everything, "ease")
    assert absent(model, before, Known({name: [] for name in before.restaurants}, NOBODY)) == []


# -- what does not hold later


def log(
    data: TrainingData,
    rng: np.random.Generator,
    orders: int,
    tag: str | None = None,
    more: float = 1.0,
    first: int = 0,
    days: int = 20,
) -> Choices:
    """Choices of diners who each have restaurants of their own; those with the tag have `more` of them."""
    weights = np.ones(len(data.restaurant_ids))
    if tag is not None:
        at = data.restaurant_features.names.index(tag)
        weights[data.restaurant_features.matrix[:, [at]].toarray().ravel() > 0] = more
    own = np.random.default_rng(9).gamma(0.5, size=(len(data.diner_ids), len(weights))) * weights
    own /= own.sum(axis=1, keepdims=True)
    who = rng.integers(0, len(own), orders)
    where = (own[who].cumsum(axis=1) > rng.random(orders)[:, None]).argmax(axis=1)
    return of_days(who, where, first, days)


def a_district(data: TrainingData) -> str:
    return next(name for name in data.restaurant_features.names if name.startswith("district="))


def learnt_from(data: TrainingData, seen: Choices, model: str = "lightfm") -> Model:
    pairs, counts = np.unique(np.stack([seen.diners, seen.restaurants]), axis=1, return_counts=True)
    acts = replace(
        data.interactions,
        diners=pairs[0].astype(np.int32),
        restaurants=pairs[1].astype(np.int32),
        weights=np.log2(1.0 + counts).astype(np.float32),
        ages_days=np.zeros(len(counts), np.float32),
    )
    return make(model).fit(replace(data, interactions=acts))


def test_a_district_that_had_its_share_for_a_while_is_named(many: TrainingData) -> None:
    rng = np.random.default_rng(1)
    tag = a_district(many)
    seen, later = log(many, rng, 4_000, tag, more=3.0), log(many, rng, 1_500, first=20, days=8)
    found = fleeting(learnt_from(many, seen), many, seen, later)
    assert reported(found) == [tag]
    assert found[0].value > 1.25
    assert (found[0].low or 0.0) > 1.0
    assert tag in found[0].sentence


def test_a_model_that_does_not_follow_it_is_not_blamed(many: TrainingData) -> None:
    rng = np.random.default_rng(1)
    tag = a_district(many)
    seen, later = log(many, rng, 4_000, tag, more=3.0), log(many, rng, 1_500, first=20, days=8)
    assert reported(fleeting(learnt_from(many, later), many, seen, later)) == []


def test_a_share_that_rises_is_nobodys_fault(many: TrainingData) -> None:
    rng = np.random.default_rng(1)
    tag = a_district(many)
    seen, later = log(many, rng, 4_000), log(many, rng, 1_500, tag, more=1.3, first=20, days=8)
    assert tag not in reported(fleeting(learnt_from(many, seen), many, seen, later))


def test_logs_that_stay_the_same_are_hardly_ever_reported(many: TrainingData) -> None:
    rng = np.random.default_rng(2)
    model = learnt_from(many, log(many, rng, 2_000))
    worlds = [fleeting(model, many, log(many, rng, 2_000), log(many, rng, 800, first=20, days=8)) for _ in range(60)]
    # At a level of .05 three are expected at most; twelve would be a chance of one in ten thousand.
    assert sum(one.p is not None and one.p < 0.05 for findings in worlds for one in findings) < 12


def test_a_rainy_week_is_no_shortcut(many: TrainingData) -> None:
    """On some days the tag has twenty times the orders of others; later there happen to be fewer such days."""
    rng, tag = np.random.default_rng(4), a_district(many)

    def days(wet: list[int], dry: list[int]) -> Choices:
        parts = [log(many, rng, 150, tag, 8.0, day, 1) for day in wet]
        parts += [log(many, rng, 150, tag, 0.4, day, 1) for day in dry]
        return Choices(*(np.concatenate([getattr(one, name) for one in parts]) for name in vars(parts[0])))

    seen, later = days(list(range(14)), list(range(14, 20))), days([20, 21], list(range(22, 28)))
    found = fleeting(learnt_from(many, seen), many, seen, later)
    assert found[0].feature == tag
    assert found[0].value > 1.25
    assert reported(found) == []


def test_too_few_days_are_not_asked(many: TrainingData) -> None:
    rng = np.random.default_rng(0)
    assert can_tell(log(many, rng, 500), log(many, rng, 500, first=20, days=8), 60)
    assert not can_tell(log(many, rng, 500, days=6), log(many, rng, 500, first=6, days=2), 60)
    assert not can_tell(log(many, rng, 500), of_days([], []), 60)


def test_a_period_without_choices_says_nothing(fitted: Model, data: TrainingData) -> None:
    nothing = of_days([], [])
    assert fleeting(fitted, data, choices(data), nothing) == []


# -- Holm


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_stepping_down_rejects(given_p: list[float], level: float) -> None:
    p = np.asarray(given_p)
    rejected, left = set(), len(p)
    for at in np.argsort(p, kind="stable").tolist():
        if p[at] * left >= level:
            break
        rejected.add(at)
        left -= 1
    assert set(np.flatnonzero(holm(p) < level).tolist()) == rejected
    assert (holm(p) >= p).all()


# -- all together


def test_what_cannot_be_asked_is_said(fitted: Model, data: TrainingData) -> None:
    nothing = of_days([], [])
    audit = over_indexing(fitted, data, sample_of(fitted, data), choices(data), nothing)
    assert set(audit.not_asked) == {Question.LATER, Question.IN_SERVICE}
    assert json.loads(json.dumps(audit.document()))["reported"] == len(audit.reported)


def test_a_model_that_is_not_taken_apart_is_refused(fitted: Model, data: TrainingData) -> None:
    with pytest.raises(TypeError, match="random"):
        over_indexing(make("random").fit(data), data, sample_of(fitted, data), choices(data), choices(data))


def test_what_is_reported_comes_first(many: TrainingData) -> None:
    rng = np.random.default_rng(1)
    seen, later = log(many, rng, 4_000, a_district(many), 3.0), log(many, rng, 1_500, first=20, days=8)
    model = learnt_from(many, seen)
    audit = over_indexing(model, many, sample_of(model, many), seen, later, Known.of(many))
    flags = [one.reported for one in audit.findings]
    assert flags == sorted(flags, reverse=True)
    assert any(flags)


# -- cities


def check(cities: list[City], missed: int, called_guilty: int) -> None:
    told = "\n".join(lines(cities))
    for kind in Kind:
        assert sum(not city.found(kind) for city in cities) <= missed, told
    assert sum(bool(city.clean.reported) for city in cities) <= called_guilty, told


def test_planted_shortcuts_are_found_and_a_clean_city_is_not_reported() -> None:
    check([measure(100)], 0, 0)


@pytest.mark.long
def test_planted_shortcuts_are_found_in_19_of_20_cities_and_at_most_one_clean_one_is_reported(capsys) -> None:
    assert main(["--seeds", "20", "--first", "2000"]) == 0, capsys.readouterr().out


def test_a_missed_shortcut_is_told() -> None:
    nothing = Audit((), {})
    told = "\n".join(lines([City(3, nothing, dict.fromkeys(Kind, ("badge=x", nothing)))]))
    assert "seed 3: badge=x is not found" in told


def test_tags_are_encoded_as_training_does(data: TrainingData) -> None:
    known = Known.of(data)
    again = encode_tags([known.restaurants[name] for name in data.restaurant_ids], data.restaurant_features.names)
    assert (again != data.restaurant_features.matrix).nnz == 0
