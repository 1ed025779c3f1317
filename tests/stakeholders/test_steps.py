"""The steps of a negotiation: they lead to what is settled, and what they say is so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.stakeholders.negotiation.bargaining import leximin
from services.stakeholders.negotiation.demand import Bound, Demand
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.negotiation.result import Result, Step
from services.stakeholders.negotiation.steps import rounds
from services.stakeholders.seats import signing
from tests.stakeholders.fronts import front, of_values, stage, town

GAINS = st.tuples(st.integers(1, 20), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6).map(lambda number: number / 6))
)


def names_of(result_front: object) -> set[str]:
    return {one.policy.name for one in result_front.policies}  # type: ignore[attr-defined]


def left_after(steps: tuple[Step, ...], names: set[str]) -> set[str]:
    return names - {name for step in steps for name in step.gone}


@given(GAINS)
def test_the_rounds_end_at_the_leximin_and_never_lower_the_level(gains: np.ndarray) -> None:
    rows, weights = np.arange(len(gains)), np.ones(gains.shape[1])
    names = [f"p{row:03d}" for row in rows]
    chosen = leximin(gains, rows, weights, names)
    left, level = set(rows.tolist()), -np.inf
    for one in rounds(gains, rows, weights, names):
        assert set(one.gone) | set(one.kept) == left
        assert not set(one.gone) & set(one.kept)
        assert one.level == gains[list(one.kept)].min()
        assert one.level >= level
        for row in one.gone:
            # Nobody who goes leaves the poorest seat more than the poorest of those that stay.
            assert gains[row].min() <= one.level
        left, level = set(one.kept), one.level
    assert left == {chosen}


@given(GAINS)
def test_who_binds_is_poorest_under_a_policy_that_goes(gains: np.ndarray) -> None:
    names = [f"p{row:03d}" for row in range(len(gains))]
    for one in rounds(gains, np.arange(len(gains)), np.ones(gains.shape[1]), names):
        assert (one.binding == ()) is (one.place == gains.shape[1])
        for seat in one.binding:
            assert any(gains[row, seat] == np.sort(gains[row])[one.place] for row in one.gone)


@pytest.mark.parametrize("demands", [{}, {"product": 745.0}])
def test_the_steps_lead_to_the_settlement(demands: dict[str, float]) -> None:
    asked = {
        seat: Demand(limits=(Bound(measure="orders_per_1000", at_least=value),)) for seat, value in demands.items()
    }
    evaluated = front(town(128, seed=3))
    result = negotiate(evaluated, asked)
    assert result.settlement is not None
    assert result.nash is not None
    kinds = [step.kind for step in result.steps]
    assert kinds[0] == "tried"
    assert kinds[-2:] == ["settlement", "nash"]
    assert kinds.count("limit") == 1 + len(demands)  # the diners' floor first
    assert "round" in kinds
    left = len(evaluated.wide.policies)
    for number, step in enumerate(result.steps[:-1], 1):
        left = len(left_after(result.steps[:number], names_of(evaluated.wide)))
        if step.kind != "settlement":
            assert step.left == left, step
    assert left_after(result.steps, names_of(evaluated.wide)) == {result.settlement.policy.name}
    end, nash = result.steps[-2:]
    assert (end.policy, end.level) == (result.settlement.policy.name, result.settlement.least_share)
    assert nash.policy == result.nash.policy.name
    poorest = {seat for seat, share in result.settlement.shares.items() if share == end.level}
    assert set(end.seats) == poorest
    levels = [step.level for step in result.steps if step.kind == "round"]
    assert levels == sorted(levels)  # type: ignore[type-var]
    assert levels[-1] == end.level


def test_the_long_run_is_named_as_what_decides() -> None:
    result = negotiate(front(town(), town(8, days=182)), {})
    assert result.steps[0].left == 8
    assert result.steps[0].words == (
        "128 policies were tried for 28 days each; the 8 that matter most were followed for 182 days, and these decide."
    )


def test_who_blocks_whom_is_the_last_step() -> None:
    rows = {
        "dear": {"fee_revenue_per_1000": 12_500.0, "orders_per_1000": 80.0},
        "middling": {"fee_revenue_per_1000": 10_360.0, "orders_per_1000": 93.26},
        "cheap": {"fee_revenue_per_1000": 1_000.0, "orders_per_1000": 96.0},
    }
    asked = {
        "sales": Demand(limits=(Bound(measure="fee_revenue_per_1000", at_least=12_000.0),)),
        "product": Demand(limits=(Bound(measure="orders_per_1000", at_least=95.0),)),
    }
    result = negotiate(front(stage(rows)), asked)
    assert result.infeasible is not None
    assert result.infeasible.relaxation is not None
    assert [(step.kind, step.gone, step.left) for step in result.steps] == [
        ("tried", (), 3),
        ("limit", ("cheap", "middling"), 1),
        ("limit", ("dear",), 0),
        ("blocked", (), 0),
    ]
    last = result.steps[-1]
    assert last.seats == result.infeasible.blocking == ("product", "sales")
    assert last.policy == result.infeasible.relaxation.policy
    assert "Product and sales block each other" in last.words
    assert result.steps[1].words == (
        "Sales asks for at least 120.00 fees per 1,000 requests; 2 policies go, 1 is left."
    )


def test_what_another_one_beats_goes_before_anybody_bargains() -> None:
    values = np.asarray([[0.0, 9.0], [5.0, 5.0], [9.0, 0.0], [4.0, 4.0]])
    keys = tuple(seat.number.key for seat in signing()[:2])
    steps = {step.kind: step for step in negotiate(front(of_values(values, keys)), {}).steps}
    assert steps["dominated"].gone == ("p0003",)
    assert steps["dominated"].left == 3
    assert steps["settlement"].policy == "p0001"


def test_a_result_of_an_older_version_has_no_steps() -> None:
    document = negotiate(front(town(8)), {}).model_dump(mode="json")
    del document["steps"]
    assert Result.model_validate(document).steps == ()
