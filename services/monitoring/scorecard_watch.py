"""Every seat's numbers for the metrics: the scorecard of each market, made again and again."""

from sqlalchemy import Engine

from services.monitoring.live_sample import markets_of
from services.stakeholders.scorecard.card import Scorecard
from services.stakeholders.scorecard.store import Scorecards


def live_scorecards(engine: Engine, scorecards: Scorecards) -> list[Scorecard]:
    """All markets, over the days that a scorecard has by default. Raises StorageUnavailable."""
    return [scorecards.fresh(info.market) for info in markets_of(engine)]
