"""The tables of the seats, on the metadata of `services.database.schema`: demands, fronts, negotiations, sign-offs."""

from sqlalchemy import Column, ForeignKeyConstraint, Integer, String, Table, Text

from data import columns as col
from services.database.schema import metadata
from services.database.types import UtcTime, key

# What a seat insists on and hopes for, its newest version.
demands = Table(
    "demands",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("seat", key(63), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# Policies with what each came to; never changed, named by the hash of what they were made from.
fronts = Table(
    "fronts",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("front_id", key(64), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Column("document", Text, nullable=False),
)

negotiations = Table(
    "negotiations",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("negotiation_id", key(64), primary_key=True),
    Column("front_id", key(64), nullable=False),
    Column("requested_by", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("demands", Text, nullable=False),
    Column("document", Text, nullable=False),
    ForeignKeyConstraint([col.MARKET, "front_id"], ["fronts.market", "fronts.front_id"]),
)

# A seat's consent to one version of a policy.
sign_offs = Table(
    "sign_offs",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("name", key(63), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("seat", key(63), primary_key=True),
    Column("signed_at", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
)
