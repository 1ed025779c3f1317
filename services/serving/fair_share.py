"""What groups of restaurants have had, counted over all processes: the ledgers behind the control of exposure.

Decay runs forward (Cormode, Shkapenyuk, Srivastava, Xu 2009): a list at time t counts 2^((t - L) / h), L a landmark,
and who reads at time T divides by 2^((T - L) / h). So counting is nothing but adding: it commutes, processes need no
turn, and two of them come to what one would. Lists are counted in the process and sent in batches, about one a second.

Redis may forget. Then the sums begin anew with what the served log says: every list that was made under a control has
its own counts on record.
"""

import asyncio
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import orjson
import structlog

from models.fairness.control import Ledger, days_counted
from services.audit.documents import read_document
from services.clock import Clock
from services.database.errors import StorageUnavailable
from services.events.served import ServedLog
from services.features import FeatureCache
from services.features.keys import exposure_key
from services.ranking.auction import ShownList
from services.ranking.counting import count_shown
from services.ranking.rank import RankedLists
from services.stakeholders.policy import FairnessPolicy, GroupedBy

if TYPE_CHECKING:
    from services.serving.recommender import Ask

_log = structlog.get_logger(__name__)
_DAY: Final = 86_400.0
_EPOCH_HALF_LIVES: Final = 256
"""Landmarks are so far apart: no weight comes near what a float64 can hold."""
_REMEMBERED_HALF_LIVES: Final = 6
_FROM_LOG: Final = 5_000
"""Lists that the log is asked for at most, evenly spread."""
_BATCH_SECONDS: Final = 5
"""What was counted in so long is sent in one piece, also after Redis was away for long."""


@dataclass(frozen=True)
class Counting:
    """One way to count: by which groups, and how fast it is forgotten."""

    by: GroupedBy
    half_life_days: float

    @classmethod
    def under(cls, policy: FairnessPolicy) -> Self | None:
        """What a policy's control looks at; None where it has none."""
        return cls(policy.by, policy.half_life_days) if policy.is_on else None

    @property
    def half_life(self) -> float:
        """Seconds."""
        return self.half_life_days * _DAY

    def epoch(self, at: float) -> int:
        """The number of the landmark of a time."""
        return int(at // (_EPOCH_HALF_LIVES * self.half_life))

    def weight(self, at: float, epoch: int) -> float:
        """>= 1: what a list at this time counts, from its landmark on."""
        return float(2.0 ** (at / self.half_life - _EPOCH_HALF_LIVES * epoch))

    def key(self, market: str, epoch: int) -> bytes:
        """Where the sums are in Redis."""
        return exposure_key(market, f"{self.by}:{self.half_life_days!r}:{epoch}")

    def days(self, begun: float, at: float) -> float:
        """That sums which began at a time speak of, older ones counting less."""
        return days_counted((at - begun) / _DAY, self.half_life_days)

    @property
    def ttl_seconds(self) -> int:
        """What has not been added to for so long is next to nothing."""
        return int(_REMEMBERED_HALF_LIVES * self.half_life)


Ledgers = Mapping[Counting, Ledger]
ListLedgers = Mapping[GroupedBy, Ledger]
"""What one list counts for."""


def encode_ledgers(ledgers: Ledgers) -> bytes:
    """JSON, which keeps every bit; empty where there are none."""
    if not ledgers:
        return b""
    return orjson.dumps(
        [
            {"by": counting.by, "half_life_days": counting.half_life_days, **ledger.document()}
            for counting, ledger in ledgers.items()
        ]
    )


def decode_ledgers(blob: bytes) -> dict[Counting, Ledger]:
    """From `encode_ledgers`."""
    documents: list[dict[str, Any]] = orjson.loads(blob) if blob else []
    return {Counting(GroupedBy(one["by"]), one["half_life_days"]): Ledger.read(one) for one in documents}


def list_ledger(ask: "Ask", ranked: RankedLists, shown: ShownList, by: GroupedBy) -> Ledger:
    """What one list counts for: its candidates' merit, and its places that were not sold."""
    return count_shown(
        ask.live.groups(ask.snapshot, by), ranked.shortlists, shown.rows, ask.snapshot.looks, shown.sponsors
    )


@dataclass(eq=False)
class _Batch:
    """What a process has counted and not yet sent, with the weights of its landmark."""

    counting: Counting
    since: float
    ledger: Ledger
    number: int = 0


class FairShares:
    """Counts lists and reads the ledgers. Belongs to one event loop. Redis that is away raises nothing.

    A batch that may or may not have arrived is sent again under its number, and added once.
    """

    def __init__(self, cache: FeatureCache, served: ServedLog, clock: Clock) -> None:
        self._cache = cache
        self._served = served
        self._clock = clock
        self._process = uuid.uuid4().hex
        self._number = 0
        self._pending: dict[tuple[bytes, int], _Batch] = {}
        """By where they go, and by time: a batch that began before the sums did is left out whole."""
        self._sending: dict[tuple[bytes, int], _Batch] = {}

    def count(self, ask: "Ask", ranked: RankedLists, shown: ShownList, at: datetime) -> ListLedgers:
        """Count a list for every control of its market's policies, whichever policy made it; what it counts for."""
        market, moment = ask.snapshot.info.market, at.timestamp()
        ledgers: dict[GroupedBy, Ledger] = {}
        for counting in ask.snapshot.countings:
            epoch = counting.epoch(moment)
            if counting.by not in ledgers:
                ledgers[counting.by] = list_ledger(ask, ranked, shown, counting.by)
            own, weight = ledgers[counting.by], counting.weight(moment, epoch)
            place = counting.key(market, epoch), int(moment // _BATCH_SECONDS)
            batch = self._pending.get(place)
            if batch is None:
                self._pending[place] = _Batch(counting, moment, own.scaled(weight))
            elif batch.ledger.groups == own.groups:
                batch.ledger = batch.ledger.plus(own, weight)
            else:  # the catalogue has changed: what it calls its groups has too
                batch.ledger = _united(batch.ledger, own.scaled(weight))
        return ledgers

    async def flush(self) -> None:
        """Send what the last time left, then what was counted since; what Redis has not confirmed is sent again the
        next time. It may be cancelled: nothing is lost by that."""
        await self._send()
        if not self._sending:
            self._sending, self._pending = self._pending, {}
            for batch in self._sending.values():
                self._number += 1
                batch.number = self._number
            await self._send()

    async def _send(self) -> None:
        for (key, at), batch in list(self._sending.items()):
            added = await self._cache.add_sums(
                key, self._process, batch.number, batch.since, _sums(batch.ledger), batch.counting.ttl_seconds
            )
            if added is None:
                return
            # Where there are no sums they will begin with the log, in which these lists are.
            del self._sending[key, at]

    async def ledgers(self, market: str, countings: Collection[Counting], at: datetime) -> dict[Counting, Ledger]:
        """What Redis has, as of a time; those that it has no word on are left out."""
        found = {}
        for counting in countings:
            epoch = counting.epoch(at.timestamp())
            key = counting.key(market, epoch)
            sums = await self._cache.sums(key)
            if sums is not None and "since" not in sums:
                sums = await self._begun(key, market, counting, epoch, at)
            if sums is not None:
                now, begun = at.timestamp(), sums.get("begun", sums["since"])
                total = _ledger(sums).scaled(1.0 / counting.weight(now, epoch))
                found[counting] = replace(total, days=counting.days(begun, now))
        return found

    async def _begun(
        self, key: bytes, market: str, counting: Counting, epoch: int, at: datetime
    ) -> dict[str, float] | None:
        """Begin with what the log says. None where it does not answer, or Redis does not."""
        try:
            logged = await asyncio.to_thread(self._from_log, market, counting, epoch, at)
        except StorageUnavailable:
            return None
        total, count, begun = logged
        _log.info("fairness_sums_begin", market=market, by=counting.by, lists=round(count))
        sums = {**_sums(total), "begun": begun}
        if not await self._cache.begin_sums(key, at.timestamp(), sums, counting.ttl_seconds):
            return None
        kept = await self._cache.sums(key)
        return kept if kept is not None and "since" in kept else None

    def _from_log(self, market: str, counting: Counting, epoch: int, at: datetime) -> tuple[Ledger, float, float]:
        """The sums of the lists on record until a time, how many there are, and when the first was made. Blocks."""
        self._served.flush()
        since = at - timedelta(seconds=_REMEMBERED_HALF_LIVES * counting.half_life)
        count, lists = self._served.sample(market, since, at, _FROM_LOG)
        each, total, begun = count / max(len(lists), 1), Ledger.empty(()), at
        for one in lists:
            kept = read_document(one.document).get("fairness")
            if kept is not None and kept["by"] == counting.by:
                weight = each * counting.weight(one.at.timestamp(), epoch)
                total, begun = _united(total, Ledger.read(kept).scaled(weight)), min(begun, one.at)
        return total, float(count), begun.timestamp()


def _sums(ledger: Ledger) -> dict[str, float]:
    """By the names under which Redis has them."""
    found = {"n": ledger.newcomers, "l": ledger.lists}
    for name, exposure, merit in zip(ledger.groups, ledger.exposure.tolist(), ledger.merit.tolist(), strict=True):
        found |= {f"e:{name}": exposure, f"m:{name}": merit}
    return found


def _ledger(sums: Mapping[str, float]) -> Ledger:
    names = tuple(sorted({name[2:] for name in sums if name[:2] in ("e:", "m:")}))
    exposure, merit = ([sums.get(f"{kind}:{name}", 0.0) for name in names] for kind in "em")
    return Ledger(names, np.asarray(exposure), np.asarray(merit), sums.get("n", 0.0), sums.get("l", 0.0))


def _united(one: Ledger, other: Ledger) -> Ledger:
    """The sum of two ledgers of any groups."""
    sums, more = _sums(one), _sums(other)
    return _ledger({name: sums.get(name, 0.0) + more.get(name, 0.0) for name in sums.keys() | more.keys()})
