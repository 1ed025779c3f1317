"""`make loadtest`: two minutes of simulated diners against a server of one's own; exit code 1 if any answer was a 5xx.

Writes `loadtest.html` (locust's report), `loadtest.json` (counts, stage timings, raw histograms, provenance) and
`loadtest.log` (what locust said).
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.homes import Home, HomeError, build_home
from loadtests.provenance import provenance
from loadtests.servers import ServerError, serving

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


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


def run(plan: Plan) -> dict[str, Any]:
    """Run locust and return what it counted, which is also written beside the HTML report."""
    plan.reports.mkdir(parents=True, exist_ok=True)
    html, result = plan.reports / "loadtest.html", plan.reports / "loadtest.json"
    result.unlink(missing_ok=True)
    with _server(plan) as (url, key):
        command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary"]
        command += ["--host", url, "--users", str(plan.users), "--spawn-rate", str(max(plan.users // 5, 1))]
        command += ["--run-time", f"{plan.seconds}s", "--html", str(html), "--loglevel", "WARNING"]
        command += ["--exit-code-on-error", "0"]
        names = {"LOADTESTS_KEY": key, "LOADTESTS_RESULT": str(result), "LOADTESTS_SEED": str(plan.seed)}
        with (plan.reports / "loadtest.log").open("wb") as log:
            subprocess.run(command, env={**os.environ, **names}, stdout=log, stderr=log, check=True)
    counted: dict[str, Any] = json.loads(result.read_text())
    counted["plan"] = {"seconds": plan.seconds, "users": plan.users, "seed": plan.seed}
    counted["provenance"] = provenance()
    result.write_text(json.dumps(counted, indent=2) + "\n")
    return counted


@contextlib.contextmanager
def _server(plan: Plan) -> Iterator[tuple[str, str]]:
    """The address and a key: of the server that was named, else of one that is made for this run."""
    if plan.url is not None:
        keys = json.loads(((plan.home or Path("var")) / "keys.json").read_text())
        yield plan.url, keys["app"]
        return
    with tempfile.TemporaryDirectory(prefix="tablestakes-loadtest-") as temporary:
        folder = Path(temporary)
        home: Home = build_home(folder, restaurants=plan.restaurants, seed=plan.seed)
        log = folder / "server.log"
        with serving("the server", home.serve_command, log=log, environment=home.environment, core=None) as server:
            yield server.url, home.headers()["authorization"].removeprefix("Bearer ")


def server_errors(counted: dict[str, Any]) -> int:
    """Answers with 5xx, and requests that got none."""
    return sum(each["count"] for each in counted["statuses"] if each["status"] >= 500 or each["status"] == 0)


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
        text.append("INVALID: the load generator had no CPU left")
    text.append(
        "These times are a closed loop's: they are the diners' experience, not the server's tail. See make bench."
    )
    return text


def _plan(argv: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m loadtests.run", description="Simulated diners (locust).")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restaurants", type=int, default=1_000, help="of the city that is made for this run")
    parser.add_argument("--out", type=Path, default=Path("reports"), help="folder for the reports")
    parser.add_argument("--url", help="a running server instead of one made for this run; needs --home for its key")
    parser.add_argument("--home", type=Path, help="that server's home")
    chosen = parser.parse_args(argv)
    if chosen.seconds < 1 or chosen.users < 1:
        parser.error("--seconds and --users must be at least 1")
    return Plan(
        chosen.seconds, chosen.users, chosen.seed, chosen.restaurants, chosen.out.absolute(), chosen.url, chosen.home
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print the summary; 1 where the server failed."""
    plan = _plan(argv)
    try:
        counted = run(plan)
    except (HomeError, ServerError, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(summary(counted)))
    print(f"reports: {plan.reports / 'loadtest.html'}, {plan.reports / 'loadtest.json'}")
    return 1 if server_errors(counted) else 0


if __name__ == "__main__":
    sys.exit(main())
