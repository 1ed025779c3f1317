"""A market moves from one home to another, while both serve.

    leave      it is served no more where it was, and whoever asks is told where it will be
    wait       until every process there has heard of it
    settle     what its last events cost is entered, and its last lists are anchored
    receive    the other home knows that it comes: nobody writes to it there meanwhile
    artifacts  its models are copied, each held against its hashes
    rows       its tables are copied
    trail      its records are linked into the other trail
    compare    both homes have the same, or what differs is copied again
    adopt      it is served there
    confirm    both trails have it

Each step may be the last one before a power cut: the same command does what is left to do. What has to be remembered is
in both databases (`market_moves`), under one id. The market is never served in two places, and until it is adopted
nothing is lost by giving up.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, delete, exists, select, update

from models.artifacts import ArtifactError, adopt
from services.ads.settlement import Settler
from services.audit.anchors import ServedAnchors
from services.audit.arrivals import ARRIVED, arrivals, carried_since_arrival, summary
from services.audit.trail import AuditTrail, original
from services.clock import Clock
from services.database.schema import audit_trail, billing_queue, champions, market_moves, markets, model_versions
from services.database.transactions import lock_out, reading, upsert_into, writing
from services.markets.homes import Home, alone, refuse_misfits
from services.markets.leftovers import LateRows, clear_away
from services.markets.life import MarketError, unknown
from services.markets.rows import Content, Copier, contents
from services.private_files import write_private

Tell = Callable[[str, int], None]
"""Called when a step begins, and as it goes on: what is being done, and how much of it is done."""

LEFT: Final = "market.left"
_LEAVES: Final = "market.leave"
_STAYS: Final = "market.stay"
_PURGES: Final = "market.purge"
_ROUNDS: Final = 5
_RECORDS: Final = 500
_SETTLING_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.1
_NEVER: Final = 2**62
_LONGEST_ADDRESS: Final = 200


class MoveState(StrEnum):
    """Where a move is, as one home sees it."""

    LEAVING = "leaving"
    LEFT = "left"
    """It is served elsewhere; what was kept of it here is here still."""
    PURGED = "purged"
    """It is elsewhere, and nothing is kept of it here but the trail and the seals of its lists."""
    ARRIVING = "arriving"
    ARRIVED = "arrived"


_STANDING: Final = {
    None: "has not moved",
    MoveState.LEAVING: "has not arrived yet: go on with `tablestakes market move`",
    MoveState.LEFT: "has moved: what is kept of it here can be cleared away by `tablestakes market purge`",
    MoveState.PURGED: "has moved, and what was kept of it here has been cleared away",
    MoveState.ARRIVING: "is on its way to here",
    MoveState.ARRIVED: "has come to here, and has not moved since",
}


class MarketMover:
    """One market, from `source` to `target`. Raises MarketError, ArtifactError and StorageUnavailable."""

    def __init__(self, source: Home, target: Home, market: str, role: str, clock: Clock, tell: Tell) -> None:
        self._source = source
        self._target = target
        self._market = market
        self._role = role
        self._clock = clock
        self._tell = tell
        self._trails = {home: AuditTrail(home.engine, clock, via="cli") for home in (source, target)}

    def move(self, to: str, reason: str, grace_seconds: float) -> None:
        """Move it; again, and what is left to do is done. MarketError says what is in the way, and the mend.

        `to` is where clients find it afterwards. `grace_seconds`: within so long every process of the source has heard
        that the market leaves, and has written what it had still to write.
        """
        self._check(to)
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("leave", lambda: self._leave(to, reason)),
            ("wait", lambda: self._wait(grace_seconds)),
            ("settle", self._settle),
            ("receive", self._receive),
            ("artifacts", self._copy_files),
            ("rows", self._copy_rows),
            ("trail", self._carry_trail),
            ("adopt", self._adopt),
            ("confirm", lambda: self._confirm(reason)),
        )
        with alone(self._target, self._market):
            for name, step in steps:
                self._tell(name, 0)
                step()

    def purge(self, reason: str) -> Mapping[str, int]:
        """Clear away what the source keeps of a market that has arrived in the target; rows by table.

        What was stored here since it left is handed over first. Broken off, it can be called again.
        """
        refuse_misfits(self._source, self._target)
        with alone(self._target, self._market):
            return self._purge(reason)

    def _purge(self, reason: str) -> Mapping[str, int]:
        move, document = self._known_move(MoveState.LEFT)
        arrived = document["arrived"]
        with reading(self._target.engine) as connection:
            there = move_of(connection, self._market)
            at = select(audit_trail.c.digest).where(audit_trail.c.seq == arrived["seq"])
            if connection.execute(at).scalar() != arrived["digest"]:
                raise MarketError(f"the target's trail has no arrival of market {self._market!r}: nothing was changed")
        is_there = there is not None and (there.move_id, there.state) == (move.move_id, MoveState.ARRIVED)
        left_at = datetime.fromisoformat(document["left_at"])
        late = LateRows(self._source, self._target, self._market, left_at, arrived["seq"])
        self._hand_over(late, is_there)
        removed = clear_away(self._source, self._market, self._clock, "the market has moved", self._tell, left_at)
        while late.has_events():
            self._hand_over(late, is_there)
        with writing(self._source.engine) as connection:
            self._record(connection, self._source, _PURGES, {"rows": removed}, {"rows": {}}, reason)
            self._remember(connection, self._source, move.move_id, MoveState.PURGED, document)
        return removed

    def _hand_over(self, late: LateRows, is_there: bool) -> None:
        if is_there:
            late.hand_over(self._tell)
        elif late.has_events():
            raise MarketError(f"market {self._market!r} has moved on, and events of it have come in here since")

    def undo(self, reason: str) -> None:
        """Serve the market where it was, and clear away what has come to the target, where it has not arrived yet."""
        refuse_misfits(self._source, self._target)
        with alone(self._target, self._market):
            self._undo(reason)

    def _undo(self, reason: str) -> None:
        move, document = self._known_move(MoveState.LEAVING)
        if self._has_arrived():
            raise MarketError(f"market {self._market!r} is served in the target: move it back from there")
        self._send_away(move.move_id, reason)
        with writing(self._source.engine) as connection:
            lock_out(connection, f"market {self._market}")
            was = document["was_retired_at"]
            values = {"retired_at": None if was is None else datetime.fromisoformat(was), "moved_to": None}
            connection.execute(update(markets).where(markets.c.market == self._market).values(**values))
            connection.execute(delete(market_moves).where(market_moves.c.market == self._market))
            self._record(connection, self._source, _STAYS, None, {"move": move.move_id}, reason)

    def _send_away(self, move_id: str, reason: str) -> None:
        with reading(self._target.engine) as connection:
            there = move_of(connection, self._market)
        if there is None or there.move_id != move_id:
            return
        clear_away(self._target, self._market, self._clock, "the market stays where it was", self._tell)
        was_moved_to = orjson.loads(there.document)["was_moved_to"]
        of_market = (markets.c.market == self._market, market_moves.c.market == self._market)
        with writing(self._target.engine) as connection:
            if was_moved_to is None:
                connection.execute(delete(markets).where(of_market[0]))
                connection.execute(delete(market_moves).where(of_market[1]))
            else:
                connection.execute(update(markets).where(of_market[0]).values(moved_to=was_moved_to))
                self._remember(connection, self._target, move_id, MoveState.PURGED, {"source": self._source.name})
            self._record(connection, self._target, _STAYS, None, {"move": move_id}, reason)

    def _known_move(self, state: MoveState) -> tuple[Row[Any], Mapping[str, Any]]:
        """The move of the market to this target, which is in that state, and its document. Raises MarketError."""
        with reading(self._source.engine) as connection:
            here, move = _market(connection, self._market), move_of(connection, self._market)
        if here is None:
            raise unknown(self._market)
        if move is None or move.state != state:
            standing = _STANDING[None if move is None else MoveState(move.state)]
            raise MarketError(f"market {self._market!r} {standing}")
        document: dict[str, Any] = orjson.loads(move.document)
        if document["target"] != self._target.name:
            raise MarketError(f"market {self._market!r} has gone to {document['target']}: name that home")
        return move, document

    # -- before anything is changed

    def _check(self, to: str) -> None:
        if not to.strip() or len(to) > _LONGEST_ADDRESS or not to.isprintable():
            raise MarketError("say where clients find the market then, as in https://east.example")
        refuse_misfits(self._source, self._target)
        with reading(self._source.engine) as connection:
            here, move = _market(connection, self._market), move_of(connection, self._market)
        if here is None:
            raise unknown(self._market)
        if move is not None and move.state in (MoveState.LEFT, MoveState.PURGED):
            raise MarketError(f"market {self._market!r} has moved to {here.moved_to} already")
        if move is not None and move.state == MoveState.ARRIVING:
            raise MarketError(f"market {self._market!r} is on its way to here: let that move end first")
        going = move if move is not None and move.state == MoveState.LEAVING else None
        known = None if going is None else orjson.loads(going.document)["target"]
        if known not in (None, self._target.name):
            raise MarketError(f"market {self._market!r} is on its way to {known}: go on with that, or undo it")
        if going is not None and here.moved_to != to:
            raise MarketError(f"clients are sent to {here.moved_to} already: go on with that address, or undo the move")
        self._check_target(None if going is None else going.move_id)
        broken = self._trails[self._source].first_broken()
        if broken is not None:
            raise MarketError(f"the audit trail here breaks at record {broken}: it cannot go with the market")

    def _check_target(self, move_id: str | None) -> None:
        """Whether the market may come there: it is not known, it has gone from there, or is this move's."""
        with reading(self._target.engine) as connection:
            there, move = _market(connection, self._market), move_of(connection, self._market)
        if there is None or (move is not None and move_id is not None and move.move_id == move_id):
            return
        if move is not None and move.state == MoveState.PURGED:
            return
        if move is not None and move.state == MoveState.LEFT:
            raise MarketError(
                f"the target has still what it kept of market {self._market!r} when that left it: "
                "`tablestakes market purge` there clears it away"
            )
        raise MarketError(f"the target has a market {self._market!r} already")

    # -- the steps

    def _leave(self, to: str, reason: str) -> None:
        with writing(self._source.engine) as connection:
            lock_out(connection, f"market {self._market}")
            here, move = _market(connection, self._market), move_of(connection, self._market)
            assert here is not None
            if move is not None and move.state == MoveState.LEAVING:
                return
            now = self._clock.now()
            self._record(connection, self._source, _LEAVES, {"moved_to": None}, {"moved_to": to}, reason)
            values = {"retired_at": here.retired_at or now, "moved_to": to}
            connection.execute(update(markets).where(markets.c.market == self._market).values(**values))
            was = None if here.retired_at is None else here.retired_at.isoformat()
            document = {"target": self._target.name, "left_at": now.isoformat(), "was_retired_at": was}
            self._remember(connection, self._source, secrets.token_hex(16), MoveState.LEAVING, document)

    def _wait(self, grace_seconds: float) -> None:
        heard_at = self._left_at() + timedelta(seconds=grace_seconds)
        while self._clock.now() < heard_at:
            time.sleep(_PAUSE_SECONDS)

    def _settle(self) -> None:
        """What cannot be settled in time goes along in the queue."""
        settler = Settler(self._source.engine, self._clock, self._source.settings.settle_after_seconds)
        until = time.monotonic() + self._source.settings.settle_after_seconds + _SETTLING_SECONDS
        waiting = select(exists().where(billing_queue.c.market == self._market))
        while time.monotonic() < until:
            with reading(self._source.engine) as connection:
                if not connection.execute(waiting).scalar_one():
                    break
            if not settler.settle():
                time.sleep(_PAUSE_SECONDS)
        ServedAnchors(self._source.engine, self._trails[self._source]).anchor()

    def _receive(self) -> None:
        move_id = self._move_id()
        with reading(self._source.engine) as connection:
            here = _market(connection, self._market)
        assert here is not None
        with writing(self._target.engine) as connection:
            lock_out(connection, f"market {self._market}")
            there, move = _market(connection, self._market), move_of(connection, self._market)
            if there is not None and move is not None and move.move_id == move_id:
                return
            if there is not None and (move is None or move.state != MoveState.PURGED):
                raise MarketError(f"the target has got a market {self._market!r} meanwhile")
            # A catalogue's version never falls, also where the market comes back.
            version = 0 if there is None else there.catalogue_version
            row = {**here._mapping, "catalogue_version": version, "retired_at": self._clock.now(), "moved_to": ""}
            connection.execute(upsert_into(self._target.engine, markets), row)
            was = None if there is None else there.moved_to
            document = {"source": self._source.name, "was_moved_to": was}
            self._remember(connection, self._target, move_id, MoveState.ARRIVING, document)

    def _copy_files(self) -> None:
        if self._has_arrived():
            return
        with reading(self._source.engine) as connection:
            of_market = model_versions.c.market == self._market
            found = connection.execute(select(model_versions.c.version, model_versions.c.path).where(of_market)).all()
            champion = select(champions.c.version).where(champions.c.market == self._market)
            serving = connection.execute(champion).scalar()
        for number, (version, path) in enumerate(found, 1):
            try:
                adopt(Path(path), self._target.settings.artifacts)
            except ArtifactError:
                if version == serving or Path(path).exists():
                    raise
            self._tell("artifacts", number)
        for file in sorted((self._source.settings.measurements / self._market).glob("*.json")):
            write_private(self._target.settings.measurements / self._market / file.name, file.read_bytes())

    def _copy_rows(self) -> None:
        if self._has_arrived():
            return
        copier = Copier(self._target.engine, self._market, self._target.settings.artifacts)
        with reading(self._source.engine) as connection:
            copier.copy(connection, self._tell)

    def _carry_trail(self) -> None:
        if self._has_arrived():
            return
        for records in self._records_that_are_missing():
            with writing(self._target.engine) as connection:
                self._trails[self._target].carry(connection, records)
            self._tell("trail", len(records))

    def _records_that_are_missing(self) -> Iterator[list[Row[Any]]]:
        """Records of the market in the source's trail that are not in the target's, neither carried nor its own."""
        of_market = select(audit_trail).where(audit_trail.c.market == self._market).order_by(audit_trail.c.seq)
        known: set[str] = set()
        with reading(self._target.engine) as connection:
            for row in connection.execute(of_market, execution_options={"yield_per": _RECORDS}):
                known |= _digests(row)
        with reading(self._source.engine) as connection:
            parts = connection.execute(of_market, execution_options={"yield_per": _RECORDS}).partitions()
            for part in parts:
                if missing := [row for row in part if _digests(row).isdisjoint(known)]:
                    yield missing

    def _adopt(self) -> None:
        if self._has_arrived():
            return
        found = self._same_in_both()
        with reading(self._source.engine) as connection:
            here, move = _market(connection, self._market), move_of(connection, self._market)
            head = connection.execute(select(audit_trail).order_by(audit_trail.c.seq.desc()).limit(1)).one()
        assert here is not None
        assert move is not None
        was_retired_at = orjson.loads(move.document)["was_retired_at"]
        with writing(self._target.engine) as connection:
            lock_out(connection, f"market {self._market}")
            there = _market(connection, self._market)
            assert there is not None
            values = {
                "retired_at": None if was_retired_at is None else datetime.fromisoformat(was_retired_at),
                "moved_to": None,
                "catalogue_version": max(there.catalogue_version, here.catalogue_version) + 1,
            }
            connection.execute(update(markets).where(markets.c.market == self._market).values(**values))
            after = {
                "move": move.move_id,
                "tables": {name: vars(each) for name, each in found.items()},
                "trail": summary(carried_since_arrival(connection, self._market, _NEVER)),
                "source": {"seq": head.seq, "digest": head.digest},
            }
            self._record(connection, self._target, ARRIVED, None, after, "")
            self._remember(connection, self._target, move.move_id, MoveState.ARRIVED, {"source": self._source.name})

    def _same_in_both(self) -> Mapping[str, Content]:
        """What both homes have by now; what has changed since it was copied is copied again."""
        for _ in range(_ROUNDS):
            self._tell("compare", 0)
            with reading(self._source.engine) as connection:
                here = contents(connection, self._market)
            with reading(self._target.engine) as connection:
                there = contents(connection, self._market)
            if here == there and next(self._records_that_are_missing(), None) is None:
                return here
            self._copy_rows()
            self._carry_trail()
        names = ", ".join(sorted(name for name in here if here[name] != there[name])) or "the trail"
        raise MarketError(f"somebody goes on writing to market {self._market!r} ({names}): end what does, and go on")

    def _confirm(self, reason: str) -> None:
        with reading(self._target.engine) as connection:
            arrival = arrivals(connection, audit_trail.c.market == self._market)[-1]
        after = orjson.loads(arrival.document)["after"]
        with writing(self._source.engine) as connection:
            lock_out(connection, f"market {self._market}")
            here, move = _market(connection, self._market), move_of(connection, self._market)
            assert here is not None
            assert move is not None
            if move.state == MoveState.LEFT:
                return
            arrived = {"seq": arrival.seq, "digest": arrival.digest}
            told = {**after, "to": here.moved_to, "arrived": arrived}
            self._record(connection, self._source, LEFT, None, told, reason)
            document = {**orjson.loads(move.document), "arrived": arrived}
            self._remember(connection, self._source, move.move_id, MoveState.LEFT, document)

    # -- what is remembered

    def _record(
        self, connection: Connection, home: Home, action: str, before: Any, after: Mapping[str, Any], reason: str
    ) -> None:
        self._trails[home].record(
            connection,
            role=self._role,
            action=action,
            market=self._market,
            subject=self._market,
            document={"before": before, "after": after},
            reason=reason,
        )

    def _remember(
        self, connection: Connection, home: Home, move_id: str, state: MoveState, document: Mapping[str, Any]
    ) -> None:
        row = {"market": self._market, "move_id": move_id, "state": state.value, "since": self._clock.now()}
        text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
        connection.execute(upsert_into(home.engine, market_moves), {**row, "document": text})

    def _move_id(self) -> str:
        return str(self._source_move().move_id)

    def _left_at(self) -> datetime:
        return datetime.fromisoformat(orjson.loads(self._source_move().document)["left_at"])

    def _source_move(self) -> Row[Any]:
        with reading(self._source.engine) as connection:
            move = move_of(connection, self._market)
        assert move is not None
        return move

    def _has_arrived(self) -> bool:
        move_id = self._move_id()
        with reading(self._target.engine) as connection:
            move = move_of(connection, self._market)
        return move is not None and (move.move_id, move.state) == (move_id, MoveState.ARRIVED)


def move_of(connection: Connection, market: str) -> Row[Any] | None:
    """The market's last move, as this home knows it."""
    return connection.execute(select(market_moves).where(market_moves.c.market == market)).first()


def _market(connection: Connection, market: str) -> Row[Any] | None:
    return connection.execute(select(markets).where(markets.c.market == market)).first()


def _digests(row: Row[Any]) -> set[str]:
    """A record's own, and those that it had in the trails that it came from."""
    found, at = {str(row.digest)}, original(dict(row._mapping))
    while at is not None:
        found.add(str(at["digest"]))
        at = original(at)
    return found
