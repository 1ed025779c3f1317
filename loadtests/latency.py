"""Latency of contestants at offered rates, from the open loop; and what a server says of its own stages."""

import http.client
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loadtests.comparison import Contestant, Spread
from loadtests.histogram import Histogram
from loadtests.open_loop import OpenLoopResult, run_open_loop
from loadtests.trace import Planned, arrival_times


@dataclass(frozen=True)
class Rung:
    """One level of load: all contestants, round by round."""

    name: str
    rates: Mapping[str, float]
    """Requests a second, by contestant."""
    results: dict[str, list[OpenLoopResult]]

    @property
    def generator_saturated(self) -> bool:
        """Whether the generator was late in most rounds of a contestant: then the rung measured the generator."""
        late = {name: [each.generator_saturated for each in rounds] for name, rounds in self.results.items()}
        return any(sum(each) * 2 > len(each) for each in late.values())

    def quantile_ms(self, name: str, q: float) -> Spread:
        """A contestant's latency quantile over the rounds."""
        return Spread.of(each.latencies.quantile_ms(q) for each in self.results[name])

    def ratio(self, of: str, to: str, q: float) -> Spread:
        """Quantile of one over the quantile of another, round by round."""
        pairs = zip(self.results[of], self.results[to], strict=True)
        return Spread.of(a.latencies.quantile_ms(q) / b.latencies.quantile_ms(q) for a, b in pairs)

    def as_json(self) -> dict[str, Any]:
        """Everything, with one raw histogram for each contestant."""
        return {
            "name": self.name,
            "valid": not self.generator_saturated,
            "contestants": {name: self._contestant_json(name) for name in self.results},
        }

    def _contestant_json(self, name: str) -> dict[str, Any]:
        rounds = self.results[name]
        whole = sum((each.latencies for each in rounds), Histogram.of(np.empty(0)))
        return {
            "rate": self.rates[name],
            "latency_ms": {f"p{round(q * 100)}": vars(self.quantile_ms(name, q)) for q in (0.5, 0.9, 0.99)},
            "max_ms": whole.highest_us / 1e3,
            "errors": sum(each.errors for each in rounds),
            "achieved_rate": vars(Spread.of(each.achieved_rate for each in rounds)),
            "generator_lag_p99_ms": max(each.lag.quantile_ms(0.99) for each in rounds),
            "histogram": whole.as_json(),
        }


def climb(
    contestants: Sequence[Contestant],
    levels: Mapping[str, Mapping[str, float]],
    *,
    rounds: int,
    seconds: float,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Rung]:
    """Offer each contestant in turn its rate of each level, requests a second, with Poisson arrivals of one seed."""
    rungs = []
    for name, rates in levels.items():
        results: dict[str, list[OpenLoopResult]] = {each.name: [] for each in contestants}
        for number in range(rounds):
            order = contestants if number % 2 == 0 else contestants[::-1]
            for each in order:
                times = arrival_times(rates[each.name], seconds, np.random.default_rng([seed, number]))
                results[each.name].append(_offer(each, times.tolist()))
            progress(f"open loop, {name}: round {number + 1} of {rounds}")
        rungs.append(Rung(name, rates, results))
    return rungs


def _offer(contestant: Contestant, times: Sequence[float]) -> OpenLoopResult:
    trace = [Planned(at, contestant.paths[number % len(contestant.paths)]) for number, at in enumerate(times)]
    return run_open_loop(contestant.server.target, trace, headers=contestant.headers)


def stage_medians_us(contestant: Contestant, count: int = 300) -> dict[str, float]:
    """Median of each stage in `Server-Timing` over `count` requests in a row, µs; empty without the header."""
    target = contestant.server.target
    connection = http.client.HTTPConnection(target.host, target.port, timeout=10)
    seen: dict[str, list[float]] = {}
    for number in range(count):
        connection.request("GET", contestant.paths[number % len(contestant.paths)], headers=dict(contestant.headers))
        response = connection.getresponse()
        response.read()
        for stage, milliseconds in parse_server_timing(response.headers.get("Server-Timing", "")).items():
            seen.setdefault(stage, []).append(milliseconds * 1e3)
    connection.close()
    return {stage: statistics.median(values) for stage, values in seen.items()}


def parse_server_timing(header: str) -> dict[str, float]:
    """`features;dur=0.123, ranking;dur=0.4` as milliseconds by stage; entries without a duration are left out."""
    stages = {}
    for entry in header.split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key == "dur" and name:
                stages[name] = float(value.strip('"'))
    return stages
