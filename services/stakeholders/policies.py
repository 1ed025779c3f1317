"""Policies in the database: every version is kept, one of each market is active."""

from collections.abc import Mapping

from sqlalchemy import Engine, select

from services.database.schema import active_policies, policies
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
        versions = select(policies.c.document).where(policies.c.market == market).order_by(policies.c.version)
        chosen = select(active_policies.c.name).where(active_policies.c.market == market)
        with reading(self._engine) as connection:
            documents = connection.execute(versions).scalars().all()
            active = connection.execute(chosen).scalar()
        newest = {policy.name: policy for policy in map(Policy.model_validate_json, documents)}
        default = Policy()
        newest.setdefault(default.name, default)
        return newest, active or default.name
