"""Policies in the database: every version is kept, one of each market is active."""

from collections.abc import Mapping

from sqlalchemy import Engine, select

from services.database.schema import policies
from services.database.transactions import reading
from services.stakeholders.policy import Policy


class PolicyStore:
    """Reads policies; raises StorageUnavailable where the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, market: str) -> tuple[Mapping[str, Policy], str]:
        """The newest version of each of a market's policies by name, and the active one's name.

        A market without any has the default policy.
        """
        query = (
            select(policies.c.document, policies.c.active)
            .where(policies.c.market == market)
            .order_by(policies.c.version)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        newest: dict[str, Policy] = {}
        active = Policy()
        for document, is_active in rows:
            policy = Policy.model_validate_json(document)
            newest[policy.name] = policy
            active = policy if is_active else active
        newest.setdefault(active.name, active)
        return newest, active.name
