"""Every seat's numbers for the metrics: the markets' scorecards, one after the other."""

from collections.abc import Collection

from sqlalchemy import Engine

from services.monitoring.live_sample import markets_of
from services.stakeholders.scorecard.card import Scorecard
from services.stakeholders.scorecard.store import Scorecards


class ScorecardWatch:
    """One market a round, so that a round costs the same however many there are; the oldest is next."""

    def __init__(self, engine: Engine, scorecards: Scorecards) -> None:
        self._engine = engine
        self._scorecards = scorecards
        self._last: dict[str, Scorecard] = {}
        """By market, the oldest first."""

    def round(self) -> Collection[Scorecard]:
        """The last scorecard of each market, one of them made now. Raises StorageUnavailable."""
        there = [info.market for info in markets_of(self._engine)]
        self._last = {market: card for market, card in self._last.items() if market in there}
        untold = (market for market in there if market not in self._last)
        market = next(untold, None) or next(iter(self._last), None)
        if market is not None:
            card = self._scorecards.fresh(market)
            self._last.pop(market, None)
            self._last[market] = card
        return self._last.values()
