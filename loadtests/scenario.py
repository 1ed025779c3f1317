"""Runs a scenario: `python -m loadtests.scenario steady`; `--list` tells them all.

Each starts a server of its own on a city of its own, offers load in an open loop, and writes
`reports/<scenario>.html` and `reports/<scenario>.json`, compared with the last report. Exit code 1 where a check did
not hold, 2 for wrong use.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtests import documents
from loadtests.documents import Document
from loadtests.homes import Home, HomeError
from loadtests.page import measured, page
from loadtests.provenance import provenance
from loadtests.scenarios import SCENARIOS
from loadtests.scenarios.scenario import Plan, Scenario
from loadtests.scenarios.stage import StageError, opened
from loadtests.servers import ServerError, end_tidily
from loadtests.yardstick import yardstick_ms
from services.features.embedded import EmbeddedRedisError


def run(
    scenario: Scenario, plan: Plan, home: Home | None = None, environment: Mapping[str, str] | None = None
) -> Document:
    """Play it once, and tell everything; nothing is written. Raises HomeError, ServerError or StageError."""
    before = yardstick_ms()
    with opened(scenario, plan, home, environment) as stage:
        outcome = scenario.play(stage)
    yardstick = (before, yardstick_ms())
    return documents.document(scenario.summary, plan, stage.recording, outcome, stage.watcher, provenance(), yardstick)


def lines(report: Document) -> list[str]:
    """A report for the terminal."""
    text = [f"{report['scenario']}: {report['summary']}; {report['requests']:,} requests, open loop"]
    text += [f"  {'held  ' if each['held'] else 'BROKEN'} {each['what']}: {each['found']}" for each in report["checks"]]
    text += [f"  {each['name']}: {measured(each)} {each['unit']}" for each in report["figures"]]
    text += [f"  {note}" for note in report["notes"]]
    comparison = report["comparison"]
    if comparison["compared"]:
        apart = [each for each in comparison["figures"] if each["verdict"] in ("worse", "better")]
        text += [
            f"  {each['verdict'].upper()} than the last report: {each['name']} by {measured(each['difference'])} "
            f"{each['unit']}"
            for each in apart
        ]
        text += [] if apart else ["  not apart from the last report"]
    else:
        text.append(f"  not compared: {comparison['why']}")
    return text + [f"  INVALID: {problem}" for problem in report["problems"]]


def _plan(argv: Sequence[str] | None) -> tuple[Plan, Path, Path | None]:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.scenario", description="One load scenario against a server of its own."
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of a scenario; see --list")
    parser.add_argument("--list", action="store_true", help="tell all scenarios and stop")
    parser.add_argument("--seconds", type=float, help="of offered load; by default the scenario's own")
    parser.add_argument("--minutes", type=float, help="the same in minutes: soak takes 20 in its long form")
    parser.add_argument("--rate", type=float, help="requests a second in the quiet parts")
    parser.add_argument("--restaurants", type=int, default=1_000)
    parser.add_argument("--diners", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unpinned", action="store_true", help="pin neither the server nor the generator to a core")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="folder for the reports")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report's JSON here too")
    chosen = parser.parse_args(argv)
    if chosen.list:
        print("\n".join(f"{each.name:18}{each.summary}" for each in SCENARIOS.values()))
        parser.exit(0)
    scenario = SCENARIOS.get(chosen.name or "")
    if scenario is None:
        parser.error(f"{chosen.name!r} is no scenario: name one of {', '.join(SCENARIOS)}")
    seconds = chosen.minutes * 60 if chosen.minutes else (chosen.seconds or scenario.seconds)
    rate = chosen.rate or scenario.rate
    if not (2 <= seconds <= 86_400 and 1 <= rate <= 50_000 and chosen.workers >= 1 and chosen.restaurants >= 2):
        parser.error("--seconds: 2 to 86,400; --rate: 1 to 50,000; --workers: 1 or more; --restaurants: 2 or more")
    sizes = {"restaurants": chosen.restaurants, "diners": chosen.diners, "workers": chosen.workers}
    plan = Plan(scenario.name, seconds, rate, seed=chosen.seed, pinned=not chosen.unpinned, **sizes)
    return plan, chosen.reports, chosen.json


def main(argv: Sequence[str] | None = None) -> int:
    """Play, print, write both reports."""
    plan, folder, json_file = _plan(argv)
    try:
        found = run(SCENARIOS[plan.scenario], plan)
    except (HomeError, ServerError, StageError, EmbeddedRedisError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    report = documents.keep(found, folder)
    documents.write(folder / f"{plan.scenario}.html", page(report))
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines(report)))
    print(f"reports: {folder / plan.scenario}.html, {folder / plan.scenario}.json")
    return 0 if all(check["held"] for check in report["checks"]) else 1


if __name__ == "__main__":
    end_tidily()
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
