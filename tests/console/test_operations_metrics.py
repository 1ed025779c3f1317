"""What the page of operations works out: exposition text, quantiles, rates over restarts and replicas, with oracles."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from services.currencies import OTHERS, minor_units
from services.monitoring.metrics import Metrics
from services.monitoring.worker_metrics import WorkerMetrics
from tests.console.bare_page import bare_page, call
from tests.console.conftest import Served, visits

pytestmark = pytest.mark.xdist_group("browser")

READ = """[...m.parse(it)].flatMap(([name, samples]) =>
  samples.map(({labels, value}) => [name, labels, Number.isFinite(value) ? value : String(value)]))"""
Sample = tuple[str, tuple[tuple[str, str], ...], float]


@pytest.fixture(scope="module")
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """One for all: they ask functions without a state."""
    with visits(browser, served) as visit:
        yield bare_page(visit())


def read(page: Page, text: str) -> set[Sample]:
    return {
        (name, tuple(sorted(labels.items())), float(value))
        for name, labels, value in call(page, "operations/metrics", READ, text)
    }


def expected(text: str) -> set[Sample]:
    return {
        (sample.name, tuple(sorted(sample.labels.items())), float(sample.value))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_any_text_is_read_as_the_librarys_own_parser_reads_it(page: Page) -> None:
    rng = np.random.default_rng(3)
    letters = list('abc "\\\n{},=#é日')
    registry = CollectorRegistry()
    counter = Counter("things", "Help with \\ and\nnew lines", ("what", "of"), registry=registry)
    gauge = Gauge("level", "", ("what",), registry=registry)
    seconds = Histogram("seconds", "…", ("what",), buckets=(0.001, 0.25, 10.0), registry=registry)
    for _ in range(60):
        words = ["".join(rng.choice(letters, int(rng.integers(0, 9)))) for _ in range(3)]
        counter.labels(words[0], words[1]).inc(float(rng.exponential()))
        gauge.labels(words[2]).set(float(rng.normal() * 10.0 ** rng.integers(-12, 12)))
        seconds.labels(words[0]).observe(float(rng.exponential()))
    gauge.labels("endless").set(math.inf)
    gauge.labels("down").set(-math.inf)
    text = generate_latest(registry).decode()

    assert read(page, text) == expected(text)
    assert len(expected(text)) > 300


def test_the_texts_of_this_system_are_read(page: Page) -> None:
    api, worker = Metrics(), WorkerMetrics()
    api.request("recommendations", 200, 0.003)
    api.answer("aldermoor", "lightfm-1", 'a "quoted" policy', 2)
    worker.round("pacing", 0.02, 1.7e9, failed=True)
    for registry in (api.registry, worker.registry):
        text = generate_latest(registry).decode()
        assert read(page, text) == expected(text)


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("a 1", ("a", {}, 1)),
        ("  a  1.5  1700000000000", ("a", {}, 1.5)),
        ("a{} 2", ("a", {}, 2)),
        ('a{b="c",} 3', ("a", {"b": "c"}, 3)),
        ('a { b = "c" , d="}" } 4', ("a", {"b": "c", "d": "}"}, 4)),
        (r'a{b="\\n\n"} -1e-3', ("a", {"b": "\\n\n"}, -0.001)),
        ("a NaN", ("a", {}, "NaN")),
        ("a:b_c +Inf", ("a:b_c", {}, "Infinity")),
    ],
)
def test_lines_of_all_forms_are_read(page: Page, line: str, sample: tuple[str, dict[str, str], float]) -> None:
    assert call(page, "operations/metrics", READ, f"# HELP a\n\n{line}\n") == [list(sample)]


@pytest.mark.parametrize(
    "line", ["a", "a b", "1a 2", 'a{b="c} 1', "a{b=c} 1", 'a{"b"} 1', "a 1 2 3", "a 1 x", "a1,5", "<html>"]
)
def test_a_line_that_is_no_sample_is_named(page: Page, line: str) -> None:
    script = "(() => { try { return m.parse(it); } catch (error) { return `${error.name}: ${error.message}`; } })()"
    assert call(page, "operations/metrics", script, f"a 1\n{line}\n") == f"SyntaxError: line 2 is no sample: {line}"


def quantile(q: float, buckets: list[tuple[float, float]]) -> float | None:
    """As `histogram_quantile` of Prometheus (promql/quantile.go, bucketQuantile)."""
    total = buckets[-1][1]
    if total == 0:
        return None
    rank = q * total
    b = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    if b == len(buckets) - 1:
        return buckets[-2][0]
    start, end, count = 0.0, buckets[b][0], buckets[b][1]
    if b > 0:
        start = buckets[b - 1][0]
        count -= buckets[b - 1][1]
        rank -= buckets[b - 1][1]
    return start + (end - start) * (rank / count) if count else start


def test_quantiles_of_buckets_are_those_of_prometheus(page: Page) -> None:
    rng = np.random.default_rng(4)
    bounds = [0.001, 0.005, 0.02, 0.1, 1.0, math.inf]
    cases = []
    for _ in range(200):
        counts = np.cumsum(rng.poisson(rng.exponential(3, 6)))
        cases.append(
            (float(rng.uniform(0.01, 1)), [(le, float(count)) for le, count in zip(bounds, counts, strict=True)])
        )
    given = [[q, [[str(le), count] for le, count in buckets]] for q, buckets in cases]
    script = """it.map(([q, buckets]) =>
      m.quantileOf(q, buckets.map(([le, count]) => ({ le: le === 'inf' ? Infinity : Number(le), count }))))"""
    found = call(page, "operations/metrics", script, given)

    for (q, buckets), value in zip(cases, found, strict=True):
        wanted = quantile(q, buckets)
        assert (value is None) == (wanted is None)
        assert wanted is None or value == pytest.approx(wanted, abs=1e-12)


def test_buckets_of_several_children_are_added_and_ordered(page: Page) -> None:
    metric = Metrics()
    for route, seconds in (("a", 0.0004), ("a", 0.02), ("b", 0.003), ("b", 9.0)):
        metric.request(route, 200, seconds)
    script = """m.apartOf(m.bucketsOf(m.parse(it), 'tablestakes_request_seconds'))
      .map(({from, to, count}) => [from, String(to), count])"""
    apart = call(page, "operations/metrics", script, generate_latest(metric.registry).decode())

    assert [(start, end) for start, end, count in apart if count] == [
        (0, "0.0005"),
        (0.0025, "0.005"),
        (0.01, "0.025"),
        (2.5, "Infinity"),
    ]


# -- history

LOOKS = """it.reduce((history, [at, text]) => {
    text === null ? history.miss(at) : history.add(at, text);
    return history;
  }, new m.History({ keep: 60, lately: 10 }))"""


def told(started: float, **counted: float) -> str:
    lines = [f'tablestakes_requests_total{{route="{route}"}} {count}' for route, count in counted.items()]
    return "\n".join([f"tablestakes_process_start_timestamp_seconds {started}", *lines])


def rates(
    page: Page, looks: list[tuple[float, str | None]], pick: str = "", of: str = "rates"
) -> list[tuple[float, float | None]]:
    script = f"""import('/static/js/operations/metrics.js').then(({{ sumOf }}) => ({LOOKS}).{of}(
      (samples) => {pick or "sumOf(samples, 'tablestakes_requests_total')"}))"""
    found = call(page, "operations/history", script, [list(look) for look in looks])
    return [(look["at"], look["y"]) for look in found]


def test_a_rate_is_the_difference_over_the_time_between_looks(page: Page) -> None:
    looks: list[tuple[float, str | None]] = [(0, told(1, a=100)), (2, told(1, a=110)), (6, told(1, a=110, b=8))]
    assert rates(page, looks) == [(0, None), (2, 5.0), (6, 2.0)]


def test_a_new_start_is_no_negative_rate(page: Page) -> None:
    same = [(0, told(1, a=100)), (2, told(1, a=120)), (4, told(1, a=6))]
    assert rates(page, same) == [(0, None), (2, 10.0), (4, 3.0)]
    another = [(0, told(1, a=100)), (2, told(1, a=120)), (4, None), (6, told(5, a=4)), (8, told(5, a=8))]
    assert rates(page, another) == [(0, None), (2, 10.0), (4, None), (6, None), (8, 2.0)]


def test_replicas_that_answer_in_turn_are_added_up(page: Page) -> None:
    looks: list[tuple[float, str | None]] = [
        (0, told(1, a=1000)),
        (2, told(2, a=7)),
        (4, told(1, a=1040)),  # 10 a second
        (6, told(2, a=27)),  # 5 a second
        (8, told(1, a=1080)),
        (20, told(1, a=1200)),  # the other one was not seen for more than ten seconds
    ]
    assert rates(page, looks) == [(0, None), (2, None), (4, 10.0), (6, 15.0), (8, 15.0), (20, 10.0)]
    script = f"({LOOKS}).sources"
    assert call(page, "operations/history", script, [list(look) for look in looks[:5]]) == 2
    gauges = rates(page, looks, "sumOf(samples, 'tablestakes_process_start_timestamp_seconds')", of="gauges")
    assert gauges == [(0, 1), (2, 3), (4, 3), (6, 3), (8, 3), (20, 1)]


def test_only_the_last_minutes_are_kept_and_counted(page: Page) -> None:
    looks = [[float(at), told(1, a=at * at)] for at in range(0, 101, 10)]
    script = f"(({LOOKS})).gained.get('tablestakes_requests_total')"
    assert call(page, "operations/history", script, looks) == [{"labels": {"route": "a"}, "value": 100**2 - 40**2}]
    assert call(page, "operations/history", f"({LOOKS}).span", looks) == 50


def test_cpu_time_that_falls_because_a_process_ended_is_no_gain(page: Page) -> None:
    def cpu(seconds: float) -> str:
        return f"tablestakes_process_start_timestamp_seconds 1\ntablestakes_process_cpu_seconds {seconds}"

    looks: list[tuple[float, str | None]] = [(0, cpu(50)), (2, cpu(51)), (4, cpu(30)), (6, cpu(31))]
    found = rates(page, looks, "sumOf(samples, 'tablestakes_process_cpu_seconds')")
    assert found == [(0, None), (2, 0.5), (4, 0.0), (6, 0.5)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 seconds"),
        (1, "1 second"),
        (99, "99 seconds"),
        (150, "3 minutes"),
        (7200, "2 hours"),
        (400_000, "5 days"),
    ],
)
def test_ages_are_round(page: Page, seconds: float, text: str) -> None:
    assert call(page, "format", "m.ageText(it)", seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.0006, "0.1 %"),
        (0.094, "9.4 %"),
        (0.374, "37 %"),
        (0.994, "99 %"),
        (0.996, "99.6 %"),
        (0.9999, "> 99.9 %"),
        (1.0, "100 %"),
        (-0.02, "−2.0 %"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(page: Page, share: float, text: str) -> None:
    assert call(page, "format", "m.percentText(it)", share) == text


def test_minor_units_are_the_servers(page: Page) -> None:
    known = [*OTHERS, "GBP", "MXN", "HUF", "IDR", "COP"]
    assert call(page, "format", "it.map(m.minorUnits)", known) == [minor_units(currency) for currency in known]
    assert call(page, "format", "it.map((one) => m.moneyText(1234, one))", ["GBP", "JPY", "KWD"]) == [
        "£12.34",
        "¥1,234",
        "KWD\u00a01.234",
    ]


def figure(page: Page, name: str, looks: list[tuple[float, str]], more: str = "") -> dict[str, Any]:
    script = f"import('/static/js/operations/figures.js').then((f) => f.{name}({LOOKS}{more}))"
    found: dict[str, Any] = call(page, "operations/history", script, [list(look) for look in looks])
    return found


def test_the_busiest_routes_have_lines_and_the_others_one_together(page: Page) -> None:
    many = {f"r{i}": 0.0 for i in range(7)} | {"operations": 5.0}
    after = {f"r{i}": float(10 * (i + 1)) for i in range(7)} | {"operations": 50.0}
    shown = figure(page, "requestsFigure", [(0, told(1, **many)), (2, told(1, **after))])

    assert [series["name"] for series in shown["series"]] == ["R6", "R5", "R4", "R3", "Other routes"]
    assert [series["points"][-1]["y"] for series in shown["series"]] == [35, 30, 25, 20, 30]
    assert shown["sentence"].startswith("280 requests in the last 2 seconds; 25 % of them to “R6”.")
    assert {mark["x"] for series in shown["series"] for mark in series["points"]} == {-2, 0}


def worker_text(worker: WorkerMetrics) -> str:
    return generate_latest(worker.registry).decode()


def of_worker(page: Page, name: str, text: str, *more: Any) -> dict[str, Any]:
    script = f"import('/static/js/operations/worker_figures.js').then((f) => f.{name}(m.parse(it[0]), ...it[1]))"
    found: dict[str, Any] = call(page, "operations/metrics", script, [text, list(more)])
    return found


MARKET = {"market": "aldermoor", "title": "Aldermoor", "currency": "GBP"}


def test_spend_is_told_in_the_citys_money(page: Page) -> None:
    from services.ads.pacing_job import MarketSpend

    worker = WorkerMetrics()
    worker.spending([MarketSpend("aldermoor", 1250.4, 2500.0, 9000.0, 3), MarketSpend("elsewhere", 1.0, 1.0, 1.0, 1)])
    shown = of_worker(page, "spendFigure", worker_text(worker), MARKET)

    assert [held["value"] for held in shown["series"][0]["values"]] == [12.5, 25, 90]
    assert (
        shown["sentence"] == "3 campaigns run. Spent so far: 12.5 GBP, 50 % of what the pacing would have spent by now."
    )
    yen = of_worker(page, "spendFigure", worker_text(worker), {**MARKET, "currency": "JPY"})
    assert [held["value"] for held in yen["series"][0]["values"]] == [1250, 2500, 9000]
    assert of_worker(page, "spendFigure", "", MARKET)["sentence"] == "No campaign has a budget in Aldermoor."


def test_calibration_tells_promised_and_observed_orders(page: Page) -> None:
    from services.monitoring.calibration_watch import LiveCalibration

    worker = WorkerMetrics()
    worker.calibration(
        [
            LiveCalibration("aldermoor", "lightfm-1", 900, 40.5, 60, 5.25),
            LiveCalibration("elsewhere", "lightfm-2", 900, 1.0, 1, 0.0),
        ]
    )
    shown = of_worker(page, "calibrationFigure", worker_text(worker), MARKET)

    assert shown["groups"] == ["lightfm-1"]
    assert [series["values"] for series in shown["series"]] == [[{"value": 40.5}], [{"value": 60}]]
    assert (
        "lightfm-1: 60 for 40.5 promised, 5.3 standard errors off. More than 4 standard errors are no chance."
        in shown["sentence"]
    )


def test_drift_names_what_is_not_what_it_was(page: Page) -> None:
    from data.drift import Column, Kind, Part, compare

    rng = np.random.default_rng(5)

    def column(name: str, shift: float) -> Column:
        units = (np.arange(800) // 2, np.arange(800) % 14)
        return Column(name, Part.SCORE, Kind.NUMBER, rng.normal(shift, 1, 800), units)

    before = [column("probability", 0), column("distance_km", 0)]
    after = [column("probability", 1.5), column("distance_km", 0)]
    worker = WorkerMetrics()
    worker.drift({"aldermoor": compare(before, after)}, at=1_000.0)
    shown = of_worker(page, "driftFigure", worker_text(worker), MARKET, 1_180.0)

    assert shown["sentence"] == "Not what it was: probability. Looked at 3 minutes ago."
    assert [(row[0], row[4]) for row in shown["rows"]] == [("Probability", "drifted"), ("Distance km", "as before")]
    assert shown["rows"][0][2] > 0.3
