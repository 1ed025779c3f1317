"""`make chaos`: bad days on servers of their own; exit code 1 if a promise was not kept.

python -m loadtests.chaos [NAME …] [--quick] [--json FILE] [--html FILE] [--list]
"""

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from loadtests.chaos.days import DAYS, Day
from loadtests.chaos.promises import Report
from loadtests.chaos.report import lines, summary, write_html, write_json
from loadtests.chaos.stage import Stage, built_stage
from loadtests.homes import HomeError
from loadtests.servers import end_tidily


def played(day: Day, stage: Stage) -> Report:
    """One day and what came of it; a day that breaks off is a day on which nothing was shown."""
    began = time.monotonic()
    try:
        checks, figures = day.play(stage)
    except Exception as error:  # noqa: BLE001 - the days after it are played all the same
        traceback.print_exc()
        return Report(day.name, day.title, time.monotonic() - began, failure=f"{type(error).__name__}: {error}")
    return Report(day.name, day.title, time.monotonic() - began, checks, figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, write."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="bad days, all by default; or the beginning of a name")
    parser.add_argument("--quick", action="store_true", help="few repetitions: minutes, for a machine of a CI")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--html", type=Path, help="write the table here as a page")
    parser.add_argument("--list", action="store_true", help="say which there are")
    options = parser.parse_args(arguments)
    chosen = [day for day in DAYS if not options.names or day.name.startswith(tuple(options.names))]
    if options.list or not chosen:
        print("\n".join(f"{day.name:<22}{day.title}" for day in DAYS))
        return 0 if options.list else 2
    reports = []
    try:
        with built_stage(options.quick) as stage:
            for day in chosen:
                reports.append(played(day, stage))
                print("\n".join(lines(reports[-1])), flush=True)
    except HomeError as error:
        print(error, file=sys.stderr)
        return 1
    print(summary(reports))
    if options.json is not None:
        write_json(options.json, reports, quick=options.quick)
    if options.html is not None:
        write_html(options.html, reports, quick=options.quick)
    return 0 if all(report.kept(timed=not options.quick) for report in reports) else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
