"""The tables of the retraining job, on the metadata of `services.database.schema`."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, SmallInteger, String, Table, Text

from data import columns as col
from services.database.schema import metadata
from services.database.types import JsonList, UtcTime, key

# What only one process may do at a time. `token` rises with each new holder and never falls: who writes under a lease
# shows it, so that a holder that was paused past the end of its lease writes nothing.
leases = Table(
    "leases",
    metadata,
    Column("name", key(63), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

retraining_runs = Table(
    "retraining_runs",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("run_id", key(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("requested_by", String(32), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("models", JsonList, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("watermark", UtcTime),  # only what was received and happened before it is learnt from
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("reasons", JsonList, nullable=False),
    Index(None, col.MARKET, "requested_at"),
    Index(None, "state"),
)

# What a step of a run gave. A step that is here is not done again.
retraining_steps = Table(
    "retraining_steps",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("run_id", key(64), primary_key=True),
    Column("step", key(128), primary_key=True),
    Column("document", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=False),
    ForeignKeyConstraint([col.MARKET, "run_id"], ["retraining_runs.market", "retraining_runs.run_id"]),
)
