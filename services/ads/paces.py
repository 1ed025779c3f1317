"""What the pacing last decided for each campaign."""

from sqlalchemy import Engine, select

from services.database.schema import pacing
from services.database.transactions import reading


class PaceStore:
    """Reads the pacing's decisions; raises StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, market: str) -> dict[str, tuple[float, bool]]:
        """Multiplier mu and whether there is budget left, by campaign; one that was never paced is not in it."""
        statement = select(pacing.c.campaign_id, pacing.c.multiplier, pacing.c.is_open).where(pacing.c.market == market)
        with reading(self._engine) as connection:
            return {row.campaign_id: (row.multiplier, row.is_open) for row in connection.execute(statement)}
