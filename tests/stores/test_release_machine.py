"""Releases against a model of them: any sequence of moves leaves what the rules say, and one champion."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from release_records import MARKET, assert_consistent, register, save_versions, states, store_of
from spare_databases import SpareDatabases

from models.artifacts import Artifact
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.releases.freeze import FreezeStore, Frozen
from services.releases.states import Move
from services.releases.store import ReleaseRefused

COUNT = 4
VERSION = st.integers(0, COUNT - 1)
SHARE = st.sampled_from([0.1, 0.5])


class Releases(RuleBasedStateMachine):
    """`expected` maps what is registered to its state; the rules are written down once more, plainly."""

    artifacts: ClassVar[list[Artifact]]
    fresh: ClassVar[Callable[[ExitStack], str]]
    """Makes a database with all tables, gone when the stack is closed; its URL."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.engine = open_database(type(self).fresh(self.closing))
        self.closing.callback(self.engine.dispose)
        self.store = store_of(self.engine)
        self.freezes = FreezeStore(self.engine, AuditTrail(self.engine, Clock()), Clock())
        self.expected: dict[str, str] = {}
        self.served: set[str] = set()
        self.frozen = False

    def teardown(self) -> None:
        self.closing.close()

    @initialize(passed=st.lists(st.sampled_from([True, True, True, False]), min_size=COUNT - 1, max_size=COUNT - 1))
    def begin(self, passed: list[bool]) -> None:
        first, *others = self.artifacts
        self.expected[register(self.engine, first)] = "champion"
        self.served.add(first.version)
        for artifact, good in zip(others, passed, strict=True):
            self.expected[register(self.engine, artifact, good)] = "challenger" if good else "rejected"

    @rule(number=VERSION, passed=st.booleans())
    def register_again(self, number: int, passed: bool) -> None:
        register(self.engine, self.artifacts[number], passed)

    @rule()
    def freeze(self) -> None:
        self.freezes.freeze(MARKET, "a test", Clock().now() + timedelta(days=1), "infra")
        self.frozen = True

    @precondition(lambda self: self.frozen)
    @rule()
    def thaw(self) -> None:
        assert self.freezes.lift(MARKET, "infra") == []
        self.frozen = False

    @rule(number=VERSION)
    def promote(self, number: int) -> None:
        version = self.artifacts[number].version
        if self.expected[version] == "champion":
            return self.made(version, Move.PROMOTE)
        if self.refused(version, Move.PROMOTE, 0.0):
            return None
        self.made(version, Move.PROMOTE)
        self.expected[self.champion] = "retired"
        self.expected[version] = "champion"
        self.served.add(version)
        return None

    @rule(number=VERSION, share=SHARE, shown=st.booleans())
    def tried(self, number: int, share: float, shown: bool) -> None:
        version, move = self.artifacts[number].version, Move.CANARY if shown else Move.SHADOW
        if self.expected[version] != f"{move} {share:g}" and self.refused(version, move, share):
            return
        self.made(version, move, share)
        self.expected[version] = f"{move} {share:g}"

    @rule(number=VERSION)
    def roll_back(self, number: int) -> None:
        version = self.artifacts[number].version
        trial = self.trial
        if self.expected[version] == "champion":
            if trial is not None:
                self.expected[trial] = "rolled-back"
            return self.made(version, Move.ROLLBACK)
        if version not in self.served or self.expected[version] not in ("retired", "rolled-back"):
            return self.is_refused(version, Move.ROLLBACK, 0.0)
        self.made(version, Move.ROLLBACK)
        if trial is not None:
            self.expected[trial] = "challenger"
        self.expected[self.champion] = "rolled-back"
        self.expected[version] = "champion"
        return None

    @rule(number=VERSION, move=st.sampled_from([Move.WITHDRAW, Move.REJECT]))
    def put_away(self, number: int, move: Move) -> None:
        version = self.artifacts[number].version
        after = "challenger" if move is Move.WITHDRAW else "rejected"
        now = self.expected[version]
        possible = version == self.trial if move is Move.WITHDRAW else now != "champion"
        if now != after and not possible:
            return self.is_refused(version, move, 0.0)
        self.made(version, move)
        self.expected[version] = after
        return None

    @property
    def champion(self) -> str:
        return next(version for version, state in self.expected.items() if state == "champion")

    @property
    def trial(self) -> str | None:
        on = (version for version, state in self.expected.items() if state.startswith(("canary", "shadow")))
        return next(on, None)

    def refused(self, version: str, move: Move, share: float) -> bool:
        """Whether a promotion or a trial is refused; if so, that it is."""
        if self.expected[version] in ("champion", "rejected") or self.trial not in (None, version):
            self.is_refused(version, move, share)
            return True
        if self.frozen:
            with pytest.raises(Frozen, match="a test"):
                self.store.move(MARKET, version, move, role="admin", share=share)
            return True
        return False

    def is_refused(self, version: str, move: Move, share: float) -> None:
        with pytest.raises((ReleaseRefused, Frozen)):
            self.store.move(MARKET, version, move, role="admin", share=share)

    def made(self, version: str, move: Move, share: float = 0.0) -> None:
        self.store.move(MARKET, version, move, role="admin", share=share)

    @invariant()
    def agrees(self) -> None:
        if self.expected:
            assert states(self.engine) == self.expected
            assert_consistent(self.engine)


@pytest.fixture(autouse=True, params=["sqlite", "postgresql"])
def examples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> float:
    """The machine's databases; the share of the examples that there is time for on each."""
    folder = tmp_path_factory.mktemp("machine")
    Releases.artifacts = save_versions(folder, COUNT)
    if request.param == "postgresql":
        spare: SpareDatabases = request.getfixturevalue("spare_databases")

        def copied(closing: ExitStack) -> str:
            name = spare.take()
            closing.callback(spare.give_back, name)
            return spare.server.url(name)

        Releases.fresh = copied
        return 0.2
    file = folder / "template.db"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()

    def written(closing: ExitStack) -> str:
        place = Path(closing.enter_context(tempfile.TemporaryDirectory())) / "test.db"
        place.write_bytes(file.read_bytes())
        return f"sqlite:///{place}"

    Releases.fresh = written
    return 1.0


def test_any_sequence_of_moves_leaves_what_the_rules_say(examples: float) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Releases, settings=settings(max_examples=int(25 * examples), stateful_step_count=25))


@pytest.mark.long
def test_any_long_sequence_of_moves_leaves_what_the_rules_say(examples: float) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Releases, settings=settings(max_examples=int(300 * examples), stateful_step_count=50))
