"""The report of a run as data: what goes into `reports/<scenario>.json`, and how it compares with the last one.

Fields are described in docs/load-tests.md; `SCHEMA_VERSION` rises when one changes its meaning or goes.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtests.histogram import Histogram
from loadtests.intervals import Interval, blocked, difference, quantile, verdict
from loadtests.latency import parse_server_timing
from loadtests.orders import orders_lost
from loadtests.scenarios.scenario import NAMES, Figure, Floats, Outcome, Plan, Recording
from loadtests.watching import Seen, Watcher
from loadtests.yardstick import same_speed

SCHEMA_VERSION: Final = 1
_MOST_BINS: Final = 300
_MOST_SAMPLES: Final = 300
_COMPARED: Final = (("p50", 0.5), ("p99", 0.99))
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}

Document = dict[str, Any]


def document(
    summary: str,
    plan: Plan,
    recording: Recording,
    outcome: Outcome,
    watcher: Watcher,
    provenance: Mapping[str, Any],
    yardstick: Sequence[float],
) -> Document:
    """Everything that one run tells. yardstick: `yardstick_ms` before and after."""
    problems = list(recording.problems)
    if not same_speed(yardstick[0], yardstick[1]):
        problems.append(
            f"the machine changed its speed: {yardstick[0]:.1f} ms became {yardstick[1]:.1f} ms of the same work"
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": plan.scenario,
        "summary": summary,
        "valid": not problems,
        "problems": problems,
        "checks": [asdict(check) for check in outcome.checks],
        "figures": [_figure_json(each) for each in [*_common(plan, recording, watcher), *outcome.figures]],
        "notes": outcome.notes,
        "requests": int(recording.at.size),
        "statuses": _statuses(recording.answers),
        "degraded": {
            "lists": int(recording.lists.sum()),
            "degraded": int(recording.degraded.sum()),
            "codes": dict(recording.reasons),
        },
        "phases": [
            _phase(recording, name, plan.seed) for name in dict.fromkeys(each.name for each in recording.phases)
        ],
        "timeline": _timeline(recording),
        "happened": [asdict(each) for each in sorted(recording.happened, key=lambda each: each.at)],
        "stages": _stages(recording.timings),
        "visits": orders_lost(recording.waited, recording.good, plan.seed).as_json(),
        "processes": _processes(watcher.seen()),
        "plan": plan.as_json(),
        "yardstick_ms": list(yardstick),
        "provenance": dict(provenance),
    }


def _common(plan: Plan, recording: Recording, watcher: Watcher) -> list[Figure]:
    """The figures that every report has: latency of each phase, failures, cost, orders."""
    figures = []
    for name in dict.fromkeys(each.name for each in recording.phases):
        waited = recording.waited[recording.of(name)] * 1e3
        figures += [Figure(f"{label}, {name}", "ms", _quantile_of(waited, q, plan.seed)) for label, q in _COMPARED]
    failed = ~recording.good
    figures.append(
        Figure(
            "requests without a 2xx",
            "of 1,000",
            blocked(lambda chosen: 1e3 * float(failed[chosen].mean()), failed.size, seed=plan.seed),
        )
    )
    if "locust" not in watcher.pids:  # whose requests cost CPU too, and are not in the recording
        figures.append(Figure("CPU of the server a request", "µs", _cpu_us(recording, watcher.seen(), plan.seed)))
    visits = orders_lost(recording.waited, recording.good, plan.seed)
    figures.append(Figure("orders lost to latency", "of 1,000 visits", visits.lost_to_latency))
    return figures


def _quantile_of(values: Floats, q: float, seed: int) -> Interval:
    return blocked(lambda chosen: quantile(values[chosen], q), values.size, seed=seed)


def _cpu_us(recording: Recording, seen: Seen, seed: int) -> Interval:
    """CPU time of the server's processes for each request sent, from the watcher's samples."""
    servers = [np.diff(values) for name, values in seen.cpu.items() if name.startswith("server")]
    if not servers or not recording.at.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    spent = np.sum(servers, axis=0)
    sampled = np.asarray(seen.at) - seen.at[0]
    begin = recording.began_at - seen.at[0]
    sent = np.diff(np.searchsorted(begin + recording.at, sampled))
    busy = sent > 0
    spent, sent = spent[busy], sent[busy]

    def cost(chosen: np.ndarray) -> float:
        return 1e6 * float(spent[chosen].sum() / sent[chosen].sum())

    return blocked(cost, sent.size, seed=seed)


def _figure_json(figure: Figure) -> Document:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "more_is_worse": figure.more_is_worse,
        **finite(figure.measured.as_json()),
    }


def finite(fields: Mapping[str, float | None]) -> dict[str, float | None]:
    """JSON has neither NaN nor infinity: both become null."""
    return {name: None if value is None or not np.isfinite(value) else value for name, value in fields.items()}


def _statuses(answers: np.ndarray) -> list[Document]:
    counted = Counter(answers.tolist())
    return [{"status": NAMES.get(status, str(status)), "count": count} for status, count in sorted(counted.items())]


def _phase(recording: Recording, name: str, seed: int) -> Document:
    chosen = recording.of(name)
    phases = [each for each in recording.phases if each.name == name]
    waited, good = recording.waited[chosen], recording.good[chosen]
    seconds, last = sum(each.seconds for each in phases), float((recording.at[chosen] + waited).max()) - phases[0].begin
    histogram = Histogram.of(waited)
    return {
        "name": name,
        "begin": phases[0].begin,
        "seconds": seconds,
        "requests": int(chosen.size),
        "offered_rate": chosen.size / seconds,
        "achieved_rate": float(good.sum()) / max(last, seconds),
        "statuses": _statuses(recording.answers[chosen]),
        "degraded": int(recording.degraded[chosen].sum()),
        "latency_ms": {label: finite(_quantile_of(1e3 * waited, q, seed).as_json()) for label, q in _QUANTILES.items()},
        "max_ms": histogram.highest_us / 1e3,
        "histogram": histogram.as_json(),
    }


def _timeline(recording: Recording) -> list[Document]:
    """Bins of a quarter of a second or more, at most 300 of them."""
    if not recording.at.size:
        return []
    length = max(0.25, float(np.ceil(recording.at[-1] / _MOST_BINS * 4) / 4))
    edges = np.searchsorted(recording.at, np.arange(0.0, recording.at[-1] + length, length))
    bins = []
    for number, (first, last) in enumerate(pairwise(edges.tolist())):
        waited = recording.waited[first:last] * 1e3
        bins.append(
            {
                "at": number * length,
                "seconds": length,
                "requests": int(last - first),
                "failed": int((~recording.good[first:last]).sum()),
                "degraded": int(recording.degraded[first:last].sum()),
                **finite({"p50_ms": quantile(waited, 0.5), "p99_ms": quantile(waited, 0.99)}),
                "max_ms": float(waited.max()) if waited.size else None,
            }
        )
    return bins


def _stages(timings: Sequence[bytes]) -> Document:
    seen: dict[str, list[float]] = {}
    for timing in timings:
        for stage, milliseconds in parse_server_timing(timing.decode()).items():
            seen.setdefault(stage, []).append(milliseconds / 1e3)
    found = {stage: Histogram.of(np.asarray(values)) for stage, values in seen.items()}
    return {
        stage: {"count": each.total, "latency_ms": each.summary_ms(), "histogram": each.as_json()}
        for stage, each in found.items()
    }


def _processes(seen: Seen) -> Document:
    """Memory over time of each process, thinned; its slope; and its CPU."""
    step = max(1, len(seen.at) // _MOST_SAMPLES)
    growths = seen.growths()
    found = {}
    for name, kib in seen.kib.items():
        grown = growths[name]
        found[name] = {
            "cpu_seconds": seen.cpu[name][-1] - seen.cpu[name][0],
            "rss_kib": [None if each != each else each for each in kib[::step]],
            "growth": None if grown is None else grown.as_json(),
        }
    return {"at": [each - seen.at[0] for each in seen.at[::step]], "by_name": found}


# -- the last report


def compare(before: Document | None, now: Document) -> Document:
    """How the figures of two reports differ; or why they are not compared."""
    if reason := _incomparable(before, now):
        return {"compared": False, "why": reason, "figures": []}
    assert before is not None
    earlier = {each["name"]: each for each in before["figures"]}
    rows = []
    for figure in now["figures"]:
        if other := earlier.get(figure["name"]):
            then, today = Interval.from_json(other), Interval.from_json(figure)
            judged = verdict(then, today, more_is_worse=figure["more_is_worse"])
            shown = difference(then, today)
            rows.append(
                {
                    "name": figure["name"],
                    "unit": figure["unit"],
                    "before": finite(then.as_json()),
                    "now": finite(today.as_json()),
                    "difference": finite(shown.as_json()),
                    "verdict": "no interval" if shown.low != shown.low else judged,
                }
            )
    source = before["provenance"]
    return {"compared": True, "why": "", "with": {"at": source["at"], "commit": source["commit"]}, "figures": rows}


def _incomparable(before: Document | None, now: Document) -> str:
    """Why two reports must not be compared; empty where they may."""
    if before is None:
        return "there is no earlier report of this scenario"
    if before.get("schema_version") != now["schema_version"]:
        return "the earlier report has another schema"
    if before["provenance"]["machine"] != now["provenance"]["machine"]:
        return "the earlier report is of another machine"
    if before["plan"] != now["plan"]:
        changed = [name for name in now["plan"] if before["plan"].get(name) != now["plan"][name]]
        return f"the earlier report has other settings: {', '.join(changed)}"
    if not before["valid"] or not now["valid"]:
        return f"{'the earlier' if not before['valid'] else 'this'} report is INVALID"
    then, today = max(before["yardstick_ms"]), max(now["yardstick_ms"])
    if not same_speed(then, today):
        return f"the machine ran at another speed: the same work took {then:.1f} ms then and {today:.1f} ms now"
    return ""


def keep(found: Document, folder: Path) -> Document:
    """Compare with the report that is there, put that aside as `.previous.json`, write this one; return it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found['scenario']}.json"
    before = read(path)
    whole = {**found, "comparison": compare(before, found)}
    if before is not None:
        os.replace(path, path.with_suffix(".previous.json"))
    write(path, json.dumps(whole, indent=1, allow_nan=False) + "\n")
    return whole


def read(path: Path) -> Document | None:
    """A report; None where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "schema_version" in found else None


def write(path: Path, text: str) -> None:
    """All of it or nothing."""
    building = path.with_name(f".{path.name}.tmp")
    building.write_text(text, encoding="utf-8")
    os.replace(building, path)
