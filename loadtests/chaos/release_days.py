"""Model versions missing, damaged and swapped under load: the version that serves serves on."""

import argparse
import contextlib
import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from loadtests import releases
from loadtests.chaos.promises import Check, all_of, none_of, within
from loadtests.chaos.stage import Call, Stage, call, clean_log, train_another
from loadtests.chaos.traffic import Stream, body_of
from loadtests.homes import Home
from loadtests.servers import Server

Found = tuple[Sequence[Check], dict[str, Any]]

_RATE = 150.0


def _version_of(_number: int, answer: bytes) -> str:
    """The version that a list names."""
    return str(json.loads(body_of(answer)).get("model", {}).get("version", ""))


def _versions(stage: Stage, home: Home) -> tuple[str, str]:
    """The champion, and the version beside it."""
    with contextlib.closing(sqlite3.connect(home.path / "tablestakes.db")) as database:
        (champion,) = database.execute("SELECT version FROM champions WHERE market = ?", (stage.market,)).fetchone()
        query = "SELECT version FROM model_versions WHERE market = ? AND version != ?"
        (other,) = database.execute(query, (stage.market, champion)).fetchone()
    return champion, other


def _promote(server: Server, home: Home, version: str) -> Call:
    return call(server.target, home, "POST", f"/v1/releases/{version}/promote", {"reason": "a bad day"}, role="infra")


def store_gone(stage: Stage) -> Found:
    """The folder of all model versions vanishes while one serves; then it is there again."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    train_another(home)
    champion, other = _versions(stage, home)
    with stage.serve(home) as server:
        with Stream(server.target, stage.lists(server, home), _RATE, _version_of) as stream:
            time.sleep(1.0)
            store = home.path / "artifacts"
            store.rename(home.path / "gone")
            refused = _promote(server, home, other)
            time.sleep(stage.times(10, 2))
            (home.path / "gone").rename(store)
            time.sleep(0.5)
            before = stream.answers
            promoted = _promote(server, home, other)
            time.sleep(2.0)
        answers = stream.answers
    changed = {each.note for each in answers} - {each.note for each in before}
    return [
        all_of("every list is answered with 200", answers.good, len(answers)),
        all_of("the version that serves serves on", sum(each.note == champion for each in before), len(before)),
        Check("a promotion meanwhile is refused, and said", _said(refused), 400 <= refused.status < 500),
        Check(
            "with the store back it is promoted and serves",
            _said(promoted),
            (promoted.status, changed) == (200, {other}),
        ),
        clean_log(server.log),
    ], {"statuses": answers.statuses}


def damaged_version(stage: Stage) -> Found:
    """A new version with a byte wrong is promoted through the API, and behind its back in the database."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    train_another(home)
    champion, other = _versions(stage, home)
    file = home.path / "artifacts" / stage.market / other / "serving.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with stage.serve(home) as server:
        with Stream(server.target, stage.lists(server, home), _RATE, _version_of) as stream:
            time.sleep(0.5)
            refusals = [_promote(server, home, other) for _ in range(stage.times(50, 5))]
            with contextlib.closing(sqlite3.connect(home.path / "tablestakes.db", timeout=30.0)) as database, database:
                database.execute("UPDATE champions SET version = ?", (other,))
                database.execute(  # what the processes look at, to see whether anything has moved
                    "INSERT INTO release_clocks (market, moves) VALUES (?, 1)"
                    " ON CONFLICT (market) DO UPDATE SET moves = moves + 1",
                    (stage.market,),
                )
            time.sleep(stage.times(10, 3))
        answers = stream.answers
        told = server.log.read_bytes().count(b"artifact_refused")
    return [
        all_of("every list is answered with 200", answers.good, len(answers)),
        all_of("every list is the old version's", sum(each.note == champion for each in answers), len(answers)),
        all_of(
            "every promotion is refused", sum(400 <= each.status < 500 for each in refusals), len(refusals), "tries"
        ),
        Check("the log says that an artifact was refused", f"{told} times", told > 0),
        clean_log(server.log),
    ], {"statuses": answers.statuses, "said": _said(refusals[0])}


def _said(answer: Call) -> str:
    return f"{answer.status}: {str(answer.body.get('detail', answer.body.get('state', '')))[:110]}"


def swapped(stage: Stage) -> Found:
    """Promotions and rollbacks by turns, 20 a second; each answer is made again from the version that it names."""
    home = stage.fresh_home(stage.fresh_folder())
    train_another(home)
    options = argparse.Namespace(
        moves=stage.times(1_000, 100),
        rate=float(stage.times(500, 100)),
        moves_per_second=20.0,
        by="api",
        longest=150.0,
        workers=1,
    )
    with stage.serve(home) as server:
        found = releases.measure(home, server, options)
    return [
        none_of("a list is not answered with 200", found["failed_requests"], found["requests"]),
        all_of("every move is made", found["moves"] - found["failed_moves"], options.moves, "moves"),
        none_of("an answer is not exactly what its version makes", found["not_reproduced"], found["requests"]),
        within("p99 while versions are swapped over the steady one", found["p99_ratio"], 1.5, "times"),
        within("a move is followed by all processes", found["rollback_seen_by_all_seconds"], 2.0, "s"),
        clean_log(server.log),
    ], found
