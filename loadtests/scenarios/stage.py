"""A real server of one's own with its Redis, and the open loop that offers load to it while things happen."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import redis

from loadtests.closed_loop import run_closed_loop
from loadtests.comparison import QUIET_CORES
from loadtests.homes import Home, build_home, train_another
from loadtests.open_loop import OpenLoopResult, bytes_of, run_open_loop
from loadtests.processes import descendants, pin
from loadtests.scenarios.scenario import Happened, Happening, Phase, Plan, Recording, Scenario, Segment
from loadtests.servers import CLIENT_CORE, SERVER_CORE, Server, serving
from loadtests.trace import Planned, arrival_times, recommendation_paths
from loadtests.watching import Watcher
from services.features import EmbeddedRedis

LIST_PATH = "/v1/recommendations?"
_TIMING = re.compile(rb"\r\nserver-timing: ([^\r]*)\r\n", re.IGNORECASE)
_DEGRADED = re.compile(rb'"degraded":\[(?:\{"code":"([^"]*)")?')
_HEAD_BYTES = 2_000
_LONGEST_WAIT = 30.0

Asking = Callable[[np.ndarray, np.random.Generator], list[Planned]]
"""Intended times to requests."""


class StageError(Exception):
    """Something that was to happen during a run could not be done; the message says what."""


@dataclass
class Stage:
    """What a scenario has at hand."""

    plan: Plan
    home: Home
    server: Server
    cache: EmbeddedRedis
    folder: Path
    watcher: Watcher
    recording: Recording = field(default_factory=Recording)
    began: threading.Event = field(default_factory=threading.Event)
    """Set when the first request is due."""
    _offers: int = field(default=0, init=False)

    def again(self, plan: Plan) -> "Stage":
        """The same server, with nothing recorded yet, for another scenario."""
        return replace(self, plan=plan, recording=Recording(), began=threading.Event())

    def offer(
        self,
        segments: Sequence[Segment],
        happenings: Sequence[Happening] = (),
        asking: Asking | None = None,
        whole: dict[int, bytes] | None = None,
    ) -> OpenLoopResult:
        """One open loop over the segments in turn, with Poisson arrivals; lists for random diners unless `asking`.

        `whole` gets every answer by its number. Raises StageError where a happening failed.
        """
        self._offers += 1
        rng = np.random.default_rng([self.plan.seed, self._offers])
        times, segment_of = _times(segments, rng)
        trace = (asking or self.lists)(times, rng)
        kept = _Kept(np.array([planned.path.startswith(LIST_PATH) for planned in trace]), whole)
        actor = _Actor(sorted(happenings, key=lambda each: each.at))

        def on_begin(begin: float) -> None:
            if self._offers == 1:
                self.recording.began_at = begin
            self.began.set()
            actor.start(begin)

        try:
            result = run_open_loop(
                self.server.target, trace, headers=self.home.headers(), keep=kept, on_begin=on_begin, drain_seconds=10.0
            )
        finally:
            actor.finish()
        self._record(segments, segment_of, result, kept, actor)
        return result

    def hurry(self, requests: Sequence[Planned], *, seconds: float, most: int, connections: int = 4) -> None:
        """Ask in turn as fast as is answered; nothing of it is recorded."""
        given = [bytes_of(self.server.target, planned, self.home.headers()) for planned in requests]
        run_closed_loop(self.server.target, given, seconds=seconds, connections=connections, max_requests=most)

    def lists(self, times: np.ndarray, rng: np.random.Generator) -> list[Planned]:
        """Lists of twenty for random diners."""
        paths = recommendation_paths(self.home.diners(), times.size, rng)
        return [Planned(float(at), path) for at, path in zip(times, paths, strict=True)]

    def _record(
        self,
        segments: Sequence[Segment],
        segment_of: np.ndarray,
        result: OpenLoopResult,
        kept: "_Kept",
        actor: "_Actor",
    ) -> None:
        seen = self.recording
        offset = actor.begin - seen.began_at
        first, begin = len(seen.phases), offset
        for segment in segments:
            seen.phases.append(Phase(segment.name, begin, segment.rate, segment.seconds))
            begin += segment.seconds
        seen.phase_of = np.concatenate([seen.phase_of, (first + segment_of).astype(np.int16)])
        seen.at = np.concatenate([seen.at, offset + result.due])
        seen.waited = np.concatenate([seen.waited, result.waited])
        seen.answers = np.concatenate([seen.answers, result.answers])
        seen.lists = np.concatenate([seen.lists, kept.lists])
        seen.degraded = np.concatenate([seen.degraded, kept.degraded])
        seen.reasons.update(kept.reasons)
        seen.timings += kept.timings
        seen.lag = np.append(seen.lag, result.lag.quantile_ms(0.99))
        seen.happened += [Happened(at - seen.began_at, what, seconds) for at, what, seconds in actor.done]
        if result.generator_saturated:
            seen.problems.append(
                f"the load generator was late: p99 of its lag {result.lag.quantile_ms(0.99):.1f} ms at "
                f"{result.offered_rate:,.0f}/s"
            )

    # -- what can be done to the system

    def redis_client(self) -> redis.Redis:
        """A connection to the cache."""
        return redis.Redis.from_url(self.cache.url, socket_timeout=5.0)

    def flush_redis(self) -> None:
        """Empty the cache."""
        with self.redis_client() as client:
            client.execute_command("FLUSHALL", "SYNC")

    def kill_redis(self) -> None:
        """kill -9."""
        with self.redis_client() as client:
            os.kill(_process_id(client), signal.SIGKILL)

    def start_redis(self) -> None:
        """Bring it back at the same address, with nothing in it."""
        self.cache.start()
        with self.redis_client() as client:
            self.watch("redis, again", _process_id(client))

    def signal_server(self, number: signal.Signals) -> None:
        """To all of the server's processes."""
        for pid in self.server.pids:
            os.kill(pid, number)

    @contextlib.contextmanager
    def companion(self, name: str, command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
        """A process beside the server, on its core, gone at the end."""
        with (self.folder / "companion.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **self.home.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.plan.pinned:
            pin(process.pid, SERVER_CORE)
        self.watch(name, process.pid)
        try:
            yield process
        finally:
            self.watcher.sample()  # while there is something to see
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def watch(self, name: str, pid: int) -> None:
        """Count a process that began during the run as ours."""
        known: Any = self.watcher.pids
        known[name] = pid


class _Kept:
    """What is read off each answer while the run goes on: no more than a slice, or the generator would be late."""

    def __init__(self, lists: np.ndarray, whole: dict[int, bytes] | None) -> None:
        self.lists = lists
        self._whole = whole
        self.degraded = np.zeros(lists.size, np.bool_)
        self.reasons: dict[str, int] = {}
        self.timings: list[bytes] = []

    def __call__(self, number: int, answer: bytes) -> None:
        if self._whole is not None:
            self._whole[number] = answer
        if not self.lists[number]:
            return
        if found := _TIMING.search(answer, 0, _HEAD_BYTES):
            self.timings.append(found[1])
        if (found := _DEGRADED.search(answer)) and found[1] is not None:
            self.degraded[number] = True
            code = found[1].decode()
            self.reasons[code] = self.reasons.get(code, 0) + 1


class _Actor:
    """Does what is to happen at its times, in a thread; times count from the open loop's begin."""

    def __init__(self, happenings: Sequence[Happening]) -> None:
        self._happenings = happenings
        self._thread = threading.Thread(target=self._run, name="happenings", daemon=True)
        self._stop = threading.Event()
        self._failed: StageError | None = None
        self.begin = float("nan")
        self.done: list[tuple[float, str, float]] = []

    def start(self, begin: float) -> None:
        self.begin = begin
        self._thread.start()

    def _run(self) -> None:
        for each in self._happenings:
            if self._stop.wait(max(0.0, self.begin + each.at - time.perf_counter())):
                return
            started = time.perf_counter()
            try:
                each.do()
            except Exception as error:  # noqa: BLE001 - told by `finish`, in the thread that can
                self._failed = StageError(f"{each.what}: {error}")
                return
            self.done.append((started, each.what, time.perf_counter() - started))

    def finish(self) -> None:
        if self._thread.ident is not None:
            self._thread.join(_LONGEST_WAIT)
            self._stop.set()
            self._thread.join(_LONGEST_WAIT)
        if self._failed is not None:
            raise self._failed


def _times(segments: Sequence[Segment], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Intended times over all segments, ascending, and the segment of each."""
    times, owners, begin = [], [], 0.0
    for number, segment in enumerate(segments):
        own = begin + arrival_times(segment.rate, segment.seconds, rng)
        times.append(own)
        owners.append(np.full(own.size, number))
        begin += segment.seconds
    return np.concatenate(times), np.concatenate(owners)


def _process_id(client: redis.Redis) -> int:
    info: Any = client.info("server")
    return int(info["process_id"])


@contextlib.contextmanager
def opened(
    scenario: Scenario, plan: Plan, home: Home | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """A stage: the home (a city of the plan's size unless one is given), Redis, the server, warm and watched.

    Raises HomeError or ServerError where one of them does not come up. `environment`: more variables of the server.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tablestakes-scenario-")))
        if home is None:
            home = build_home(folder, restaurants=plan.restaurants, diners=plan.diners, seed=plan.seed)
        if "two versions" in scenario.needs:
            train_another(home)
        if plan.pinned:
            stack.enter_context(_on_core(CLIENT_CORE))
        cache = stack.enter_context(EmbeddedRedis(folder / "redis"))
        command = [*home.serve_command[:-1], str(plan.workers)]
        given = {**home.environment, "TABLESTAKES_REDIS_URL": cache.url, **(environment or {})}
        core = SERVER_CORE if plan.pinned else None
        server = stack.enter_context(
            serving("the server", command, log=folder / "server.log", environment=given, core=core)
        )
        _warm_up(plan, home, server)
        watcher = stack.enter_context(Watcher(_pids(server, cache), seconds=min(1.0, plan.seconds / 60)))
        stage = Stage(plan, home, server, cache, folder, watcher)
        yield stage
        watcher.sample()
        foreign = watcher.foreign_cores()
        if foreign > QUIET_CORES:
            stage.recording.problems.append(
                f"other processes took {foreign:.2f} of a core on average (limit {QUIET_CORES})"
            )


def _pids(server: Server, cache: EmbeddedRedis) -> dict[str, int]:
    with redis.Redis.from_url(cache.url) as client:
        names = {"redis": _process_id(client)}
    family = descendants(server.process.pid)
    workers = family if len(family) == 1 else family[1:]
    if len(family) > 1:
        names["server, parent"] = family[0]
    return names | {f"server {number + 1}": pid for number, pid in enumerate(workers)}


def _warm_up(plan: Plan, home: Home, server: Server) -> None:
    """Ask a little before it counts, so that code is compiled, pages are mapped and connections were made once."""
    if plan.warm_up_seconds > 0:
        paths = recommendation_paths(home.diners(), 500, np.random.default_rng(plan.seed))
        requests = [server.target.request(path, headers=home.headers()) for path in paths]
        run_closed_loop(server.target, requests, seconds=plan.warm_up_seconds, connections=4)


@contextlib.contextmanager
def _on_core(core: int) -> Iterator[None]:
    """This process and what it starts meanwhile on one core, where there are several; as before at the end."""
    if not hasattr(os, "sched_setaffinity") or core >= (os.cpu_count() or 1):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
