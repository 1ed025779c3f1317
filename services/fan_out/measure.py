"""What sharing out costs and gives: python -m services.fan_out.measure [--quick] [--engine local|ray].

One home with the logs of some synthetic cities is retrained with one worker and with two, each from a copy and by a
process of its own. Printed are seconds by the clock, CPU seconds of all processes, and CPU seconds a market, whose
ratio is what the second worker costs. Then what a task that does nothing takes on each engine, and how many bytes of a
retraining task go through the scheduler. The clock means something on a quiet machine alone. Exit code 1 where two
workers give other versions than one.
"""

import argparse
import importlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from joblib import delayed

from data.city.generate import generate
from data.dataset import Dataset
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.importing import import_events
from services.fan_out.engine import LOCAL, RAY, Engine, EngineError, fan_out
from services.fan_out.task import Answer, Errand, run
from services.provenance import code_digest
from services.retraining import shared_out
from services.retraining.job import RetrainingJob
from services.settings import Settings

_QUICK: Final = {"markets": 4, "restaurants": 150, "diners": 1_000, "days": 10}
_NOTHINGS: Final = 300
_WORKERS: Final = (1, 2)


def nothing(number: int) -> int:
    """The task that does nothing."""
    return number


def ready(number: int) -> int:
    """The same, where the retraining's modules are loaded then, as they are in the process that asks."""
    importlib.import_module(shared_out.__name__)
    return number


def home_of(folder: Path, markets: int, restaurants: int, diners: int, days: int) -> Path:
    """A home with the logs of so many cities."""
    generate(folder / "cities", restaurants=restaurants, diners=diners, days=days, markets=markets, seed=1)
    dataset, settings = Dataset.open(folder / "cities"), Settings(home=folder / "home", database_url="")
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        for info in dataset.manifest.markets:
            CatalogueStore(engine).load(info, dataset.restaurants(info.market), dataset.diners(info.market))
            import_events(engine, dataset, info.market, lambda *_: None)
    finally:
        engine.dispose()
    return settings.home


def retrained(home: Path, workers: Engine, model: str) -> dict[str, Any]:
    """Each market once; the versions, and the seconds of the work without the start of this process."""
    settings = Settings(home=home, database_url="", engine_store="", mlflow_uri="")
    engine = open_database(settings.resolved_database_url)
    try:
        job = RetrainingJob(engine, settings, Clock(), workers=workers)
        for market in job.markets():
            job.runs.request(market, [model], 0, "admin")
        # An engine is started once, and so is this process, which does the work where there is one worker.
        list(fan_out(workers, ready, [(n,) for n in range(workers.jobs)]))
        started = time.perf_counter()
        runs = job.work() or []
        seconds = time.perf_counter() - started
        steps = {run.market: job.runs.steps(run) for run in runs}
        versions = {market: one["register"].document[model]["version"] for market, one in sorted(steps.items())}
        return {"seconds": seconds, "versions": versions}
    finally:
        engine.dispose()


def apart(home: Path, workers: Engine, model: str) -> dict[str, Any]:
    """`retrained` by a process of its own, with the CPU seconds of it and all its children."""
    command = (sys.executable, "-m", "services.fan_out.measure", "--home", str(home), "--model", model)
    engine = ("--engine", workers.name, "--workers", str(workers.jobs))
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen((*command, *engine), stdout=out)  # noqa: S603 - our own program, no shell
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the run with {workers.jobs} workers failed")
        out.seek(0)
        found: dict[str, Any] = json.loads(out.read().splitlines()[-1])
    return {**found, "workers": workers.jobs, "cpu_seconds": used.ru_utime + used.ru_stime}


def overhead(name: str) -> float:
    """Seconds that a task which does nothing takes by the clock, with two workers that have been started."""
    engine = Engine(name, 2)
    list(fan_out(engine, nothing, [(n,) for n in range(4)]))
    started = time.perf_counter()
    list(fan_out(engine, nothing, ((n,) for n in range(_NOTHINGS))))
    return (time.perf_counter() - started) / _NOTHINGS


def bytes_of_a_task() -> dict[str, int]:
    """There and back, of a market's retraining."""
    digest = "0" * 32
    sent = shared_out.Sent("s3://bucket/prefix", f"market=aldermoor/task-{digest}", f"market=aldermoor/made-{digest}")
    errand = Errand(0, shared_out.make, (sent,), os.getpid(), code_digest())
    return {
        "there": len(pickle.dumps(delayed(run)(errand))),
        "back": len(pickle.dumps(Answer(0, shared_out.Made(None), 1.0))),
    }


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """All of it, as JSON can hold it."""
    sizes = {name: getattr(given, name) for name in _QUICK}
    with tempfile.TemporaryDirectory(prefix="tablestakes-fan-out-") as scratch:
        folder = Path(scratch)
        home = home_of(folder, **sizes)
        runs = []
        for workers in _WORKERS:
            copy = folder / f"with-{workers}"
            shutil.copytree(home, copy)
            runs.append(apart(copy, Engine(given.engine, workers), given.model))
            shutil.rmtree(copy)
    engines = [LOCAL, RAY]
    tasks = {}
    for name in engines:
        try:
            tasks[name] = overhead(name)
        except EngineError as error:
            print(f"{name}: {error}", file=sys.stderr)
    return {"engine": given.engine, **sizes, "model": given.model, "runs": runs, "tasks": tasks, **bytes_of_a_task()}


def lines(found: dict[str, Any]) -> list[str]:
    """For the terminal."""
    one, two = found["runs"]
    markets = found["markets"]
    rows = [
        f"{run['workers']:>7}  {run['seconds']:>14.1f}  {run['cpu_seconds']:>11.1f}  "
        f"{run['cpu_seconds'] / markets:>20.2f}"
        for run in found["runs"]
    ]
    same = "the same" if one["versions"] == two["versions"] else "OTHER"
    cost = two["cpu_seconds"] / one["cpu_seconds"]
    size = f"{found['restaurants']:,} restaurants and {found['diners']:,} diners, {found['days']} days"
    return [
        f"{markets} markets of {size}; {found['model']}, engine {found['engine']}",
        "workers  seconds (clock)  CPU seconds  CPU seconds a market",
        *rows,
        f"two workers: {one['seconds'] / two['seconds']:.2f} times as fast, {cost:.2f} times the CPU, {same} versions",
        *(f"a task that does nothing, {name}: {1e3 * seconds:.1f} ms" for name, seconds in found["tasks"].items()),
        f"bytes of a retraining task through the scheduler: {found['there']:,} there, {found['back']:,} back",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m services.fan_out.measure", description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, default=8)
    parser.add_argument("--restaurants", type=int, default=1_000)
    parser.add_argument("--diners", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--model", default="lightfm")
    parser.add_argument("--engine", default=LOCAL, choices=(LOCAL, RAY))
    parser.add_argument("--quick", action="store_true", help=f"small: {_QUICK}")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.home is not None:
        print(json.dumps(retrained(given.home, Engine(given.engine, given.workers), given.model)))
        return 0
    if given.quick:
        vars(given).update(_QUICK)
    found = measure(given)
    print("\n".join(lines(found)))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if found["runs"][0]["versions"] == found["runs"][1]["versions"] else 1


if __name__ == "__main__":
    sys.exit(main())
