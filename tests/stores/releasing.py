"""Makes each move in a process that is killed at one of its fault points, and looks at what is left.

python releasing.py URL FOLDER [EVERY]: for each move and each of its points (before and after every statement, around
the commit, around the look at the artifact) a forked process is killed with SIGKILL there; then releases must be as
before or as after the move, and making the move again must succeed. With EVERY only each so many-th point is tried.
Prints how many kills there were.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from release_records import MARKET, assert_consistent, register, save_versions, states, store_of
from sqlalchemy import Engine, event

from models import artifacts
from models.artifacts import Artifact
from services.database.engine import open_database
from services.database.schema import metadata
from services.database.transactions import writing
from services.releases import store as store_module
from services.releases.states import Move

Step = Callable[[Engine, list[Artifact]], object]


class _Killer:
    """Counts fault points; ends the process at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.passed = 0

    def point(self, *_: object) -> None:
        self.passed += 1
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: Engine) -> None:
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(engine, name, self.point)
        event.listen(engine.pool, "reset", self.point)  # the first thing after a commit
        plain = artifacts.load

        def load(path: Path) -> Artifact:
            self.point()
            found = plain(path)
            self.point()
            return found

        store_module.load = load


def _move(number: int, to: Move, share: float = 0.0) -> Step:
    def step(engine: Engine, saved: list[Artifact]) -> object:
        return store_of(engine).move(MARKET, saved[number].version, to, role="infra", share=share, reason="a test")

    return step


def _guardrail(engine: Engine, _: list[Artifact]) -> object:
    trial = store_of(engine).lineups()[MARKET].trial
    return trial and store_of(engine).end_trial(MARKET, trial.trial, "worker", "guardrail orders", {})


STEPS: list[tuple[str, Step]] = [
    ("register a challenger", lambda engine, saved: register(engine, saved[3])),
    ("shadow", _move(1, Move.SHADOW, 0.5)),
    ("canary", _move(1, Move.CANARY, 0.1)),
    ("another share", _move(1, Move.CANARY, 0.2)),
    ("promote from canary", _move(1, Move.PROMOTE)),
    ("canary of another", _move(2, Move.CANARY, 0.1)),
    ("rollback with a trial on", _move(0, Move.ROLLBACK)),
    ("canary again", _move(2, Move.CANARY, 0.1)),
    ("rollback by a guardrail", _guardrail),
    ("rollback to what was rolled back", _move(1, Move.ROLLBACK)),
    ("shadow of what was rolled back", _move(2, Move.SHADOW, 1.0)),
    ("withdraw", _move(2, Move.WITHDRAW)),
    ("reject", _move(2, Move.REJECT)),
    ("promote", _move(3, Move.PROMOTE)),
]


def main(url: str, folder: Path, every: int = 1) -> None:
    """Run all steps with all their faults."""
    saved = save_versions(folder, 4)
    engine = open_database(url)
    for artifact in saved[:3]:
        register(engine, artifact)
    kills = 0
    for name, step in STEPS:
        before = states(engine)
        outcomes = set()
        for _ in _points(engine, url, step, saved, every):
            outcome = states(engine)
            assert_consistent(engine)
            outcomes.add(tuple(sorted(outcome.items())))
            kills += 1
            if outcome != before:
                _put_back(engine)
        step(engine, saved)
        after = states(engine)
        assert_consistent(engine)
        allowed = {tuple(sorted(each.items())) for each in (before, after)}
        assert outcomes <= allowed, (name, outcomes)
    print(kills)
    engine.dispose()


_kept: dict[str, list[dict[str, object]]] = {}


def _points(engine: Engine, url: str, step: Step, saved: list[Artifact], every: int) -> Iterator[int]:
    """Kill a process at one point after the other, until it comes through alive; that one is undone."""
    _keep(engine)
    engine.dispose()  # no connection is shared with a child
    point = 1
    while _is_killed(url, step, saved, point):
        yield point
        engine.dispose()
        point += every
    _put_back(engine)


def _is_killed(url: str, step: Step, saved: list[Artifact], point: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            own = open_database(url)
            killer = _Killer(point)
            killer.watch(own)
            step(own, saved)
            own.dispose()
        except BaseException as error:  # noqa: BLE001 - the parent must hear of it
            print(f"point {point}: {error!r}", file=sys.stderr, flush=True)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"point {point}"
    return os.WIFSIGNALED(status)


_TABLES = ("model_versions", "champions", "releases", "release_clocks", "audit_trail")


def _keep(engine: Engine) -> None:
    with engine.connect() as connection:
        for name in _TABLES:
            _kept[name] = [dict(row) for row in connection.execute(metadata.tables[name].select()).mappings()]


def _put_back(engine: Engine) -> None:
    """The tables as they were before the step, so that its next fault meets the same beginning."""
    with writing(engine) as connection:
        for name in reversed(_TABLES):
            connection.execute(metadata.tables[name].delete())
        for name in _TABLES:
            if _kept[name]:
                connection.execute(metadata.tables[name].insert(), _kept[name])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
