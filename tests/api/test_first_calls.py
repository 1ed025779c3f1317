"""The first call of a route costs what the others do: a process that is ready has imported and made what it needs.

A module that is imported at a request takes the interpreter from everybody else for as long, lists among them; so does
what FastAPI makes of routes, and a first look for cycles at all that the start has made.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pandas as pd

SCRIPT = """
import json, string, sys
from pathlib import Path
from fastapi.testclient import TestClient
from services.api.app import create_app
from services.settings import Settings

home, key, given = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
app = create_app(Settings(home=home, redis_timeout_ms=2_000))
headers, brought = {"Authorization": "Bearer " + key}, {}
with TestClient(app, raise_server_exceptions=False) as client:
    paths = app.openapi()["paths"]
    client.get("/v1/markets", headers=headers)
    for path in paths:
        names = {name for _, name, _, _ in string.Formatter().parse(path) if name}
        if "get" in paths[path] and names <= set(given):
            asked = [one["name"] for one in paths[path]["get"].get("parameters", []) if one["in"] == "query"]
            query = {name: given[name] for name in asked if name in given}
            before = set(sys.modules)
            status = client.get(path.format(**given), params=query, headers=headers).status_code
            brought[path] = [status, sorted(set(sys.modules) - before)]
print(json.dumps(brought))
"""
OURS = ("data.", "models.", "services.")


def test_no_route_brings_modules_with_it(fresh_home: Any, small_city: Any) -> None:
    diner = str(pd.read_parquet(next(small_city.dataset.rglob("diners*.parquet")))["user_id"].iloc[0])
    given = {"market": small_city.market, "user_id": diner, "number": "1", "name": "default", "q": "a", "k": "5"}
    command = [sys.executable, "-c", SCRIPT, str(fresh_home), small_city.keys["admin"], json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    brought = json.loads(done.stdout.splitlines()[-1])
    answered = [path for path, (status, _) in brought.items() if status == 200]
    assert {"/v1/lessons", "/v1/lessons/{number}", "/v1/recommendations", "/v1/fairness/report"} <= set(answered)
    assert len(answered) >= 15
    heavy = {
        path: modules
        for path, (_, modules) in brought.items()
        if len(modules) > 3 or any(m.startswith(OURS) for m in modules)
    }
    assert not heavy


STARTED = """
import gc, json, sys
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from services.server import application

made, make = [], TypeAdapter.__init__
with TestClient(application()) as client:
    frozen, left = gc.get_freeze_count(), len(gc.get_objects())
    TypeAdapter.__init__ = lambda self, *args, **kwargs: (made.append(str(args[0])), make(self, *args, **kwargs))[1]
    status = client.get("/health/live").status_code
print(json.dumps([status, made, frozen, left]))
"""


def test_a_server_that_is_ready_has_made_its_routes_and_set_the_start_apart_from_the_look_for_cycles(
    fresh_home: Any,
) -> None:
    environment = {**os.environ, "TABLESTAKES_HOME": str(fresh_home), "TABLESTAKES_REDIS_TIMEOUT_MS": "2000"}
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    status, made, frozen, left = json.loads(done.stdout.splitlines()[-1])
    assert status == 200
    assert made == []
    assert frozen > 50_000
    assert left < frozen / 10
