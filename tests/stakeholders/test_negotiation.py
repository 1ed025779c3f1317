"""The negotiation as a whole: demands, hard limits, the long run, what people read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.stakeholders.negotiation.demand import Bound, Demand, DemandError, demands_of
from services.stakeholders.negotiation.front import Estimate, Front
from services.stakeholders.negotiation.negotiate import MOST_SHOWN, negotiate, relaxed
from services.stakeholders.negotiation.result import Result
from services.stakeholders.negotiation.words import amount
from services.stakeholders.seats import SEATS, Direction, Limit, Measure, Seat, measures, signing
from tests.stakeholders.fronts import NUMBERS, front, of_values, stage, town

VALUES = st.tuples(st.integers(2, 15), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-9, 9).map(float))
)


def demand(measure: str, at_least: float | None = None, at_most: float | None = None) -> Demand:
    return Demand(limits=(Bound(measure=measure, at_least=at_least, at_most=at_most),))


def seats_with(name: str, *limits: Limit) -> tuple[Seat, ...]:
    """The registry, where a seat never trades these."""
    return tuple(replace(seat, limits=limits) if seat.name == name else seat for seat in SEATS)


@given(VALUES, st.data())
def test_an_infeasible_table_is_told_who_blocks_and_a_relaxation_that_works(
    values: np.ndarray, data: st.DataObject
) -> None:
    evaluated = front(of_values(values))
    seats = signing()[: values.shape[1]]
    demands = {}
    for seat in seats:
        side = "at_least" if seat.number.direction is Direction.UP else "at_most"
        bound = data.draw(st.integers(-9, 12))
        demands[seat.name] = Demand(limits=(Bound(**{"measure": seat.number.key, side: float(bound)}),))
    result = negotiate(evaluated, demands)
    if result.settlement is not None:
        assert result.infeasible is None
        for seat in seats:
            reached = result.settlement.outcomes[seat.number.key].value
            [bound] = demands[seat.name].limits
            assert reached is not None
            assert reached >= bound.value if bound.at_least is not None else reached <= bound.value
        return
    assert result.infeasible is not None
    blocking = result.infeasible.blocking
    only = {name: one for name, one in demands.items() if name in blocking}
    assert negotiate(evaluated, only).settlement is None
    for name in blocking:
        assert negotiate(evaluated, {other: one for other, one in only.items() if other != name}).settlement
    relaxation = result.infeasible.relaxation
    assert relaxation is not None
    for one in (relaxation, *result.infeasible.alternatives):
        assert negotiate(evaluated, relaxed(demands, one)).settlement is not None
    least = max(changed.slack for changed in relaxation.limits)
    for one in result.infeasible.alternatives:
        assert {changed.seat for changed in one.limits} <= set(blocking)
        assert len({changed.seat for changed in one.limits}) == 1
        assert max(changed.slack for changed in one.limits) >= least


@given(VALUES, st.randoms())
def test_the_order_of_seats_and_policies_changes_nothing(values: np.ndarray, luck: object) -> None:
    stage_ = of_values(values)
    mixed, seats = list(stage_.policies), list(SEATS)
    luck.shuffle(mixed)  # type: ignore[attr-defined]
    luck.shuffle(seats)  # type: ignore[attr-defined]
    one = negotiate(front(stage_), {})
    two = negotiate(front(stage_.model_copy(update={"policies": tuple(mixed)})), {}, seats)
    assert one.settlement == two.settlement
    assert one.nash == two.nash
    assert one.least_regret == two.least_regret
    assert one.favourites == two.favourites


def test_a_limit_is_held_against_the_bound_not_the_mean() -> None:
    """Mean 100, standard error 2 over 400 parts: sure of 96.7 at least, of 103.3 at most, each with 95 %."""
    noisy = front(stage({"p": dict.fromkeys(NUMBERS, 100.0)}, error=2.0))
    for key, at_least, at_most in (("orders_per_1000", 96.7, 96.8), ("cpu_ms_per_1000", 103.3, 103.2)):
        seat = next(one for one in SEATS if one.number.key == key)
        side = "at_least" if seat.number.direction is Direction.UP else "at_most"
        for value, fits in ((at_least, True), (at_most, False)):
            result = negotiate(noisy, {seat.name: demand(key, **{side: value})})
            assert (result.settlement is not None) is fits, (key, value)
    certain = front(stage({"p": dict.fromkeys(NUMBERS, 100.0)}, error=0.0))
    assert negotiate(certain, {"product": demand("orders_per_1000", 100.0)}).settlement is not None


def test_a_number_without_an_error_is_noted() -> None:
    single = negotiate(front(stage({"p": dict.fromkeys(NUMBERS, 100.0)}, n=1)), {})
    assert any("limits are held against their means" in note for note in single.notes)
    assert not any("against their means" in note for note in negotiate(front(town(4)), {}).notes)


def test_rates_are_told_where_the_settlement_is_though_it_misses_a_demand_in_the_short_run() -> None:
    """Over 28 days it has too few orders, over 182 enough: it is not on the curve, whose nearest piece is told."""
    keys = ("fee_revenue_per_1000", "orders_per_1000")

    def rows(*numbers: tuple[str, float, float]) -> dict[str, dict[str, float | None]]:
        return {name: dict(zip(keys, pair, strict=True)) for name, *pair in numbers}

    short = rows(("a", 0.0, 100.0), ("b", 1_000.0, 95.0), ("c", 3_000.0, 75.0), ("d", 3_100.0, 60.0))
    long = rows(("d", 3_100.0, 80.0))
    result = negotiate(front(stage(short), stage(long, days=182)), {"product": demand(keys[1], 70.0)})
    assert result.settlement is not None
    assert result.settlement.policy.name == "d"
    [rate] = result.exchange_rates
    assert [(one.start, one.end) for one in rate.curve] == [("a", "b"), ("b", "c")]
    assert rate.cost.value == pytest.approx(20.0 / 2_000.0 * rate.step)


def test_few_parts_make_a_bound_wider() -> None:
    few = front(stage({"p": dict.fromkeys(NUMBERS, 100.0)}, error=2.0, n=4))
    assert negotiate(few, {"product": demand("orders_per_1000", 96.0)}).settlement is None
    assert negotiate(few, {"product": demand("orders_per_1000", 95.2)}).settlement is not None


def test_what_diners_never_trade_is_not_for_sale() -> None:
    """The floor of a seat that does not sign stands: whoever demands too much gives way, the floor does not."""
    seats = seats_with("diners", Limit("return_rate_28d", at_least=0.75))
    evaluated = front(
        stage(
            {
                "kind": {**dict.fromkeys(NUMBERS, 1.0), "fee_revenue_per_1000": 10.0, "return_rate_28d": 0.8},
                "greedy": {**dict.fromkeys(NUMBERS, 1.0), "fee_revenue_per_1000": 90.0, "return_rate_28d": 0.7},
            }
        )
    )
    free = negotiate(evaluated, {}, seats)
    assert free.settlement is not None
    assert free.settlement.policy.name == "kind"
    result = negotiate(evaluated, {"sales": demand("fee_revenue_per_1000", 50.0)}, seats)
    assert result.infeasible is not None
    assert result.infeasible.blocking == ("diners", "sales")
    assert result.infeasible.relaxation is not None
    [gives] = result.infeasible.relaxation.limits
    assert (gives.seat, gives.takes, result.infeasible.relaxation.policy) == ("sales", 10.0, "kind")
    impossible = negotiate(evaluated, {}, seats_with("diners", Limit("return_rate_28d", at_least=0.9)))
    assert impossible.infeasible is not None
    assert (impossible.infeasible.blocking, impossible.infeasible.relaxation) == (("diners",), None)
    assert "have to be others" in impossible.words[-1]


def test_a_seat_that_would_rather_walk_away_is_heard() -> None:
    values = np.asarray([[0.0, 10.0], [4.0, 8.0], [6.0, 4.0], [10.0, 0.0]])
    evaluated = front(of_values(values, ("orders_per_1000", "fee_revenue_per_1000")))
    result = negotiate(evaluated, {"product": Demand(disagreement=5.0)})
    assert result.settlement is not None
    assert result.disagreement == {"sales": 0.0, "product": 5.0}
    assert result.settlement.policy.name == "p0002"
    assert result.settlement.shares == {"sales": 1.0, "product": pytest.approx(0.2)}
    assert result.settlement.open_shares == {"sales": pytest.approx(0.4), "product": pytest.approx(0.6)}
    both = {"product": Demand(disagreement=5.0), "sales": Demand(disagreement=5.0)}
    blocked = negotiate(evaluated, both)
    assert blocked.infeasible is not None
    assert blocked.infeasible.blocking == ("product", "sales")
    assert blocked.infeasible.relaxation is not None
    assert negotiate(evaluated, relaxed(both, blocked.infeasible.relaxation)).settlement is not None


def test_less_is_more_for_a_seat_that_wants_less() -> None:
    values = np.asarray([[900.0, 10.0], [500.0, 6.0], [100.0, 0.0]])
    result = negotiate(front(of_values(values, ("cpu_ms_per_1000", "orders_per_1000"))), {})
    assert result.ideal == {"infra": 100.0, "product": 10.0}
    assert result.disagreement == {"infra": 900.0, "product": 0.0}
    assert result.settlement is not None
    assert result.settlement.shares == {"infra": 0.5, "product": 0.6}
    [rate] = [one for one in result.exchange_rates if one.seat == "product"]
    assert "more orders per 1,000 requests costs" in rate.words
    assert "ms more CPU" in rate.words


def test_a_seat_without_a_number_does_not_bargain_and_that_is_said() -> None:
    result = negotiate(front(of_values(np.asarray([[1.0, 2.0], [2.0, 1.0]]))), {})
    assert set(result.ideal) == {"ml", "sales"}
    assert sum("does not bargain" in note for note in result.notes) == len(signing()) - 2
    with pytest.raises(DemandError, match=r"product: the front has not measured latency_p99_ms; it has"):
        negotiate(front(town(8)), {"product": demand("latency_p99_ms", at_most=80.0)})
    with pytest.raises(DemandError, match="to which the disagreement refers"):
        negotiate(front(of_values(np.ones((1, 1)))), {"infra": Demand(disagreement=5.0)})
    unchecked = negotiate(front(town(8)), {}, seats_with("product", Limit("latency_p99_ms", at_most=80.0)))
    assert any(note.startswith("not checked: Product asks for at most 80 ms p99") for note in unchecked.notes)


def test_a_policy_without_a_number_is_left_out() -> None:
    rows = {name: dict.fromkeys(NUMBERS, 1.0) for name in ("whole", "holed")}
    rows["holed"]["ndcg@10"] = None  # type: ignore[assignment]
    result = negotiate(front(stage(rows)), {})
    assert (result.basis.policies, any("left out" in note for note in result.notes)) == (1, True)


def test_the_long_run_decides_and_the_short_sight_is_shown() -> None:
    short = {"greedy": [9.0, 5.0], "fair": [6.0, 6.0], "kind": [1.0, 9.0]}
    long = {"greedy": [3.0, 1.0], "fair": [6.0, 6.0], "kind": [1.0, 9.0]}
    keys = ("fee_revenue_per_1000", "orders_per_1000")

    def rows(of: dict[str, list[float]]) -> dict[str, dict[str, float | None]]:
        return {name: dict(zip(keys, numbers, strict=True)) for name, numbers in of.items()}

    evaluated = front(stage(rows(short)), stage(rows(long), days=182))
    result = negotiate(evaluated, {})
    assert result.settlement is not None
    assert (result.basis.days, result.settlement.policy.name) == (182, "fair")
    assert result.favourites["sales"].policy.name == "fair"
    assert result.short_sight is not None
    assert result.short_sight.days == 28
    assert result.short_sight.same is (result.short_sight.policy == "fair")
    only_short = negotiate(evaluated, {"sales": demand("fee_revenue_per_1000", 8.0)})
    assert only_short.settlement is not None
    assert (only_short.basis.days, only_short.settlement.policy.name) == (28, "greedy")
    assert any("meets the demands there" in note for note in only_short.notes)


def test_what_neither_run_meets_is_told_of_the_long_one() -> None:
    keys = ("fee_revenue_per_1000", "orders_per_1000")

    def rows(*numbers: tuple[str, float, float]) -> dict[str, dict[str, float | None]]:
        return {name: dict(zip(keys, pair, strict=True)) for name, *pair in numbers}

    short = stage(rows(("a", 0.0, 70.0), ("b", 900.0, 60.0)))
    long = stage(rows(("a", 0.0, 90.0), ("b", 900.0, 80.0)), days=182)
    both = {"product": demand(keys[1], 85.0), "sales": demand(keys[0], 500.0)}
    result = negotiate(front(short, long), both)
    assert result.infeasible is not None
    # In the short run product alone asks for too much; in the long one it is the two together.
    assert (result.basis.days, result.infeasible.blocking) == (182, ("product", "sales"))


def test_people_are_shown_twelve_policies_at_most_and_all_that_have_a_name() -> None:
    result = negotiate(front(town(128, seed=3), active="p0005"), {})
    named = [result.settlement, result.nash, result.least_regret, *result.favourites.values()]
    shown = {choice.policy.name for choice in result.front}
    assert len(result.front) == MOST_SHOWN
    assert {choice.policy.name for choice in named if choice is not None} <= shown
    assert result.active is not None
    assert result.active.policy.name == "p0005"
    assert 0.0 < result.hypervolume < 1.0
    assert result.settlement is not None
    share = result.settlement.least_share
    assert share == min(share for share in result.settlement.shares.values() if share is not None)
    assert f"at least {int(100 * share)} %" in result.words[0]
    rates = {(one.seat, one.costs) for one in result.exchange_rates}
    assert ("sales", "product") in rates
    assert not any("interpretability" in pair for pair in rates)


def test_a_range_within_chance_is_said() -> None:
    rows = {f"p{row}": {"ndcg@10": 0.6 + 0.0001 * row, "orders_per_1000": 700.0 - 20.0 * row} for row in range(4)}
    result = negotiate(front(stage(rows, error=0.01)), {})
    assert any(note.startswith("Machine learning's range of nDCG@10 is within chance") for note in result.notes)
    assert not any("Product's range" in note for note in result.notes)


def test_a_result_survives_its_own_json() -> None:
    evaluated = front(town(24), town(5, days=182))
    assert Front.model_validate_json(evaluated.model_dump_json()) == evaluated
    blocked = negotiate(evaluated, {"sales": demand("fee_revenue_per_1000", 1e9)})
    for result in (negotiate(evaluated, {}), blocked):
        assert Result.model_validate_json(result.model_dump_json()) == result


def test_who_blocks_whom_is_said_in_plain_words() -> None:
    rows = {
        "dear": {"fee_revenue_per_1000": 12_500.0, "orders_per_1000": 80.0},
        "middling": {"fee_revenue_per_1000": 10_360.0, "orders_per_1000": 93.26},
        "cheap": {"fee_revenue_per_1000": 1_000.0, "orders_per_1000": 96.0},
    }
    asked = {"sales": demand("fee_revenue_per_1000", 12_000.0), "product": demand("orders_per_1000", 95.0)}
    result = negotiate(front(stage(rows)), asked)
    assert result.words == (
        "Product asks for at least 95 orders per 1,000 requests; "
        "Sales asks for at least 120.00 fees per 1,000 requests.",
        "No policy that was tried gives product and sales what they ask for at once; "
        "without any one of them some does.",
        "It fits if product takes 80 orders per 1,000 requests, or if sales takes 10.00 fees per 1,000 requests.",
        "The least that anyone has to give: sales takes 103.60 fees per 1,000 requests and product takes 93.26 orders "
        "per 1,000 requests (policy middling).",
    )


@pytest.mark.parametrize(
    ("key", "value", "currency", "rounded", "text"),
    [
        ("fee_revenue_per_1000", 12_345.67, "GBP", "nearest", "123.50"),
        ("fee_revenue_per_1000", 12_345_678.0, "GBP", "nearest", "123,500"),
        ("fee_revenue_per_1000", 12.0, "GBP", "nearest", "0.12"),
        ("orders_per_1000", 745.3416, "GBP", "down", "745.3"),
        ("orders_per_1000", 745.3416, "GBP", "up", "745.4"),
        ("ndcg@10", 0.65587, "GBP", "nearest", "0.6559"),
        ("cpu_ms_per_1000", 1_024.7, "GBP", "nearest", "1,025 ms"),
        ("cpu_ms_per_1000", 0.0, "GBP", "up", "0 ms"),
        ("orders_per_1000", -3.14159, "GBP", "down", "-3.142"),
        ("fee_revenue_per_1000", 745.0, "JPY", "nearest", "745"),
        ("fee_revenue_per_1000", 745_250.0, "KWD", "nearest", "745.200"),
        ("fee_revenue_per_1000", 12_345.67, "HUF", "nearest", "123.50"),
    ],
)
def test_numbers_are_written_as_people_write_them(
    key: str, value: float, currency: str, rounded: str, text: str
) -> None:
    assert amount(measures()[key], value, currency, rounded) == text


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "an object by seat"),
        ({"sails": {}}, "sails: no seat that demands; there are ml, sales,"),
        ({"diners": {}}, "diners: no seat that demands"),
        ({"sales": {"limits": [{"measure": "fees", "at_least": 1}]}}, "sales.limits.0: there is no measure 'fees'"),
        ({"sales": {"limits": [{"measure": "ndcg@10"}]}}, "sales.limits.0: give at_least or at_most"),
        ({"sales": {"limits": [{"measure": "ndcg@10", "at_least": 1, "at_most": 2}]}}, "one of the two"),
        ({"sales": {"limits": [{"measure": "ndcg@10", "at_least": "much"}]}}, "sales.limits.0.at_least: Input should"),
        ({"sales": {"limits": [{"measure": "ndcg@10", "at_least": 1}] * 2}}, "at least of ndcg@10 is given twice"),
        ({"sales": {"wait": 2}}, "sales.wait: Extra inputs are not permitted; there are limits, disagreement"),
        ({"sales": {"weight": 0}}, "sales.weight: Input should be greater than 0"),
        ({"sales": {"disagreement": float("inf")}}, "sales.disagreement: Input should be"),
        ({"sales": None}, "sales: Input should be"),
    ],
)
def test_a_bad_demand_is_named(document: object, words: str) -> None:
    with pytest.raises(DemandError) as refused:
        demands_of(document)
    assert words in str(refused.value)


def test_a_seventh_seat_bargains_by_one_entry_in_the_registry() -> None:
    couriers = Seat("couriers", "Couriers", "short ways", Measure("budget_use", "ways", "km", Direction.DOWN))
    values = np.asarray([[9.0, 8.0], [5.0, 2.0], [6.0, 5.0]])
    evaluated = front(of_values(values, ("orders_per_1000", "budget_use")))
    result = negotiate(evaluated, {}, (*SEATS, couriers))
    assert set(result.ideal) == {"product", "couriers"}
    assert result.ideal["couriers"] == 2.0


def test_an_estimate_has_an_interval_where_its_error_is_known() -> None:
    assert Estimate(mean=2.0, error=0.5, n=400).measured().low == pytest.approx(2.0 - 1.966 * 0.5, abs=1e-3)
    assert Estimate(mean=2.0).measured().high is None
    assert Estimate(mean=None).measured().value is None


@pytest.mark.parametrize(
    ("side", "key", "text"), [("at_least", "orders_per_1000", "93.23"), ("at_most", "cpu_ms_per_1000", "93.24 ms")]
)
def test_what_a_seat_takes_is_rounded_to_where_it_fits(side: str, key: str, text: str) -> None:
    evaluated = front(stage({"p": {"orders_per_1000": 93.2345, "cpu_ms_per_1000": 93.2345}}))
    name = next(seat.name for seat in SEATS if seat.number.key == key)
    asked = 100.0 if side == "at_least" else 90.0
    result = negotiate(evaluated, {name: demand(key, **{side: asked})})
    assert f"takes {text} " in result.words[-1]
