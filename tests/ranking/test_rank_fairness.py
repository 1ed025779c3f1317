"""The term of fairness: nothing where it is off, a part of the sum where it is on, none for who is below the floor."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranking.test_rank import city, requests

from models.fairness.control import Ledger
from services.ranking.fairness import Attributes, Groups, Lifts, counted, lifts
from services.ranking.rank import FAIRNESS, TERMS, rank
from services.stakeholders.policy import Control, FairnessPolicy, GroupedBy

GROUPS = Groups(("a", "b"), np.arange(60) % 2, np.arange(60) < 6)
LEDGER = Ledger(("a", "b"), np.asarray([600.0, 60.0]), np.asarray([100.0, 100.0]), newcomers=6.0, lists=200.0, days=8.0)
CONTROLS = st.sampled_from([Control.FAIRCO, Control.P_MMF])
DAY = 86_400.0


def bits(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array).tobytes()


@given(st.sampled_from(Control), st.sampled_from(GroupedBy), st.floats(0.0, 0.5), st.floats(0.0, 1.0))
def test_without_gain_or_control_there_is_no_lift(control, by, quota, floor):
    asked = {"by": by, "newcomer_quota": quota, "quality_floor": floor}
    assert lifts(FairnessPolicy(control=control, gain=0.0, **asked), GROUPS, LEDGER) is None
    assert lifts(FairnessPolicy(control=Control.NONE, gain=0.5, **asked), GROUPS, LEDGER) is None


@given(st.integers(0, 50), st.booleans())
def test_lifts_of_nothing_change_no_bit(seed, exploring):
    gumbel = np.random.default_rng(seed).gumbel(size=(3, 40)) if exploring else None
    asked = requests(3, seed=seed, gumbel=gumbel)
    temperature = 0.1 if exploring else 0.0
    plain = rank(city(60), asked, 10, 40, temperature)
    lifted = rank(city(60), replace(asked, lifts=Lifts(np.zeros(60), 0.0)), 10, 40, temperature)
    for name in ("rows", "scores", "propensities", "terms"):
        assert bits(getattr(plain, name)) == bits(getattr(lifted, name))


@given(CONTROLS, st.floats(0.001, 0.2), st.floats(0.0, 0.3), st.floats(0.0, 0.5), st.integers(0, 20))
def test_the_score_is_the_sum_of_its_terms_bit_for_bit(control, gain, quota, floor, seed):
    policy = FairnessPolicy(control=control, gain=gain, newcomer_quota=quota, quality_floor=floor)
    found = rank(city(60), requests(2, seed=seed, lifts=lifts(policy, GROUPS, LEDGER)), 10, 60)
    totals = np.zeros_like(found.scores)
    for term in range(len(TERMS)):
        totals = totals + found.terms[term]
    assert bits(totals) == bits(found.scores)
    assert found.terms[FAIRNESS].any() or floor > 0.0


@given(CONTROLS, st.floats(0.01, 0.2))
def test_who_is_owed_is_lifted_and_comes_up(control, gain):
    policy, asked = FairnessPolicy(control=control, gain=gain), requests(20)
    lifted = lifts(policy, GROUPS, LEDGER)
    values = lifted.values
    assert values[1] > values[0]
    before, after = rank(city(60), asked, 10, 60), rank(city(60), replace(asked, lifts=lifted), 10, 60)
    assert (after.rows % 2 == 1).sum() > (before.rows % 2 == 1).sum()


@given(CONTROLS, st.floats(0.001, 1.0), st.floats(0.001, 0.3), st.floats(0.0, 0.5), st.floats(0.0, 1e9))
def test_no_lift_and_no_penalty_is_above_the_bound(control, gain, most, quota, volume):
    policy = FairnessPolicy(control=control, gain=gain, newcomer_quota=quota, max_lift=most)
    ledger = replace(LEDGER.scaled(volume), days=30.0)
    values = lifts(policy, GROUPS, ledger).values
    assert np.abs(values).max() <= most
    if control is Control.FAIRCO:
        assert values.min() >= 0.0


def test_p_mmf_pushes_down_by_the_bound_and_no_further():
    """The projection holds the lifts back, not the penalties: they grow as the root of the lists."""
    policy = FairnessPolicy(control=Control.P_MMF, gain=1.0, max_lift=0.04)
    values = lifts(policy, GROUPS, LEDGER.scaled(1e8)).values
    assert values[:2].tolist() == [-0.04, 0.04]
    far = lifts(policy.model_copy(update={"max_lift": 1e9}), GROUPS, LEDGER.scaled(1e8)).values
    assert far[0] < -3.0


@given(CONTROLS, st.integers(0, 20))
@pytest.mark.parametrize("volume", [1.0, 1e5])
def test_the_debt_of_other_policies_traffic_leaves_lists_sensible(volume, control, seed):
    """Stored for 21 days in which others showed one group nothing, then switched on: nobody is left out who is likelier
    to be ordered from, by more than the bounds are apart, than somebody who is shown."""
    foreign = Ledger(("a", "b"), volume * np.asarray([1e3, 0.0]), volume * np.ones(2) * 500.0, 0.0, volume, 15.0)
    policy = FairnessPolicy(control=control, gain=0.05, newcomer_quota=0.1)
    found = rank(city(60), requests(4, seed=seed, lifts=lifts(policy, GROUPS, foreign)), 10, 60)
    apart = policy.max_lift * (1.0 if control is Control.FAIRCO else 2.0)
    shortlists, lost = found.shortlists, []
    for request, probabilities in enumerate(shortlists.probabilities()):
        shown = np.isin(shortlists.rows[request], found.rows[request])
        assert probabilities[~shown].max() <= probabilities[shown].min() + apart + 1e-12
        lost.append(np.sort(probabilities)[-10:].mean() - probabilities[shown].mean())
    assert max(lost) <= apart
    assert (found.rows % 2 == 1).any()


@given(CONTROLS, st.floats(-0.5, 0.5), st.integers(0, 20))
def test_a_constant_in_all_order_probabilities_changes_no_order(control, constant, seed):
    """With a floor it does: who is below is looked at by the probability itself."""
    probabilities = np.random.default_rng(seed).random((1, 60))
    columns = np.arange(60)[None, :]

    def order(floor, added):
        policy = FairnessPolicy(control=control, gain=0.01, quality_floor=floor)
        values = probabilities + added
        found = lifts(policy, GROUPS, LEDGER).values[columns]
        return np.argsort(-(values + np.where((floor > 0.0) & (values < floor) & (found > 0.0), 0.0, found))).tolist()

    assert order(0.0, constant) == order(0.0, 0.0)
    assert order(0.5, -0.4) != order(0.5, 0.0)


@pytest.mark.parametrize("constant", [-2.0, 0.5, 2.0])
def test_a_constant_in_all_raw_scores_changes_no_list_without_a_control(constant):
    asked = requests(20)
    moved = replace(asked, biases=asked.biases + np.float32(constant))
    assert rank(city(60), moved, 10, 60).rows.tolist() == rank(city(60), asked, 10, 60).rows.tolist()


@given(st.floats(0.01, 0.6))
def test_who_is_below_the_floor_is_not_lifted(floor):
    policy = FairnessPolicy(control=Control.FAIRCO, gain=0.1, quality_floor=floor)
    found = rank(city(60), requests(4, lifts=lifts(policy, GROUPS, LEDGER)), 10, 60).shortlists
    below = found.probabilities() < floor
    assert (found.terms[FAIRNESS][below] == 0.0).all()
    owed = GROUPS.codes[found.rows] == 1
    assert (found.terms[FAIRNESS][~below & owed] > 0.0).all()


def test_the_quota_lifts_newcomers_alone():
    fair = replace(LEDGER, exposure=LEDGER.merit)
    found = lifts(FairnessPolicy(control=Control.FAIRCO, gain=0.01, newcomer_quota=0.1), GROUPS, fair)
    assert found.values[:6] == pytest.approx(0.01 * 8.0 * (1 - 6.0 / 20.0))
    assert (found.values[6:] == 0.0).all()
    assert found.quota_owed.tolist() == GROUPS.newcomers.tolist()
    assert not found.group_owed.any()


def test_what_all_are_lifted_by_takes_no_room_below_the_bound():
    """Newcomers have more than their merit and less than their quota: the others' debt must not eat up their lift."""
    groups = Groups(("new", "old"), np.asarray([0, 1]), np.asarray([True, False]))
    ledger = Ledger(("new", "old"), np.asarray([40.0, 560.0]), np.asarray([10.0, 200.0]), 40.0, 200.0, 8.0)
    policy = FairnessPolicy(gain=0.05, newcomer_quota=0.2, max_lift=0.1)
    found = lifts(policy, groups, ledger)
    missing, owed = 1.0 - 40.0 / 120.0, 1.0 - 2.8 / 4.0
    assert found.values == pytest.approx([min(0.05 * 8.0 * (missing - owed), 0.1), 0.0])
    assert 0.05 * 8.0 * owed > policy.max_lift


def test_a_group_that_the_ledger_does_not_know_is_owed_nothing():
    groups = Groups(("a", "new"), np.asarray([0, 1]), np.zeros(2, np.bool_))
    found = lifts(FairnessPolicy(control=Control.FAIRCO, gain=0.01), groups, LEDGER)
    assert found.values.tolist() == [0.0, 0.0]


def test_restaurants_are_grouped_by_what_they_are_at_the_time():
    attributes = Attributes.of(
        chains=["Big", None, None],
        districts=["north", "", "south"],
        price_levels=[1, None, 3],
        cuisines=[["thai", "bar"], [], ["bar"]],
        opened_at=[None, 0.0, 100 * DAY],
    )
    kinds = attributes.groups(GroupedBy.KIND, 110 * DAY)
    assert [kinds.names[code] for code in kinds.codes] == ["chain", "independent", "newcomer"]
    assert not attributes.groups(GroupedBy.KIND, 129 * DAY).newcomers.any()
    # What no time changes is found out once; who is a newcomer is not among it.
    early, late = (attributes.groups(GroupedBy.PRICE, day * DAY) for day in (110, 129))
    assert early.codes is late.codes
    assert (early.newcomers.any(), late.newcomers.any()) == (True, False)
    named = {by: attributes.groups(by, 110 * DAY) for by in GroupedBy}
    assert [named["district"].names[code] for code in named["district"].codes] == ["north", "unknown", "south"]
    assert [named["price"].names[code] for code in named["price"].codes] == ["1", "unknown", "3"]
    assert [named["cuisine"].names[code] for code in named["cuisine"].codes] == ["thai", "unknown", "bar"]


def test_only_what_is_given_as_shown_counts_as_exposure():
    ledger = counted(
        GROUPS, np.asarray([0, 1, 2, 3]), np.asarray([0.1, 0.2, 0.3, -0.1]), np.asarray([1, 2]), np.asarray([1.0, 0.5])
    )
    assert ledger.exposure.tolist() == [0.5, 1.0]
    assert ledger.merit == pytest.approx([0.4, 0.2])
    assert (ledger.newcomers, ledger.lists) == (1.5, 1.0)
