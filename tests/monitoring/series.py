"""What Prometheus can be asked for: every series that the code exports, its labels, and the values that some take."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any, Final

import yaml

import services.api.routes
from services.clock import Clock
from services.database.engine import open_database
from services.monitoring.metrics import Metrics
from services.monitoring.worker_metrics import WorkerMetrics
from services.retraining.supervisor import Supervisor
from services.serving.recommender import DEGRADED
from services.settings import Settings
from services.stakeholders.seats import SEATS, measures
from services.worker import jobs

ROOT: Final = Path(__file__).parents[2]
GROUPS: Final[list[dict[str, Any]]] = yaml.safe_load((ROOT / "ops/alerts.yml").read_text())["groups"]
RECORDED: Final = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
_SELECTOR: Final = re.compile(r"\b((?:tablestakes_|up\b)\w*)\{([^}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')


def exposed() -> dict[str, set[str]]:
    """Each series as Prometheus sees it, with its labels, of the API's processes and of the worker."""
    found: dict[str, set[str]] = {}
    for registry in (Metrics().registry, WorkerMetrics().registry):
        for collector in registry._collector_to_names:
            labels = set(collector._labelnames)
            for family in collector.describe():
                kinds = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
                for suffix in kinds.get(family.type, ("",)):
                    found[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


def known_values(folder: Path) -> dict[str, set[str]]:
    """The values of those labels that have a fixed set of them; a database is opened in the folder, to ask for jobs."""
    names = [module.name for module in pkgutil.iter_modules(services.api.routes.__path__)]
    modules = [importlib.import_module(f"services.api.routes.{name}") for name in names]
    settings, clock = Settings(home=folder), Clock()
    engine = open_database(settings.resolved_database_url)
    todo = jobs(engine, clock, settings, Supervisor(engine, clock, settings), WorkerMetrics())
    engine.dispose()
    return {
        "route": {route.endpoint.__name__ for module in modules for route in module.router.routes},
        "job_name": {job.name for job in todo},
        "reason": set(DEGRADED),
        "seat": {seat.name for seat in SEATS},
        "measure": set(measures()),
    }


EXPOSED: Final = exposed()


def faults_of(expression: str, legend: str = "", values: dict[str, set[str]] | None = None) -> list[str]:
    """What an expression, and the legend of its lines, ask for that is not there; empty: nothing."""
    used = set(re.findall(r"\btablestakes_\w+", expression))
    faults = [f"no series {name}" for name in sorted(used - set(EXPOSED))]
    recorded = set(re.findall(r"tablestakes:\w+(?::\w+)?", expression))
    faults += [f"no rule records {name}" for name in sorted(recorded - RECORDED)]
    if faults:
        return faults
    for series, matchers in _SELECTOR.findall(expression):
        for label, operator, value in _MATCHER.findall(matchers):
            if series != "up" and label not in EXPOSED[series]:
                faults.append(f"{series} has no label {label}")
            faults += [
                f"{label} is never {one}"
                for one in (value.split("|") if "~" in operator else [value])
                if values and label in values and one not in values[label]
            ]
    labels = set().union(*(EXPOSED[series] for series in used), {"instance"})
    grouped = [set(map(str.strip, names.split(","))) for names in re.findall(r"by \(([^)]*)\)", expression)]
    faults += [f"nothing has the label {name}" for names in grouped for name in sorted(names - labels)]
    # A line is told by what is left after the aggregation.
    left = set().union(*grouped) if grouped else labels
    told = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
    return [*faults, *(f"the legend asks for {name}, which is summed away" for name in sorted(told - left))]
