"""A retraining job on a Ray cluster of two nodes, one of which is killed while it works. Started by the tests.

python -m tests.fan_out.two_nodes HOME DATASET: prints JSON, the state of each run and its versions by market, and what
training and evaluating the dataset's first market came to on the node that is left.
"""

import json
import os
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

from services.fan_out.ray_here import OBJECT_STORE_BYTES, QUIET

# Before Ray is imported, which reads them then.
os.environ.update(QUIET, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))

import psutil
from ray.cluster_utils import Cluster

from data.dataset import Dataset
from services.clock import Clock
from services.database.engine import open_database
from services.evaluation import evaluate
from services.fan_out import Engine
from services.retraining.job import RetrainingJob
from services.settings import Settings
from tests.fan_out.tasks import CONTEST, first_versions

NODE = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
MODELS = ("popular", "ease")
WAIT_SECONDS = 60.0


def busy(raylet: int) -> bool:
    """Whether a worker of this node is at a task: Ray gives it the task's name then."""
    return any("ray::_do" in " ".join(process.cmdline()[:1]) for process in psutil.Process(raylet).children())


def kill_when_busy(cluster: Any, node: Any, killed: list[float]) -> None:
    [raylet] = node.all_processes["raylet"]
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if busy(raylet.process.pid):
            cluster.remove_node(node, allow_graceful=False)
            killed.append(time.monotonic())
            return
        time.sleep(0.01)


def main(home: str, cities: str) -> None:
    settings, dataset = Settings(home=Path(home)), Dataset.open(Path(cities))
    engine = open_database(settings.resolved_database_url)
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    killed: list[float] = []
    try:
        second = cluster.add_node(**NODE)
        job = RetrainingJob(engine, settings, Clock(), workers=Engine("ray", 2, cluster.address))
        for market in job.markets():
            job.runs.request(market, MODELS, 0, "ml")
        killer = threading.Thread(target=kill_when_busy, args=(cluster, second, killed), daemon=True)
        killer.start()
        runs = job.work() or []
        killer.join()
        steps = {run.market: job.runs.steps(run) for run in runs}
        workers = Engine("ray", 2, cluster.address)
        first = first_versions(settings.home / "first", dataset, workers)
        figures = evaluate(
            dataset, CONTEST, workers, settings.resolved_engine_store, lambda *_: None, dataset.markets[0]
        )
    finally:
        from services.fan_out.ray_tasks import disconnect

        disconnect()
        cluster.shutdown()
        engine.dispose()
    found = {
        run.market: {
            "state": run.state.value,
            "versions": {m: v["version"] for m, v in steps[run.market]["register"].document.items()},
        }
        for run in runs
    }
    print(json.dumps({"killed": len(killed), "runs": found, "first": first, "figures": figures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
