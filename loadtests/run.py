"""`make loadtest`: two minutes of simulated diners against a server of one's own; exit code 1 if any answer was a 5xx.

Two loads at once. Locust's diners visit, choose, order and leave: a closed loop, for behaviour. Beside them an open
loop asks for a few lists a second at times that were fixed beforehand: every latency that is quoted is its. Writes
`loadtest.html` and `loadtest.json` (as every scenario's report, with the diners' counts under `diners`), and what
locust draws and says: `loadtest-locust.html` and `loadtest.log`.

With `--url` the diners alone visit a server that runs already: the open loop is for this machine only.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests import documents
from loadtests.homes import Home, HomeError
from loadtests.page import page
from loadtests.provenance import provenance
from loadtests.scenario import lines
from loadtests.scenarios import scenario as parts
from loadtests.scenarios.stage import Stage, StageError, opened
from loadtests.servers import ServerError, end_tidily
from loadtests.yardstick import yardstick_ms
from services.features.embedded import EmbeddedRedisError

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
NAME = "loadtest"
_BEGINS = b"Ramping to"
"""Locust says so in its log when its first diner sets out."""
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """Who comes, for how long, and where to."""

    seconds: int
    users: int
    seed: int
    restaurants: int
    reports: Path
    url: str | None
    home: Path | None
    probe_rate: float = 20.0
    """Lists a second of the open loop."""

    @property
    def counted(self) -> Path:
        """What the locust process counted, for this process."""
        return self.reports / ".loadtest-diners.json"


def run(plan: Plan, home: Home | None = None) -> dict[str, Any]:
    """Both loads, and the report of both, which is also written. Raises HomeError, ServerError or StageError.

    home: to serve from, instead of a city that is made for this run.
    """
    plan.reports.mkdir(parents=True, exist_ok=True)
    given = parts.Plan(NAME, plan.seconds, plan.probe_rate, plan.restaurants, seed=plan.seed)
    before = yardstick_ms()
    mix = parts.Scenario(
        NAME, f"{plan.users} simulated diners, and an open loop beside them", 0, 0, lambda _: _both(plan, _)
    )
    with opened(mix, given, home) as stage:
        outcome = mix.play(stage)
    found = documents.document(
        mix.summary, given, stage.recording, outcome, stage.watcher, provenance(), (before, yardstick_ms())
    )
    diners = json.loads(plan.counted.read_text())
    plan.counted.unlink()
    report = documents.keep({**found, "diners": diners, "plan": found["plan"] | {"users": plan.users}}, plan.reports)
    documents.write(plan.reports / f"{NAME}.html", page(report))
    return report


def _both(plan: Plan, stage: Stage) -> parts.Outcome:
    """The open loop as soon as the diners set out."""
    key = stage.home.headers()["authorization"].removeprefix("Bearer ")
    with _diners(plan, stage.server.url, key) as process:
        stage.watch("locust", process.pid)
        stage.offer([parts.Segment("beside the diners", plan.probe_rate, plan.seconds)])
    return parts.Outcome([parts.answered(stage.recording)])


def run_diners(plan: Plan, url: str) -> dict[str, Any]:
    """The diners alone, on a server that runs already; what was counted, which is also written."""
    plan.reports.mkdir(parents=True, exist_ok=True)
    key = json.loads(((plan.home or Path("var")) / "keys.json").read_text())["app"]
    with _diners(plan, url, key):
        pass
    counted: dict[str, Any] = json.loads(plan.counted.read_text())
    plan.counted.unlink()
    counted["plan"] = {"seconds": plan.seconds, "users": plan.users, "seed": plan.seed}
    counted["provenance"] = provenance()
    documents.write(plan.reports / "loadtest-diners.json", json.dumps(counted, indent=2) + "\n")
    return counted


@contextlib.contextmanager
def _diners(plan: Plan, url: str, key: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Locust, from its first diner on; at the end it is waited for. Raises CalledProcessError where it failed."""
    plan.counted.unlink(missing_ok=True)
    command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary"]
    command += ["--host", url, "--users", str(plan.users), "--spawn-rate", str(max(plan.users // 5, 1))]
    command += ["--run-time", f"{plan.seconds}s", "--html", str(plan.reports / "loadtest-locust.html")]
    command += ["--loglevel", "INFO", "--exit-code-on-error", "0"]
    names = {"LOADTESTS_KEY": key, "LOADTESTS_RESULT": str(plan.counted), "LOADTESTS_SEED": str(plan.seed)}
    log = plan.reports / "loadtest.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env={**os.environ, **names}, stdout=stream, stderr=stream)
    try:
        _await_begin(process, log)
        yield process
        if code := process.wait(plan.seconds + _PATIENCE_SECONDS):
            raise subprocess.CalledProcessError(code, command)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _await_begin(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _BEGINS not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StageError(f"locust did not begin; what it said is in {log}")
        time.sleep(0.05)


def server_errors(counted: dict[str, Any]) -> int:
    """Answers with 5xx, and requests that got none."""
    return sum(each["count"] for each in counted["statuses"] if each["status"] >= 500 or each["status"] == 0)


def failed(counted: dict[str, Any]) -> bool:
    """Whether the diners met an error, or did not even get to ask."""
    return server_errors(counted) > 0 or not counted["statuses"]


def summary(counted: dict[str, Any]) -> list[str]:
    """What was counted, for people."""
    text = [f"{'route':<18}{'requests':>10}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}"]
    for name, figures in counted["routes"].items():
        cells = "".join(f"{figures['latency_ms'][key]:>10.1f}" for key in ("p50", "p99", "max"))
        text.append(f"{name:<18}{figures['count']:>10,}{cells}")
    for stage, figures in counted["stages"].items():
        text.append(
            f"stage {stage}: median {figures['latency_ms']['p50']:.3f} ms, p99 {figures['latency_ms']['p99']:.3f}"
        )
    events = ", ".join(f"{count:,} {outcome}" for outcome, count in counted["events"].items())
    text.append(f"events: {events or 'none'}; diners who left because it was slow: {counted['left_impatient']}")
    refused = sum(each["count"] for each in counted["statuses"] if 400 <= each["status"] < 500)
    text.append(f"4xx: {refused}, 5xx or no answer: {server_errors(counted)}")
    if not counted["valid"]:
        text.append("INVALID: locust had no CPU left")
    text.append("The diners' times are a closed loop's: their experience, not the server's tail.")
    return text


def _plan(argv: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m loadtests.run", description="Simulated diners (locust).")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restaurants", type=int, default=1_000, help="of the city that is made for this run")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="folder for the reports")
    parser.add_argument(
        "--probe-rate", type=float, default=20.0, help="lists a second of the open loop beside the diners"
    )
    parser.add_argument("--url", help="a running server instead of one made for this run; needs --home for its key")
    parser.add_argument("--home", type=Path, help="that server's home")
    chosen = parser.parse_args(argv)
    if chosen.seconds < 1 or chosen.users < 1 or not 0 < chosen.probe_rate <= 10_000:
        parser.error("--seconds and --users must be at least 1, --probe-rate above 0 and at most 10,000")
    return Plan(
        seconds=chosen.seconds,
        users=chosen.users,
        seed=chosen.seed,
        restaurants=chosen.restaurants,
        reports=chosen.out.absolute(),
        url=chosen.url,
        home=chosen.home,
        probe_rate=chosen.probe_rate,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print the summary; 1 where the server failed."""
    plan = _plan(argv)
    try:
        if plan.url is not None:
            counted, report = run_diners(plan, plan.url), None
        else:
            report = run(plan)
            counted = report["diners"]
    except (HomeError, ServerError, StageError, EmbeddedRedisError, OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(summary(counted)))
    if report is None:
        print(f"reports: {plan.reports / 'loadtest-locust.html'}, {plan.reports / 'loadtest-diners.json'}")
        return 1 if failed(counted) else 0
    print("\n".join(lines(report)))
    print(f"reports: {plan.reports / NAME}.html, {plan.reports / NAME}.json")
    return 1 if failed(counted) or not all(each["held"] for each in report["checks"]) else 0


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
