"""The engine as an option of the measurements that are run as modules; by default the one that the settings name."""

import argparse

from services.fan_out.engine import Engine
from services.settings import Settings


def add_engine(parser: argparse.ArgumentParser, jobs: int = 2) -> None:
    """`--jobs`, `--engine`, `--engine-address`."""
    parser.add_argument("--jobs", type=int, default=jobs, help="tasks at once; what comes out does not depend on it")
    parser.add_argument("--engine", metavar="NAME", help="local, ray, or another backend of joblib's")
    parser.add_argument("--engine-address", metavar="HOST:PORT", help="of a Ray cluster; one is started here without")


def engine_of(given: argparse.Namespace) -> Engine:
    """What was chosen; raises EngineError where there is no such engine."""
    return chosen(given.jobs, given.engine, given.engine_address)


def chosen(jobs: int | None, name: str | None = None, address: str | None = None) -> Engine:
    """The engine of these options, and of the settings where they are silent."""
    settings = Settings()
    jobs = jobs or settings.engine_jobs
    if name is not None and name != settings.engine:  # the settings' address is of the settings' engine
        return Engine(name, jobs, address or "")
    return Engine(settings.engine, jobs, settings.engine_address if address is None else address)
