"""`make overload`: what a process does when it is asked for several times as much as it can answer.

One server process on core 0, the load from this process on core 1, all in one run:

    r         CPU of one refusal, from a server that refuses everything
    s, C      CPU of one list and lists a second, from a closed loop: the capacity
    1, 2, 5, 10 x C   an open loop (Poisson): lists a second that were answered, and how long both kinds of answer took
    2 x C, mixed      half of it of the last priority, asked of a report's address

When every refusal takes r from a core that could make lists at s, what n times the load leaves of the capacity is at
most (s - n r) / (s - r). Both are printed, and the share of the bound that was reached. The market has 10,000
restaurants and every list comes with its reasons, so that one core of Python can offer ten times the capacity; where it
was late all the same, the row is INVALID.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from loadtests.closed_loop import run_closed_loop
from loadtests.histogram import Histogram
from loadtests.homes import Home, HomeError, build_home
from loadtests.open_loop import OpenLoopResult, run_open_loop
from loadtests.processes import pin, resident_mib
from loadtests.provenance import provenance
from loadtests.servers import CLIENT_CORE, Server, ServerError, serving
from loadtests.trace import Planned, arrival_times, recommendation_paths
from services.features import EmbeddedRedis

SCHEMA_VERSION: Final = 1
MULTIPLES: Final = (1.0, 2.0, 5.0, 10.0)
GOALS: Final = {2.0: 0.97, 5.0: 0.85, 10.0: 0.65}
OF_BOUND: Final = 0.90
CALM: Final = 0.25
"""Of the capacity: the load after an overload, in which the process has to be well again."""
CALM_SECONDS: Final = 3.0
PATHS: Final = 4_096
_LAST_PRIORITY: Final = "/v1/lessons"
_CLOSED_CONNECTIONS: Final = 16


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seconds: float
    restaurants: int
    seed: int = 1


@dataclass(frozen=True)
class Step:
    """One multiple of the capacity, and the calm after it."""

    name: str
    multiple: float
    capacity: float
    result: OpenLoopResult
    first: npt.NDArray[np.bool_]
    """Which requests were for lists."""
    after: OpenLoopResult
    cpu_seconds: float
    """Of the server, until the last answer."""
    mib: tuple[float, float]
    """Its memory before and after."""
    alive: bool

    @property
    def offered(self) -> float:
        """Requests a second that were meant to be sent."""
        return self.result.offered_rate

    @property
    def goodput(self) -> float:
        """Answers with 200 a second while the load lasted, of the capacity."""
        return self._answered(200) / self.result.planned_seconds / self.capacity

    @property
    def refused(self) -> int:
        """Answers with 503."""
        return self._answered(503)

    def useful(self, list_us: float) -> float:
        """Share of the server's CPU that the lists took: what others took of the core leaves it as it is."""
        return self._answered(200) * list_us / 1e6 / self.cpu_seconds

    @property
    def hangs(self) -> int:
        """Requests without an answer, and broken connections."""
        return int(np.isin(self.result.codes, (-1, 0)).sum())

    @property
    def recovery(self) -> float:
        """Seconds from the end of the load to the last refusal, or answer that took 50 ms; 0: there was none."""
        bad = (self.after.codes != 200) | (self.after.waited > 0.050)
        return float((self.after.due + self.after.waited)[bad].max()) if bad.any() else 0.0

    def success(self, first: bool) -> float:
        """Share of the lists, or of what is not one, that was answered with 200; NaN where there was none."""
        asked = self.first == first
        return float((self.result.codes[asked] == 200).mean()) if asked.any() else float("nan")

    def quantile_ms(self, status: int, q: float) -> float:
        """Of answers with this status, from when the request was due; NaN where there was none."""
        return Histogram.of(self.result.waited[self.result.codes == status]).quantile_ms(q)

    def _answered(self, status: int) -> int:
        return int(self.result.statuses[status])


@dataclass(frozen=True)
class Report:
    """A whole run."""

    list_us: float
    """s"""
    refusal_us: float
    """r"""
    capacity: float
    """Lists a second."""
    steps: Sequence[Step]

    def bound(self, multiple: float) -> float:
        """Of the capacity, what refusing leaves at best."""
        s, r = self.list_us, self.refusal_us
        return max((s - multiple * r) / (s - r), 0.0) if multiple > 1.0 else 1.0

    def as_json(self) -> dict[str, Any]:
        """Figures and raw histograms."""
        return {
            "schema_version": SCHEMA_VERSION,
            "list_us": self.list_us,
            "refusal_us": self.refusal_us,
            "capacity": self.capacity,
            "steps": [self._step_json(step) for step in self.steps],
        }

    def _step_json(self, step: Step) -> dict[str, Any]:
        return {
            "name": step.name,
            "multiple": step.multiple,
            "valid": not step.result.generator_saturated,
            "offered": step.offered,
            "goodput_of_capacity": step.goodput,
            "bound": self.bound(step.multiple),
            "refused": step.refused,
            "hangs": step.hangs,
            "success_first": step.success(True),
            "success_last": step.success(False),
            "accepted_ms": {"p50": step.quantile_ms(200, 0.5), "p99": step.quantile_ms(200, 0.99)},
            "refused_ms": {"p50": step.quantile_ms(503, 0.5), "p99": step.quantile_ms(503, 0.99)},
            "recovery_seconds": step.recovery,
            "cpu_seconds": step.cpu_seconds,
            "useful_cpu": step.useful(self.list_us),
            "resident_mib": step.mib,
            "alive": step.alive,
            "open_loop": step.result.as_json(),
        }


def run(plan: Plan, folder: Path, progress: Callable[[str], None]) -> Report:
    """Measure everything; homes and logs go into `folder`."""
    pin(os.getpid(), CLIENT_CORE)
    progress(f"{plan.restaurants:,} restaurants: generating and training")
    home = build_home(folder, restaurants=plan.restaurants, seed=plan.seed)
    paths = [
        f"{path}&explain=reasons"
        for path in recommendation_paths(home.diners(), PATHS, np.random.default_rng(plan.seed))
    ]
    with ExitStack() as stack:
        cache = stack.enter_context(EmbeddedRedis(home.path / "redis"))
        server = stack.enter_context(
            serving(
                "tablestakes",
                home.serve_command,
                log=folder / "serve.log",
                environment={**home.environment, "TABLESTAKES_REDIS_URL": cache.url},
            )
        )
        refusal_us = _refusal_us(home, folder, paths)
        progress(f"a refusal takes {refusal_us:.1f} µs")
        capacity, list_us = _capacity(server, home, paths, plan.seconds)
        progress(f"a list takes {list_us:,.0f} µs, {capacity:,.0f} a second")
        steps = list(_steps(server, home, paths, capacity, plan, progress))
    return Report(list_us, refusal_us, capacity, steps)


def _refusal_us(home: Home, folder: Path, paths: Sequence[str]) -> float:
    """CPU µs of one refusal: the median of five slices, of a process with nothing else to do."""
    command = [sys.executable, "-m", "loadtests.refusing"]
    with serving("refusing", command, log=folder / "refusing.log", ready_path="/health/live") as server:
        requests = [server.target.request(path, headers=home.headers("admin")) for path in paths]
        found = []
        for _ in range(5):
            before = server.cpu_seconds()
            answers = run_closed_loop(server.target, requests, seconds=1.0, connections=64).answers
            found.append((server.cpu_seconds() - before) / answers * 1e6)
    return median(found)


def _capacity(server: Server, home: Home, paths: Sequence[str], seconds: float) -> tuple[float, float]:
    """Lists a second and CPU µs of a list from a closed loop, medians of five slices after a warm one."""
    requests = [server.target.request(path, headers=home.headers("admin")) for path in paths]
    rates, costs = [], []
    for number in range(6):
        before = server.cpu_seconds()
        found = run_closed_loop(server.target, requests, seconds=max(seconds / 5, 2.0), connections=_CLOSED_CONNECTIONS)
        if found.errors:
            raise ServerError(f"{found.errors} requests of the closed loop failed: {dict(found.statuses)}")
        if number:
            rates.append(found.throughput)
            costs.append((server.cpu_seconds() - before) / found.answers * 1e6)
    return median(rates), median(costs)


def _steps(
    server: Server,
    home: Home,
    paths: Sequence[str],
    capacity: float,
    plan: Plan,
    progress: Callable[[str], None],
) -> Iterator[Step]:
    for number, multiple in enumerate(MULTIPLES):
        step = _step(server, home, paths, capacity, plan, f"{multiple:g}x", multiple, 0.0, number)
        progress(f"{step.name}: goodput {step.goodput:.0%}")
        yield step
    yield _step(server, home, paths, capacity, plan, "2x, half last", 2.0, 0.5, len(MULTIPLES))


def _step(
    server: Server,
    home: Home,
    paths: Sequence[str],
    capacity: float,
    plan: Plan,
    name: str,
    multiple: float,
    last_share: float,
    number: int,
) -> Step:
    rng = np.random.default_rng([plan.seed, number])
    times = arrival_times(multiple * capacity, plan.seconds, rng)
    first = rng.random(times.size) >= last_share
    trace = [
        Planned(at, paths[index % len(paths)] if listed else _LAST_PRIORITY)
        for index, (at, listed) in enumerate(zip(times.tolist(), first.tolist(), strict=True))
    ]
    calm = arrival_times(CALM * capacity, CALM_SECONDS, rng).tolist()
    headers = home.headers("admin")
    before, cpu = resident_mib(server.pids), server.cpu_seconds()
    result = run_open_loop(server.target, trace, headers=headers, connections=64)
    cpu = server.cpu_seconds() - cpu
    after = run_open_loop(
        server.target, [Planned(at, paths[index % len(paths)]) for index, at in enumerate(calm)], headers=headers
    )
    return Step(
        name=name,
        multiple=multiple,
        capacity=capacity,
        result=result,
        first=first,
        after=after,
        cpu_seconds=cpu,
        mib=(before, resident_mib(server.pids)),
        alive=server.process.poll() is None,
    )


def lines(report: Report) -> list[str]:
    """The run as a table."""
    s, r = report.list_us, report.refusal_us
    text = [
        f"a list takes s = {s:,.0f} µs of CPU, a refusal r = {r:.1f} µs; capacity {report.capacity:,.0f} lists/s",
        "",
        f"  {'':<14}{'sent/s':>8}{'goodput':>9}{'bound':>7}{'of it':>7}{'goal':>7}{'useful CPU':>12}"
        f"{'200 p99 ms':>12}{'503 p99 ms':>12}{'hangs':>7}{'well in s':>11}{'MiB':>12}",
    ]
    for step in report.steps:
        bound, mixed = report.bound(step.multiple), not step.first.all()
        goal = GOALS.get(step.multiple)
        cells = ["", "", "", ""]
        if not mixed:
            cells = [f"{step.goodput:.1%}", f"{bound:.1%}", f"{step.goodput / bound:.0%}" if bound else "", ""]
            if goal is not None:
                cells[3] = f">={goal:.0%}"
        text.append(
            f"  {step.name:<14}{step.result.planned / step.result.seconds:>8,.0f}"
            f"{cells[0]:>9}{cells[1]:>7}{cells[2]:>7}{cells[3]:>7}{'' if mixed else f'{step.useful(s):.0%}':>12}"
            f"{step.quantile_ms(200, 0.99):>12.1f}{step.quantile_ms(503, 0.99):>12.1f}{step.hangs:>7}"
            f"{step.recovery:>11.2f}{f'{step.mib[0]:.0f}-{step.mib[1]:.0f}':>12}"
            + ("" if step.alive else "  DEAD")
            + ("  INVALID: the generator was late" if step.result.generator_saturated else "")
        )
        if mixed:
            shares = step.success(True), step.success(False)
            text.append(f"    answered with 200: {shares[0]:.2%} of the lists, {shares[1]:.2%} of the last priority")
    return text


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print the table, write the JSON; 0 when the table stands, whatever it says."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.overload", description="Several times the capacity.")
    parser.add_argument("--quick", action="store_true", help="10 s a step rather than 60 s")
    parser.add_argument("--seconds", type=float, help="of each step")
    parser.add_argument("--restaurants", type=int, default=10_000, help="in the market")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and raw histograms here")
    chosen = parser.parse_args(argv)
    plan = Plan(chosen.seconds or (10.0 if chosen.quick else 60.0), chosen.restaurants)
    source = provenance()
    try:
        with tempfile.TemporaryDirectory(prefix="tablestakes-overload-") as folder:
            report = run(plan, Path(folder), _say)
    except (HomeError, ServerError) as error:
        _say(str(error))
        return 1
    print("\n".join(lines(report)), flush=True)
    machine = source["machine"]
    print(f"\ncommit {source['commit']}, {machine['cores']} cores, {machine['processor']}, Python {source['python']}")
    if chosen.json is not None:
        document = {"plan": vars(plan), "provenance": source, **report.as_json()}
        chosen.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
