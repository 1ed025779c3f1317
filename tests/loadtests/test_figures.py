"""Histograms, traces, ratios and the table: what the figures are made of."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loadtests.comparison import Slice, Spread, is_quiet, ratio
from loadtests.connection import LOST
from loadtests.histogram import STEPS_PER_OCTAVE, Histogram
from loadtests.latency import Rung, parse_server_timing
from loadtests.open_loop import OpenLoopResult
from loadtests.provenance import provenance
from loadtests.report import API, BARE, NAIVE, NOOP, NOOP_AGAIN, OFF, OWN_HALF, PLAIN, Size, lines
from loadtests.trace import Planned, TraceError, arrival_times, read_trace, recommendation_trace, write_trace

latencies = hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(1e-6, 100.0))


@given(latencies, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_never_below_the_true_one_and_at_most_a_bucket_above(values: np.ndarray, q: float) -> None:
    exact = np.sort(values)[max(1, math.ceil(q * values.size)) - 1] * 1e3
    read = Histogram.of(values).quantile_ms(q)
    assert exact * (1 - 1e-9) <= read <= exact * 2 ** (1 / STEPS_PER_OCTAVE) * (1 + 1e-9)


@given(latencies, latencies)
def test_histograms_add_up_and_survive_json(one: np.ndarray, other: np.ndarray) -> None:
    together = Histogram.of(one) + Histogram.of(other)
    whole = Histogram.of(np.concatenate([one, other]))
    read = Histogram.from_json(json.loads(json.dumps(together.as_json())))
    for each in (together, read):
        assert each.counts.tolist() == whole.counts.tolist()
        assert each.highest_us == whole.highest_us


def test_an_empty_histogram_has_no_quantiles() -> None:
    empty = Histogram.of(np.empty(0))
    assert empty.total == 0
    assert math.isnan(empty.quantile_ms(0.5))
    assert Histogram.from_json(empty.as_json()).total == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-9])
def test_latencies_that_cannot_be_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Histogram.of(np.array([0.1, bad]))


def test_uniform_arrivals_are_exact() -> None:
    times = arrival_times(100, 2.0, np.random.default_rng(0), "uniform")
    assert times == pytest.approx(np.arange(200) / 100)


def test_poisson_arrivals_have_exponential_gaps() -> None:
    times = arrival_times(1_000, 20.0, np.random.default_rng(0))
    gaps = np.diff(times)
    assert times.size == 20_000
    assert (gaps >= 0).all()
    assert 0 <= times[0] <= times[-1] < 20
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("rate", "seconds"), [(0, 1), (1, 0), (-1, 1)])
def test_no_time_or_no_rate_is_refused(rate: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        arrival_times(rate, seconds, np.random.default_rng(0))


def test_a_trace_is_reproducible_and_survives_the_disk(tmp_path: Path) -> None:
    make = lambda seed: recommendation_trace(["u1", "u2", "u3"], rate=50, seconds=2, seed=seed)  # noqa: E731
    assert make(1) == make(1) != make(2)
    trace = [*make(1), Planned(9.5, "/v1/events", "POST", [{"a": "ü"}])]
    assert write_trace(trace, tmp_path / "t.jsonl") == 101
    read = list(read_trace(tmp_path / "t.jsonl"))
    assert [each.at for each in read] == pytest.approx([each.at for each in trace], abs=1e-6)
    assert [replace(each, at=0.0) for each in read] == [replace(each, at=0.0) for each in trace]
    assert {each.path for each in make(1)} == {f"/v1/recommendations?user_id=u{n}&k=20" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    "second",
    ["{", "[]", '{"at": 1}', '{"at": "x", "path": "/"}', '{"at": 0.1, "path": "/"}', '{"at": NaN, "path": "/"}'],
)
def test_a_bad_line_of_a_trace_is_named(tmp_path: Path, second: str) -> None:
    (tmp_path / "t.jsonl").write_text('{"at": 0.5, "path": "/"}\n' + second + "\n")
    with pytest.raises(TraceError, match="line 2"):
        list(read_trace(tmp_path / "t.jsonl"))


def test_server_timing_is_read() -> None:
    header = 'features;dur=0.123, ranking;desc="a list";dur=4, cache;desc=hit, total;dur="7.5"'
    assert parse_server_timing(header) == {"features": 0.123, "ranking": 4.0, "total": 7.5}
    assert parse_server_timing("") == {}


def test_a_spread_is_median_and_extremes() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


def slice_of(throughput: float, cpu_us: float = 100.0, foreign: float = 0.0, errors: int = 0) -> Slice:
    return Slice(throughput, cpu_us, 1500.0, errors, foreign)


def rounds_of(**changes: float) -> list[dict[str, Slice]]:
    base = {API: 600.0, PLAIN: 650.0, OFF: 800.0, NOOP: 1000.0, NOOP_AGAIN: 1010.0, BARE: 2000.0, NAIVE: 60.0} | changes
    return [{name: slice_of(value * drift) for name, value in base.items()} for drift in (1.0, 0.7, 1.3)]


def result_of(latency_ms: float, lag_ms: float = 0.001, rate: float = 100.0) -> OpenLoopResult:
    each = Histogram.of(np.full(100, latency_ms / 1e3))
    return OpenLoopResult(100, 100 / rate, 1.0, {200: 100}, 0, each, Histogram.of(np.full(100, lag_ms / 1e3)))


def size_of(restaurants: int = 1_000, lag_ms: float = 0.001, **changes: float) -> Size:
    rung = Rung(OWN_HALF, {API: 300.0, NOOP: 500.0}, {API: [result_of(2.0, lag_ms)] * 3, NOOP: [result_of(1.0)] * 3})
    return Size(restaurants, rounds_of(**changes), [rung], {"features": 80.0, "ranking": 50.0})


def test_ratios_are_taken_round_by_round_so_drift_cancels() -> None:
    found = ratio(rounds_of(), API, NOOP, lambda each: each.throughput)
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.6, 0.6))


def test_a_round_is_quiet_when_nobody_else_was_busy() -> None:
    assert is_quiet({API: slice_of(1, foreign=0.05)})
    assert not is_quiet({API: slice_of(1), NOOP: slice_of(1, foreign=0.2)})
    assert is_quiet({API: slice_of(1, foreign=float("nan"))})


def test_the_table_says_what_was_measured_and_whether_goals_are_met() -> None:
    text = "\n".join(lines(size_of()))
    assert "1,000 restaurants, 3 rounds" in text
    assert "600 (420 – 780)" in text
    assert "0.60 (0.60 – 0.60)" in text
    assert ">= 0.6: met" in text
    assert "half of its own capacity, 500/s" in text
    assert "<= 2.5: met" in text
    assert "features 80, ranking 50" in text
    assert "INVALID" not in text
    assert ">= 0.6: MISSED" in "\n".join(lines(size_of(**{API: 590.0})))


def test_goals_at_ten_thousand_are_against_the_no_op_and_the_naive_way() -> None:
    text = "\n".join(lines(size_of(10_000, **{API: 350.0, NAIVE: 50.0})))
    assert ">= 0.38: MISSED" in text
    assert ">= 6: met" in text


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (size_of(**{NOOP_AGAIN: 1_040.0}), "differs from itself by 4.0%"),
        (size_of(lag_ms=3.0), "generator was late at half of its own capacity"),
        (
            Size(1_000, [{name: slice_of(1000, errors=1) for name in rounds_of()[0]}], [], {}),
            "7 requests failed",
        ),
    ],
)
def test_a_run_that_must_not_be_quoted_says_so(size: Size, words: str) -> None:
    assert any(words in problem for problem in size.problems)
    assert f"INVALID: {size.problems[0]}" in "\n".join(lines(size))
    assert size.as_json()["valid"] is False


def test_the_json_holds_every_figure() -> None:
    read = json.loads(json.dumps(size_of().as_json()))
    assert read["valid"] is True
    assert read["ratios"]["throughput"][f"{API} / {NOOP}"]["value"] == pytest.approx(0.6)
    assert read["ratios"]["cpu_us"][f"{API} / {NOOP}"]["value"] == pytest.approx(1.0)
    assert read["contestants"][API]["throughput"] == {"value": 600.0, "low": 420.0, "high": 780.0}
    assert read["goals"] == [
        {"of": API, "to": NOOP, "at_least": 0.6, "value": pytest.approx(0.6), "met": True},
        {"of": API, "to": PLAIN, "at_least": 0.85, "value": pytest.approx(600 / 650), "met": True},
        {"of": PLAIN, "to": OFF, "at_least": 0.85, "value": pytest.approx(650 / 800), "met": False},
    ]
    assert len(read["rounds"]) == 3
    open_loop = read["open_loop"][0]["contestants"][API]
    assert open_loop["latency_ms"]["p99"]["value"] == pytest.approx(2.0, rel=0.02)
    assert Histogram.from_json(open_loop["histogram"]).total == 300


def test_lost_requests_are_errors_and_no_answers() -> None:
    lost = replace(result_of(1.0), statuses={200: 97, LOST: 3})
    assert lost.errors == 3
    assert lost.achieved_rate == 97


def test_provenance_names_the_machine_and_the_libraries() -> None:
    found = provenance()
    assert found["libraries"]["numpy"] == np.__version__
    assert found["machine"]["cores"] >= 1
    assert json.loads(json.dumps(found)) == found
