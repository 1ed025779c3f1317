"""Releases: which version of each market is champion, which one is on trial, and every move between.

A move is one transaction: states, the champion's pointer, the clock that the processes look at, and the record in the
audit trail, or none of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Row, Select, func, select, update

from models.artifacts import ArtifactError, load
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import champions, markets, model_versions, release_clocks, releases
from services.database.transactions import add_into, reading, upsert_into, writing
from services.releases.freeze import refuse_when_frozen
from services.releases.registry import ModelVersion, lock_releases
from services.releases.states import ALLOWED, FROZEN_OUT, LOADED, ON_TRIAL, USED, Move, State

_STATE_OF: Final = {Move.CANARY: State.CANARY, Move.SHADOW: State.SHADOW}
_SETTLED: Final = {Move.WITHDRAW: State.CHALLENGER, Move.REJECT: State.REJECTED, Move.PROMOTE: State.CHAMPION}
"""Where a version is already when such a move has been made: doing it again changes nothing."""


class ReleaseError(Exception):
    """A move that cannot be made; the message says which and why."""


class UnknownVersion(ReleaseError):
    """The market has no such version."""


class ReleaseRefused(ReleaseError):
    """The version's state, another version, or its artifact is in the way."""


@dataclass(frozen=True)
class Release:
    """A version and what it is in its market."""

    version: ModelVersion
    state: State
    since: datetime
    reason: str
    """Why it is in this state; empty where nobody said."""
    served: bool
    """Whether it is or has been champion."""
    share: float
    """Of the diners who are shown it (canary), of the lists that it ranks besides (shadow); else 0."""
    trial: int
    """Number of the trial that it is on; 0: none. A new share makes it a new trial."""
    evidence: Mapping[str, Any]
    """What the guardrails have counted in that trial."""


@dataclass(frozen=True)
class Lineup:
    """What a market's processes serve."""

    moves: int
    """The market's clock: it has moved when any of the rest has."""
    champion: ModelVersion
    trial: Release | None


@dataclass(frozen=True)
class _Plan:
    """A move that is possible: the new rows, those that give something up first."""

    move: Move
    rows: tuple[Release, ...]
    before: tuple[Release, ...]


class ReleaseStore:
    """All methods block and raise StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine, trail: AuditTrail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def releases(self, market: str) -> list[Release]:
        """All versions of a market, newest first."""
        statement = _joined(market).order_by(model_versions.c.created_at.desc(), model_versions.c.version.desc())
        with reading(self._engine) as connection:
            return [_release(row) for row in connection.execute(statement)]

    def moves(self) -> Mapping[str, int]:
        """The clock of each market in which anything has moved: one small read, to be made many times a second."""
        with reading(self._engine) as connection:
            return {row.market: row.moves for row in connection.execute(select(release_clocks))}

    def clock(self) -> int:
        """A number that rises with each move in any market: a smaller read still."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.coalesce(func.sum(release_clocks.c.moves), 0))).scalar_one())

    def in_canary(self) -> list[str]:
        """The markets, by key, that are not retired and in which a canary is shown."""
        shown = (
            select(releases.c.market)
            .outerjoin(markets, markets.c.market == releases.c.market)
            .where(releases.c.state == State.CANARY, markets.c.retired_at.is_(None))
            .order_by(releases.c.market)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(shown).scalars())

    def lineups(self, of: Collection[str] | None = None) -> Mapping[str, Lineup]:
        """What is to be served in each market that has a champion, or in those named; all read at one instant."""
        pointed = (champions.c.market == model_versions.c.market) & (champions.c.version == model_versions.c.version)
        served_ones, clocks = select(model_versions).join(champions, pointed), select(release_clocks)
        trying = _joined().where(releases.c.state.in_(ON_TRIAL))
        if of is not None:
            served_ones = served_ones.where(champions.c.market.in_(of))
            clocks, trying = clocks.where(release_clocks.c.market.in_(of)), trying.where(releases.c.market.in_(of))
        with reading(self._engine) as connection:
            moves = {row.market: row.moves for row in connection.execute(clocks)}
            served = connection.execute(served_ones).mappings().all()
            on_trial = [_release(row) for row in connection.execute(trying)]
        trials = {release.version.market: release for release in on_trial}
        return {
            row["market"]: Lineup(moves.get(row["market"], 0), _version(row), trials.get(row["market"]))
            for row in served
        }

    def move(
        self, market: str, version: str, move: Move, *, role: str, reason: str = "", share: float = 0.0
    ) -> Release:
        """Make a move and say what the version is then. A move that was made already changes nothing.

        PROMOTE makes it champion, for everybody. CANARY shows it to a share of the diners, SHADOW lets it rank a share
        of the lists unseen; a market has one version on trial. ROLLBACK makes a version that was champion the champion
        again and takes back the one that is, or ends a trial where the version is champion already: both are
        `rolled-back` then. WITHDRAW ends a trial without blame, REJECT rules a version out.

        0 < share <= 1 for CANARY and SHADOW. Raises UnknownVersion, ReleaseRefused, Frozen; nothing has changed then.
        """
        with reading(self._engine) as connection:
            plan = self._plan(connection, market, version, move, reason, share)
        if plan is None:
            return self._get(market, version)
        if move in LOADED and plan.rows[-1].state in USED:
            _check_artifact(plan.rows[-1].version)
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            plan = self._plan(connection, market, version, move, reason, share)
            if plan is not None:
                self._make(connection, market, version, plan, role)
        return self._get(market, version)

    def end_trial(self, market: str, trial: int, role: str, reason: str, evidence: Mapping[str, Any]) -> Release | None:
        """Take back the version on trial for what it did; None where that trial is over already."""
        now = self._clock.now()
        with writing(self._engine) as connection:
            lock_releases(connection, market)
            found = connection.execute(_joined(market).where(releases.c.trial == trial, releases.c.trial > 0)).first()
            if found is None:
                return None
            before = _release(found)
            after = replace(before, state=State.ROLLED_BACK, since=now, reason=reason, share=0.0, evidence=evidence)
            plan = _Plan(Move.ROLLBACK, (after,), (before,))
            self._make(connection, market, before.version.version, plan, role)
        return after

    def keep_evidence(self, market: str, trial: int, evidence: Mapping[str, Any]) -> None:
        """Write down what the guardrails have counted, for those who look at the trial."""
        on = (releases.c.market == market, releases.c.trial == trial, releases.c.trial > 0)
        with writing(self._engine) as connection:
            connection.execute(update(releases).where(*on).values(evidence=orjson.dumps(evidence).decode()))

    def _get(self, market: str, version: str) -> Release:
        with reading(self._engine) as connection:
            return _release(connection.execute(_joined(market).where(releases.c.version == version)).one())

    def _plan(
        self, connection: Connection, market: str, version: str, move: Move, reason: str, share: float
    ) -> _Plan | None:
        """What the move changes; None where it is made already. Raises as `move` does."""
        now = self._clock.now()
        known = {row.version: _release(row) for row in connection.execute(_joined(market))}
        if version not in known:
            raise UnknownVersion(f"market {market!r} has no version {version!r}")
        chosen = known[version]
        champion = next((each for each in known.values() if each.state is State.CHAMPION), None)
        trial = next((each for each in known.values() if each.state in ON_TRIAL), None)
        if _is_made(chosen, trial, move, share):
            return None
        _check_state(chosen, move)
        if move in FROZEN_OUT:
            refuse_when_frozen(connection, market, now, f"{move} of {version}")
            if trial is not None and trial is not chosen:
                raise ReleaseRefused(f"{trial.version.version} is on trial ({trial.state}): withdraw it first")
        before, after = _changes(chosen, champion, trial, move, reason, share, now)
        return _Plan(move, after, before)

    def _make(self, connection: Connection, market: str, version: str, plan: _Plan, role: str) -> None:
        now = self._clock.now()
        clock = {"market": market, "moves": 1}
        connection.execute(add_into(self._engine, release_clocks, ["moves"]), clock)
        moves = connection.execute(select(release_clocks.c.moves).where(release_clocks.c.market == market)).scalar_one()
        for row in plan.rows:
            on_trial = row.state in ON_TRIAL
            values = {
                "state": row.state,
                "since": row.since,
                "reason": row.reason,
                "served": row.served,
                "share": row.share,
                "trial": moves if on_trial else 0,
                "evidence": orjson.dumps({} if on_trial else row.evidence).decode(),
            }
            this = (releases.c.market == market, releases.c.version == row.version.version)
            connection.execute(update(releases).where(*this).values(**values))
            if row.state is State.CHAMPION:
                pointer = {"market": market, "version": row.version.version, "since": now}
                connection.execute(upsert_into(self._engine, champions), pointer)
        document = {
            "before": {each.version.version: _short(each) for each in plan.before},
            "after": {each.version.version: _short(each) for each in plan.rows},
            "reason": plan.rows[-1].reason,
        }
        self._trail.record(
            connection, role=role, action=f"release.{plan.move}", market=market, subject=version, document=document
        )


def _is_made(chosen: Release, trial: Release | None, move: Move, share: float) -> bool:
    if move in _STATE_OF:
        return chosen.state is _STATE_OF[move] and chosen.share == share
    if move is Move.ROLLBACK:
        return chosen.state is State.CHAMPION and trial is None
    return chosen.state is _SETTLED[move]


def _check_state(chosen: Release, move: Move) -> None:
    if chosen.state not in ALLOWED[move]:
        why = f", because {chosen.reason}" if chosen.reason else ""
        raise ReleaseRefused(f"{move} of {chosen.version.version}: it is {chosen.state}{why}")
    if move is Move.ROLLBACK and not chosen.served:
        raise ReleaseRefused(f"rollback to {chosen.version.version}: it has never been champion")


def _changes(
    chosen: Release,
    champion: Release | None,
    trial: Release | None,
    move: Move,
    reason: str,
    share: float,
    now: datetime,
) -> tuple[tuple[Release, ...], tuple[Release, ...]]:
    """Rows before and after, the chosen version's last: what gives a place up comes before what takes it."""
    old: list[Release] = []
    new: list[Release] = []

    def put(before: Release, state: State, why: str, share: float = 0.0) -> None:
        served = before.served or state is State.CHAMPION
        old.append(before)
        new.append(replace(before, state=state, since=now, reason=why, share=share, served=served))

    if move in _STATE_OF:
        put(chosen, _STATE_OF[move], reason, share)
    elif move in (Move.WITHDRAW, Move.REJECT):
        put(chosen, _SETTLED[move], reason)
    elif move is Move.PROMOTE:
        if champion is not None:
            put(champion, State.RETIRED, f"succeeded by {chosen.version.version}")
        put(chosen, State.CHAMPION, reason)
    elif chosen is champion:
        assert trial is not None, "without a trial this rollback is made already"
        put(trial, State.ROLLED_BACK, reason)
    else:
        if trial is not None and trial is not chosen:
            put(trial, State.CHALLENGER, "the champion that it was compared with was rolled back")
        if champion is not None:
            put(champion, State.ROLLED_BACK, reason)
        put(chosen, State.CHAMPION, reason)
    return tuple(old), tuple(new)


def _check_artifact(version: ModelVersion) -> None:
    """Open the artifact as a process would that serves it."""
    try:
        found = load(Path(version.path))
    except ArtifactError as error:
        raise ReleaseRefused(f"the artifact of {version.version} is refused: {error}") from None
    if (found.manifest.market, found.version) != (version.market, version.version):
        raise ReleaseRefused(f"the artifact of {version.version} holds {found.version} of {found.manifest.market}")


def _joined(market: str | None = None) -> Select[Any]:
    same = (releases.c.market == model_versions.c.market) & (releases.c.version == model_versions.c.version)
    of_release = [column for column in releases.c if column.name not in ("market", "version")]
    statement = select(model_versions, *of_release).join(releases, same)
    return statement if market is None else statement.where(releases.c.market == market)


def _release(row: Row[Any]) -> Release:
    return Release(
        version=_version(row._mapping),
        state=State(row.state),
        since=row.since,
        reason=row.reason,
        served=row.served,
        share=row.share,
        trial=row.trial,
        evidence=orjson.loads(row.evidence),
    )


def _version(row: Mapping[Any, Any]) -> ModelVersion:
    fields = {name: row[name] for name in ("market", "version", "model", "path", "created_at")}
    return ModelVersion(**fields, metrics=orjson.loads(row["metrics"]))


def _short(release: Release) -> dict[str, Any]:
    return {"state": release.state} | ({"share": release.share} if release.share else {})
