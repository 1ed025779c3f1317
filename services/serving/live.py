"""What changes by the minute in a market: who is open, how long a delivery takes, what is bid, who is owed looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from data.hours import minute_of_week
from services.ads.book import Offers
from services.features import MarketState
from services.features.codec import decode_market, encode_market, key_hash
from services.ranking.fairness import Groups, Lifts, lifts
from services.serving.fair_share import Counting, Ledgers, decode_ledgers, encode_ledgers
from services.serving.kept import Blob
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policy import FairnessPolicy, GroupedBy

PREPARATION_MINUTES: Final = 20.0
MINUTES_PER_WAITING_ORDER: Final = 1.5
LOAD_WINDOW_MINUTES: Final = 30


@dataclass(frozen=True, eq=False)
class LiveMarket:
    """In the catalogue's order, for the catalogue version named."""

    catalogue_version: int
    as_of: datetime
    open_now: npt.NDArray[np.bool_]
    """(n,)"""
    eta_minutes: npt.NDArray[np.float32]
    """(n,) minutes until an order would be ready; the way is not in it."""
    book_version: int
    """Of the campaigns that the next two are in the order of."""
    multipliers: npt.NDArray[np.float32]
    """(m,) mu >= 0 of the pacing."""
    campaigns_open: npt.NDArray[np.bool_]
    """(m,) whose budget lasts."""
    offers: Offers | None = None
    """What is bid now; None: nothing, or the campaigns changed since this was made."""
    offers_at: datetime | None = None
    """For which time that was found out."""
    ledgers: Ledgers = field(default_factory=dict)
    """What groups of restaurants have had until `as_of`, for the controls of the market's policies."""
    asked: frozenset[Counting] = frozenset()
    """For which of them Redis was asked when this was made here."""
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)
    """Groups and lifts that were asked for; they follow from all the above, the catalogue and the policy."""

    def fits(self, snapshot: MarketSnapshot) -> bool:
        """Whether this is of the snapshot's catalogue and campaigns."""
        versions = (self.catalogue_version, self.book_version)
        sizes = (len(self.open_now), len(self.multipliers))
        own = (snapshot.catalogue.size, len(snapshot.book.campaigns))
        return versions == (snapshot.catalogue_version, snapshot.book.version) and sizes == own

    def blob(self) -> MarketState:
        """As the feature cache keeps it."""
        return MarketState(
            eta_minutes=self.eta_minutes,
            is_open=self.open_now.astype(np.uint8),
            catalogue_version=str(self.catalogue_version),
            as_of=self.as_of.timestamp(),
            book_version=self.book_version,
            multipliers=self.multipliers,
            campaigns_open=self.campaigns_open.astype(np.uint8),
            ledgers=encode_ledgers(self.ledgers),
        )

    def groups(self, snapshot: MarketSnapshot, by: GroupedBy) -> Groups:
        """Which group each restaurant is in at this time."""
        name = (snapshot.catalogue_version, by)
        if name not in self._made:
            self._made[name] = snapshot.around.attributes.groups(by, self.as_of.timestamp())
        found: Groups = self._made[name]
        return found

    def lifts(self, snapshot: MarketSnapshot, policy: FairnessPolicy) -> Lifts | None:
        """What a control lifts each restaurant by; None where there is none, or no ledger for it."""
        if not policy.is_on:
            return None
        # By the object, for to hash its dials takes as long as to lift; it is held, so that no other has its number.
        kept: tuple[FairnessPolicy, int, Lifts | None] | None = self._made.get(id(policy))
        if kept is not None and kept[0] is policy and kept[1] == snapshot.catalogue_version:
            return kept[2]
        counting = Counting.under(policy)
        if counting is None or counting not in self.ledgers:
            return None
        # A snapshot that was made anew has equal policies that are other objects: their lifts are there already.
        name = (snapshot.catalogue_version, policy)
        if name not in self._made:
            self._made[name] = lifts(policy, self.groups(snapshot, policy.by), self.ledgers[counting])
        found: Lifts | None = self._made[name]
        self._made[id(policy)] = (policy, snapshot.catalogue_version, found)
        return found

    def prepare(self, snapshot: MarketSnapshot) -> None:
        """Make groups and lifts of all policies, so that no request has to."""
        for counting in snapshot.countings:
            self.groups(snapshot, counting.by)
        for policy in snapshot.policies.values():
            self.lifts(snapshot, policy.fairness)

    @cached_property
    def kept(self) -> Blob:
        """All but the offers, to make a list again; the market is not in it."""
        return Blob.of("live", encode_market("", self.blob()))

    @classmethod
    def read(cls, blob: bytes) -> "LiveMarket":
        """From the plain content of `kept`."""
        return cls.of_blob(decode_market(blob, key_hash("")))

    @classmethod
    def of_blob(cls, state: MarketState) -> "LiveMarket":
        """From what the feature cache keeps."""
        return cls(
            catalogue_version=int(state.catalogue_version),
            as_of=datetime.fromtimestamp(state.as_of, UTC),
            open_now=state.is_open.astype(np.bool_),
            eta_minutes=state.eta_minutes,
            book_version=state.book_version,
            multipliers=state.multipliers,
            campaigns_open=state.campaigns_open.astype(np.bool_),
            ledgers=decode_ledgers(state.ledgers),
        )

    def with_offers(self, snapshot: MarketSnapshot, at: datetime) -> "LiveMarket":
        """The same with what is bid at this time."""
        book, offers = snapshot.book, None
        if self.fits(snapshot):
            offers = book.offers(at, snapshot.catalogue.size, self.multipliers, self.campaigns_open)
        return replace(self, offers=offers, offers_at=at)


def live_market(
    snapshot: MarketSnapshot,
    at: datetime,
    recent_orders: Mapping[str, int],
    paces: Mapping[str, tuple[float, bool]],
    ledgers: Ledgers,
) -> LiveMarket:
    """From opening hours, the orders of the last half hour by restaurant, the pacing's word on each campaign, and the
    ledgers of exposure that Redis has.

    A campaign that the pacing has not seen yet bids in full.
    """
    catalogue = snapshot.catalogue
    pace_of = [paces.get(campaign.campaign_id, (0.0, True)) for campaign in snapshot.book.campaigns]
    waiting = np.zeros(catalogue.size, np.float32)
    for restaurant_id, orders in recent_orders.items():
        row = catalogue.row_of.get(restaurant_id)
        if row is not None:
            waiting[row] = orders
    return LiveMarket(
        catalogue_version=snapshot.catalogue_version,
        as_of=at,
        open_now=catalogue.hours.open_at(minute_of_week(at, snapshot.info.time_zone)),
        eta_minutes=np.float32(PREPARATION_MINUTES) + np.float32(MINUTES_PER_WAITING_ORDER) * waiting,
        book_version=snapshot.book.version,
        multipliers=np.asarray([multiplier for multiplier, _ in pace_of], np.float32),
        campaigns_open=np.asarray([is_open for _, is_open in pace_of], np.bool_),
        ledgers=ledgers,
        asked=snapshot.countings,
    )
