"""`make overload`: what a process does when it is asked for several times as much as it can answer.

One server process on core 0, the load from this process on core 1, all in one run:

    r         CPU of one refusal, from a server that refuses everything
    s, C      CPU of one list and lists a second, from a closed loop before and after each step: the capacity
    1, 2, 5, 10 x C   an open loop (Poisson): lists a second that were answered, and how long both kinds of answer took
    2 x C, mixed      half of it of the last priority, asked of a report's address

When every refusal takes r from a core that could make lists at s, what n times the load leaves of the capacity is at
most (s - n r) / (s - r). Both are printed, and the share of the bound that was reached. The market has 10,000
restaurants and every list comes with its reasons, so that one core of Python can offer ten times the capacity; where it
was late all the same, or where the capacity was another after the step than before it, the row is INVALID.
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
from loadtests.connection import LOST
from loadtests.histogram import Histogram
from loadtests.homes import Home, HomeError, build_home
from loadtests.open_loop import UNANSWERED, OpenLoopResult, run_open_loop
from loadtests.processes import pin, resident_mib, settle
from loadtests.provenance import provenance
from loadtests.servers import CLIENT_CORE, Server, ServerError, end_tidily, serving
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
STEADY: Final = 0.10
"""The capacities before and after a step differ by no more of it."""
_LAST_PRIORITY: Final = "/v1/lessons"
_CLOSED_CONNECTIONS: Final = 16
_OPEN_CONNECTIONS: Final = 64


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seconds: float
    restaurants: int
    seed: int = 1


@dataclass(frozen=True)
class Capacity:
    """What the server can do when it is asked for no more."""

    lists: float
    """A second, of the time that they and their log take."""
    list_us: float
    """CPU of one, its log with it."""
    failed: float
    """Requests that got no list, for each that got one; a quiet machine has none."""


@dataclass(frozen=True)
class Step:
    """One multiple of the capacity, and the calm after it."""

    name: str
    multiple: float
    before: Capacity
    after: Capacity
    result: OpenLoopResult
    first: npt.NDArray[np.bool_]
    """Which requests were for lists."""
    calm: OpenLoopResult
    """The load that followed."""
    cpu_seconds: float
    """Of the server, until the last answer."""
    mib: tuple[float, float]
    """Its memory before and after."""
    alive: bool

    @property
    def list_us(self) -> float:
        """s, around this step."""
        return (self.before.list_us + self.after.list_us) / 2

    @property
    def problems(self) -> list[str]:
        """Why the step must not be quoted; empty when it may."""
        found = ["the generator was late"] if self.result.generator_saturated else []
        if abs(self.after.lists / self.before.lists - 1.0) > STEADY:
            found.append(f"the capacity went from {self.before.lists:,.0f} to {self.after.lists:,.0f}")
        if max(self.before.failed, self.after.failed) > 0.0:
            found.append("lists were refused within the capacity")
        return found

    @property
    def goodput(self) -> float:
        """Answers with 200 a second while the load lasted, of the capacity."""
        capacity = (self.before.lists + self.after.lists) / 2
        return self._answered(200) / self.result.planned_seconds / capacity

    @property
    def refused(self) -> int:
        """Answers with 503."""
        return self._answered(503)

    @property
    def useful(self) -> float:
        """Share of the server's CPU that the lists took: what others took of the core leaves it as it is."""
        return self._answered(200) * self.list_us / 1e6 / self.cpu_seconds

    def bound(self, refusal_us: float) -> float:
        """Of the capacity, what refusing leaves at best."""
        s, r, n = self.list_us, refusal_us, self.multiple
        return max((s - n * r) / (s - r), 0.0) if n > 1.0 else 1.0

    @property
    def hangs(self) -> int:
        """Requests without an answer, and broken connections."""
        return int(np.isin(self.result.answers, (UNANSWERED, LOST)).sum())

    @property
    def recovery(self) -> float:
        """Seconds from the end of the load to the last refusal, or answer that took 50 ms; 0: there was none."""
        bad = (self.calm.answers != 200) | (self.calm.waited > 0.050)
        return float((self.calm.due + self.calm.waited)[bad].max()) if bad.any() else 0.0

    def success(self, first: bool) -> float:
        """Share of the lists, or of what is not one, that was answered with 200; NaN where there was none."""
        asked = self.first == first
        return float((self.result.answers[asked] == 200).mean()) if asked.any() else float("nan")

    def quantile_ms(self, status: int, q: float) -> float:
        """Of answers with this status to who asked for a list, from when it was due; NaN where there was none."""
        return Histogram.of(self.result.waited[self.first & (self.result.answers == status)]).quantile_ms(q)

    def _answered(self, status: int) -> int:
        return int(self.result.statuses[status])


@dataclass(frozen=True)
class Report:
    """A whole run."""

    refusal_us: float
    """r"""
    steps: Sequence[Step]

    def as_json(self) -> dict[str, Any]:
        """Figures and raw histograms."""
        return {
            "schema_version": SCHEMA_VERSION,
            "refusal_us": self.refusal_us,
            "steps": [self._step_json(step) for step in self.steps],
        }

    def _step_json(self, step: Step) -> dict[str, Any]:
        return {
            "name": step.name,
            "multiple": step.multiple,
            "problems": step.problems,
            "before": vars(step.before),
            "after": vars(step.after),
            "goodput_of_capacity": step.goodput,
            "bound": step.bound(self.refusal_us),
            "refused": step.refused,
            "hangs": step.hangs,
            "success_first": step.success(True),
            "success_last": step.success(False),
            "accepted_ms": {"p50": step.quantile_ms(200, 0.5), "p99": step.quantile_ms(200, 0.99)},
            "refused_ms": {"p50": step.quantile_ms(503, 0.5), "p99": step.quantile_ms(503, 0.99)},
            "recovery_seconds": step.recovery,
            "cpu_seconds": step.cpu_seconds,
            "useful_cpu": step.useful,
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
        steps = list(_steps(Asked(server, paths, home.headers("admin")), plan, progress))
    return Report(refusal_us, steps)


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


@dataclass(frozen=True)
class Asked:
    """The server and what it is asked for."""

    server: Server
    paths: Sequence[str]
    headers: dict[str, str]


def _capacity(asked: Asked, seconds: float) -> Capacity:
    """From a closed loop."""
    target = asked.server.target
    requests = [target.request(path, headers=asked.headers) for path in asked.paths]
    before = asked.server.cpu_seconds()
    found = run_closed_loop(target, requests, seconds=seconds, connections=_CLOSED_CONNECTIONS)
    cpu = asked.server.cpu_seconds() - before
    lists, owed = found.statuses[200], settle(asked.server.pids)
    if not lists:
        raise ServerError(f"no request of the closed loop was answered: {dict(found.statuses)}")
    return Capacity(lists / (found.seconds + owed), (cpu + owed) / lists * 1e6, found.errors / lists)


def _steps(asked: Asked, plan: Plan, progress: Callable[[str], None]) -> Iterator[Step]:
    slice_seconds = min(max(plan.seconds / 5, 2.0), 5.0)
    _capacity(asked, slice_seconds)  # a warm one
    before = _capacity(asked, slice_seconds)
    for number, (multiple, last) in enumerate([*((each, 0.0) for each in MULTIPLES), (2.0, 0.5)]):
        rng = np.random.default_rng([plan.seed, number])
        times = arrival_times(multiple * before.lists, plan.seconds, rng)
        first = rng.random(times.size) >= last
        trace = _trace(asked, times, first)
        times = arrival_times(CALM * before.lists, CALM_SECONDS, rng)
        calm = _trace(asked, times, np.ones(times.size, np.bool_))
        mib, cpu = resident_mib(asked.server.pids), asked.server.cpu_seconds()
        result = run_open_loop(asked.server.target, trace, headers=asked.headers, connections=_OPEN_CONNECTIONS)
        cpu = asked.server.cpu_seconds() - cpu
        after_it = run_open_loop(asked.server.target, calm, headers=asked.headers)
        settle(asked.server.pids)
        after = _capacity(asked, slice_seconds)
        yield Step(
            name=f"{multiple:g}x, half last" if last else f"{multiple:g}x",
            multiple=multiple,
            before=before,
            after=after,
            result=result,
            first=first,
            calm=after_it,
            cpu_seconds=cpu,
            mib=(mib, resident_mib(asked.server.pids)),
            alive=asked.server.process.poll() is None,
        )
        progress(f"{multiple:g}x: {dict(result.statuses)}")
        before = after


def _trace(asked: Asked, times: npt.NDArray[np.float64], first: npt.NDArray[np.bool_]) -> list[Planned]:
    paths = asked.paths
    return [
        Planned(at, paths[index % len(paths)] if listed else _LAST_PRIORITY)
        for index, (at, listed) in enumerate(zip(times.tolist(), first.tolist(), strict=True))
    ]


def lines(report: Report) -> list[str]:
    """The run as a table."""
    r = report.refusal_us
    text = [
        f"CPU of a refusal r = {r:.1f} µs, of a list s; capacity C in lists a second",
        "",
        f"  {'':<14}{'C':>7}{'s µs':>7}{'sent/s':>8}{'goodput':>9}{'bound':>7}{'of it':>7}{'goal':>7}{'useful CPU':>12}"
        f"{'200 p99 ms':>12}{'503 p99 ms':>12}{'hangs':>7}{'well in s':>11}{'MiB':>12}",
    ]
    for step in report.steps:
        bound, mixed = step.bound(r), not step.first.all()
        goal = GOALS.get(step.multiple)
        cells = ["", "", "", ""]
        if not mixed:
            cells = [f"{step.goodput:.1%}", f"{bound:.1%}", f"{step.goodput / bound:.0%}" if bound else "", ""]
            if goal is not None:
                cells[3] = f">={goal:.0%}"
        text.append(
            f"  {step.name:<14}{step.before.lists:>7,.0f}{step.list_us:>7,.0f}"
            f"{step.result.planned / step.result.seconds:>8,.0f}"
            f"{cells[0]:>9}{cells[1]:>7}{cells[2]:>7}{cells[3]:>7}{'' if mixed else f'{step.useful:.0%}':>12}"
            f"{step.quantile_ms(200, 0.99):>12.1f}{step.quantile_ms(503, 0.99):>12.1f}{step.hangs:>7}"
            f"{step.recovery:>11.2f}{f'{step.mib[0]:.0f}-{step.mib[1]:.0f}':>12}"
            + ("" if step.alive else "  DEAD")
            + "".join(f"  INVALID: {problem}" for problem in step.problems)
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
    end_tidily()
    sys.exit(main())
