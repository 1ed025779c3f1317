"""Grafana's dashboards, made from what is written here and from the seats: python scripts/dashboards.py [--check].

One for operations and one for every seat that signs, in `ops/grafana/dashboards/`. A seat's begins with the numbers
of its entry in the registry, so that a seventh seat has its dashboard without another line here. Whoever changes a
panel, a seat or its numbers runs this again; a test compares, and holds series and labels against what is exported.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.stakeholders.seats import SEATS, Measure, Seat, signing

FOLDER: Final = Path(__file__).parent.parent / "ops" / "grafana" / "dashboards"
_COLUMNS: Final = 24
_HEIGHT: Final = 8
_SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
_UNITS: Final = {"ms": "ms", "µs": "µs", "MiB": "mbytes"}
"""Grafana's names of the units that the seats' numbers have; the others are plain numbers."""


@dataclass(frozen=True)
class Panel:
    """A chart. Each query is an expression of PromQL with the legend of its lines."""

    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "none"
    width: int = 8
    kind: str = "timeseries"
    least: float | None = 0.0
    """Where the axis begins at the latest; None: where the numbers do."""
    interval: bool = False
    """The queries are a number and the two ends of its interval, which are drawn as thin lines."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


def _line(title: str, description: str, expression: str, legend: str, unit: str = "none", **more: Any) -> Panel:
    return Panel(title, description, ((expression, legend),), unit, **more)


def _rate(series: str, by: str) -> str:
    return f"sum by ({by}) (rate({series}[$__rate_interval]))"


def _quantile(share: float, selector: str, by: str = "le") -> str:
    return (
        f"histogram_quantile({share:g}, "
        f"sum by ({by}) (rate(tablestakes_request_seconds_bucket{{{selector}}}[$__rate_interval])))"
    )


def _mean(series: str, by: str) -> str:
    return f"{_rate(series + '_sum', by)} / {_rate(series + '_count', by)}"


# -- panels that several dashboards have

_LISTS: Final = 'route="recommendations"'
REQUESTS: Final = _line(
    "Requests", "Answers a second, by route.", _rate("tablestakes_requests_total", "route"), "{{route}}", "reqps"
)
ERRORS: Final = _line(
    "Errors",
    "Answers with 4xx or 5xx a second.",
    _rate('tablestakes_requests_total{status=~"4..|5.."}', "route, status"),
    "{{route}} {{status}}",
    "reqps",
)
LATENCY: Final = Panel(
    "Time to answer, recommendations",
    "Inside the process: waiting in the proxy or the socket is not in it. Quote latency from the open loop.",
    tuple((_quantile(share, _LISTS), f"p{100 * share:g}") for share in (0.5, 0.9, 0.99)),
    "s",
)
STAGES: Final = _line(
    "Stages of a recommendation, mean",
    "Features, ranking, ads: what a list's time goes into.",
    _mean("tablestakes_stage_seconds", "stage"),
    "{{stage}}",
    "s",
)
DEGRADED: Final = _line(
    "Degraded answers",
    "Lists made with less than all there is, by reason.",
    _rate("tablestakes_degraded_total", "reason"),
    "{{reason}}",
    "reqps",
)
EVENTS: Final = _line(
    "Events", "Accepted ones are on disk.", _rate("tablestakes_events_total", "outcome"), "{{outcome}}", "cps"
)
CACHE: Final = _line(
    "Feature cache",
    "Look-ups: found, not found, or answered from the last copy while Redis is away.",
    _rate("tablestakes_feature_cache_total", "outcome"),
    "{{outcome}}",
    "cps",
)
VERSIONS: Final = _line(
    "Answers by version",
    "Lists a second, by the model and the policy that made them.",
    _rate("tablestakes_answers_total", "market, model_version, policy, policy_version"),
    "{{market}} {{model_version}} {{policy}} {{policy_version}}",
    "reqps",
)
MODEL_AGE: Final = _line(
    "Age of the model",
    "Of the version that serves.",
    "max by (market) (tablestakes_model_age_seconds)",
    "{{market}}",
    "s",
    width=4,
    kind="stat",
)
DROPPED: Final = _line(
    "Served records dropped",
    "Above 0: the database does not keep up with the served log, and lists are without explanation or bill.",
    "sum(tablestakes_served_log_dropped)",
    "dropped",
    "short",
    width=4,
    kind="stat",
)
BURNS: Final = (
    Panel(
        "Burn rate, availability",
        "How many times faster than it may the 0.1 % of failed requests is used up; 14.4 pages.",
        (("tablestakes:error_ratio:rate1h / 0.001", "1 h"), ("tablestakes:error_ratio:rate6h / 0.001", "6 h")),
    ),
    Panel(
        "Burn rate, latency",
        "The same for the 1 % of recommendations that may take more than 50 ms.",
        (("tablestakes:slow_ratio:rate1h / 0.01", "1 h"), ("tablestakes:slow_ratio:rate6h / 0.01", "6 h")),
    ),
)
LEARNING: Final = (
    _line(
        "Drift, effect",
        "PSI, Kolmogorov-Smirnov distance or relative change, against the two weeks before. 0.1 is the floor.",
        "max by (market, column) (tablestakes_drift_effect)",
        "{{market}} {{column}}",
        least=None,
    ),
    _line(
        "Drifted",
        "Columns whose p-value and effect both say so.",
        "sum by (market, part) (tablestakes_drifted)",
        "{{market}} {{part}}",
    ),
    _line(
        "Orders, observed over predicted",
        "Of viewed places, in the last day; 1 is a promise kept.",
        "max by (market, model_version) "
        "(tablestakes_calibration_observed_orders / tablestakes_calibration_predicted_orders)",
        "{{market}} {{model_version}}",
    ),
)
MONEY: Final = (
    Panel(
        "Spent and planned today",
        "Minor units of the market's currency.",
        (
            ("max by (market) (tablestakes_ad_spend_today_minor_units)", "{{market}} spent"),
            ("max by (market) (tablestakes_ad_spend_planned_today_minor_units)", "{{market}} planned"),
        ),
        least=None,
    ),
    _line(
        "Budgets left today",
        "Of campaigns that run now.",
        "max by (market) (tablestakes_ad_budget_left_today_minor_units)",
        "{{market}}",
    ),
    _line(
        "Campaigns open",
        "They run now and have budget left.",
        "max by (market) (tablestakes_campaigns_open)",
        "{{market}}",
    ),
)
BILLING_AGE: Final = _line(
    "Billing queue, age of the oldest",
    "Seconds; the worker bills after five.",
    "max by (market) (tablestakes_billing_queue_age_seconds)",
    "{{market}}",
    "s",
)
WAITING: Final = Panel(
    "What waits",
    "Events to be billed, served records and events that wait for the database.",
    (
        ("max by (market) (tablestakes_billing_queue_events)", "to be billed, {{market}}"),
        ("sum(tablestakes_served_log_waiting)", "served records"),
        ("sum(tablestakes_event_commit_waiting)", "events"),
    ),
)
ROUNDS: Final = Panel(
    "The worker's rounds",
    "Rounds that failed, a second, and the mean time of a round.",
    (
        (_rate('tablestakes_worker_rounds_total{outcome="failed"}', "job_name"), "{{job_name}} failed"),
        (_mean("tablestakes_worker_round_seconds", "job_name"), "{{job_name}} s"),
    ),
)

PROCESSES: Final = (
    _line(
        "Processor, API",
        "Processors that the API's processes keep busy.",
        "sum(clamp_min(deriv(tablestakes_process_cpu_seconds[5m]), 0))",
        "busy",
    ),
    _line(
        "Processor time per 1,000 lists",
        "All that the API's processes do over the lists that they make, in the last five minutes.",
        "1e6 * sum(clamp_min(deriv(tablestakes_process_cpu_seconds[5m]), 0)) "
        "/ sum(rate(tablestakes_answers_total[5m]))",
        "all markets",
        "ms",
    ),
    Panel(
        "Memory and processes",
        "Resident; what the processes share counts in each.",
        (
            ("sum by (instance) (tablestakes_process_resident_bytes)", "{{instance}}"),
            ("sum(tablestakes_process_resident_bytes) / sum(tablestakes_processes)", "a process"),
        ),
        "bytes",
    ),
)
OVERLOAD: Final = (
    Panel(
        "Requests in flight",
        "Beside the limit: where they meet, requests of the lowest priority are refused first.",
        (("sum(tablestakes_overload_in_flight)", "in flight"), ("sum(tablestakes_overload_limit)", "limit")),
    ),
    _line(
        "Refused before any work",
        "With 503 and Retry-After, by priority and reason.",
        _rate("tablestakes_overload_refused_total", "priority, reason"),
        "{{priority}} {{reason}}",
        "reqps",
    ),
    _line(
        "Lag of the event loops",
        "How late the latest of them runs what is due; it steers the limit.",
        "max by (instance) (tablestakes_overload_lag_seconds)",
        "{{instance}}",
        "s",
    ),
)
REDIS: Final = _line(
    "Redis given up on",
    "Processes whose circuit breaker is open.",
    "sum(tablestakes_feature_cache_breaker_open)",
    "processes",
)

# -- the dashboards

OPERATIONS: Final = (
    Row("Requests", (REQUESTS, ERRORS, LATENCY, STAGES, DEGRADED, EVENTS, CACHE, DROPPED, MODEL_AGE)),
    Row("Overload", OVERLOAD),
    Row("Promises and versions", (*BURNS, VERSIONS)),
    Row("Processes", PROCESSES),
    Row("Learning: drift and calibration", LEARNING),
    Row("Money", MONEY),
    Row("Queues and the worker", (BILLING_AGE, WAITING, ROUNDS)),
)


def _job(name: str, what: str) -> Panel:
    return Panel(
        f"{what}: rounds",
        f"Rounds of the worker's job {name} a second, and those that failed.",
        (
            (_rate(f'tablestakes_worker_rounds_total{{job_name="{name}"}}', "outcome"), "{{outcome}}"),
            (f'time() - max(tablestakes_worker_last_done_timestamp_seconds{{job_name="{name}"}})', "s since the last"),
        ),
    )


def _routes(title: str, pattern: str) -> Panel:
    return Panel(
        title,
        "Answers a second, and the p99 of their time.",
        (
            (_rate(f'tablestakes_requests_total{{route=~"{pattern}"}}', "route, status"), "{{route}} {{status}}"),
            (_quantile(0.99, f'route=~"{pattern}"', "le, route"), "{{route}} p99, s"),
        ),
    )


_SHOWN: Final = "cuisine_shown|distance_shown|price_shown"
BESIDE: Final[dict[str, tuple[Row, ...]]] = {
    "ml": (
        Row("Is it still the world that was learnt?", LEARNING),
        Row("What serves", (VERSIONS, _job("retraining", "Retraining"), MODEL_AGE)),
    ),
    "sales": (Row("Budgets", MONEY), Row("Bills", (BILLING_AGE, _job("settlement", "Billing"), EVENTS))),
    "product": (Row("What diners wait for", (LATENCY, STAGES, DEGRADED)), Row("Promises", (*BURNS, EVENTS))),
    "infra": (
        Row("Processes", PROCESSES),
        Row("Overload", OVERLOAD),
        Row("Stores", (CACHE, REDIS, WAITING)),
        Row("Changes", (*BURNS, VERSIONS)),
        Row("Failures", (ERRORS, ROUNDS, _job("guardrails", "Guardrails"))),
    ),
    "interpretability": (
        Row(
            "Reasons that are asked for",
            (_routes("Explanations", "explanations|counterfactuals|replay"), DROPPED, MODEL_AGE),
        ),
        Row("Lists without their reasons", (DEGRADED, VERSIONS)),
    ),
    "fairness": (
        Row(
            "What is shown",
            (
                _line(
                    "What is shown, drift",
                    "How far what places are shown has moved, against the two weeks before.",
                    f'max by (market, column) (tablestakes_drift_effect{{column=~"{_SHOWN}"}})',
                    "{{market}} {{column}}",
                    least=None,
                ),
                _line(
                    "Lists that lifted nobody",
                    "What groups of restaurants have had was not known: the control of exposure stood still.",
                    _rate('tablestakes_degraded_total{reason="fairness-away"}', "reason"),
                    "{{reason}}",
                    "reqps",
                ),
                _routes("Reports that are asked for", "fairness|report|exposure"),
            ),
        ),
        Row("Who shows it", (VERSIONS, MODEL_AGE)),
    ),
}


def dashboards() -> dict[str, str]:
    """File name -> JSON."""
    found = {"operations.json": _document("operations", "Operations", "How the system is.", OPERATIONS)}
    for seat in signing():
        rows = (_numbers(seat), *BESIDE.get(seat.name, ()))
        if seat.name == "product":
            rows = (*rows, *(_numbers(other) for other in SEATS if not other.signs))
        found[f"{seat.name}.json"] = _document(seat.name, seat.title, f"{seat.title} wants {seat.wants}.", rows)
    return found


def _numbers(seat: Seat) -> Row:
    measured = [measure for measure in (seat.number, *seat.others) if measure.live is not None]
    return Row(f"{seat.title}: {seat.wants}", tuple(_measured(seat, measure) for measure in measured))


def _measured(seat: Seat, measure: Measure) -> Panel:
    labels = f'{{seat="{seat.name}",measure="{measure.key}"}}'
    unit = f" in {measure.unit}" if measure.unit else ""
    return Panel(
        measure.title[:1].upper() + measure.title[1:],
        f"Of the scorecard, over seven days{unit}, with its 95 % interval. It should go {measure.direction}.",
        tuple(
            (f"max by (market) (tablestakes_seat_measure{end}{labels})", f"{{{{market}}}}{word}")
            for end, word in (("", ""), ("_low", " low"), ("_high", " high"))
        ),
        _UNITS.get(measure.unit, "none"),
        least=None,
        interval=True,
    )


# -- Grafana's form


def _document(name: str, title: str, description: str, rows: Sequence[Row]) -> str:
    document = {
        "uid": f"tablestakes-{name}",
        "title": f"tablestakes: {title}",
        "description": description,
        "tags": ["tablestakes"],
        "timezone": "utc",
        "schemaVersion": 41,
        "version": 1,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "editable": False,
        "links": [{"type": "dashboards", "title": "the others", "tags": ["tablestakes"], "asDropdown": True}],
        "panels": _placed(rows),
        "templating": {"list": []},
        "annotations": {"list": []},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _placed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows from top to bottom, their panels from left to right; a row without panels is left out."""
    made: list[dict[str, Any]] = []
    top = 0
    for row in (row for row in rows if row.panels):
        made.append(_box(len(made), "row", row.title, (0, top, _COLUMNS, 1)) | {"collapsed": False, "panels": []})
        top, left = top + 1, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left = top + _HEIGHT, 0
            box = _box(len(made), panel.kind, panel.title, (left, top, panel.width, _HEIGHT))
            made.append(box | _drawn(panel))
            left += panel.width
        top += _HEIGHT
    return made


def _box(before: int, kind: str, title: str, place: tuple[int, int, int, int]) -> dict[str, Any]:
    return {"id": before + 1, "type": kind, "title": title, "gridPos": dict(zip("xywh", place, strict=True))}


def _drawn(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit} | ({} if panel.least is None else {"min": panel.least})
    ends = {
        "matcher": {"id": "byRegexp", "options": "/ (low|high)$/"},
        "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [4, 6]}}],
    }
    options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    if panel.kind == "timeseries":
        options = {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "description": panel.description,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": [ends] if panel.interval else []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + number), "expr": expression, "legendFormat": legend}
            for number, (expression, legend) in enumerate(panel.queries)
        ],
    }


def main() -> int:
    """Write the dashboards, or with --check say which are not as they would be written, or are nobody's."""
    made = dashboards()
    kept = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    stale = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name} is not what the code says: run python scripts/dashboards.py", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(made[name]) if name in made else (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
