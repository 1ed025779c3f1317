"""All tables. The market is part of every key of what belongs to one, so that a market can be moved or partitioned.

A change here needs a migration; a test compares both on SQLite and PostgreSQL.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from data import columns as col
from services.database.types import JsonList, UtcTime, folded_text, key

_NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}
metadata = MetaData(naming_convention=_NAMING)

markets = Table(
    "markets",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("title", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column(col.LAT, Float(53), nullable=False),
    Column(col.LON, Float(53), nullable=False),
    Column("catalogue_version", BigInteger, nullable=False),
)

restaurants = Table(
    "restaurants",
    metadata,
    Column(col.MARKET, key(63), ForeignKey("markets.market"), primary_key=True),
    Column(col.RESTAURANT_ID, key(), primary_key=True),
    Column(col.NAME, String(200), nullable=False),
    Column(col.LAT, Float(53), nullable=False),
    Column(col.LON, Float(53), nullable=False),
    Column(col.CUISINES, JsonList, nullable=False),
    Column(col.PRICE_LEVEL, SmallInteger),
    Column(col.CHAIN, String(200)),
    Column(col.DISTRICT, String(100), nullable=False),
    Column(col.OPENED_AT, UtcTime),
    Column(col.HOURS, JsonList),
    Column(col.DELIVERY, Boolean, nullable=False),
    Column(col.TAGS, JsonList, nullable=False),
    Column("search_text", folded_text(), nullable=False),
    Index(None, col.RESTAURANT_ID),
)

diners = Table(
    "diners",
    metadata,
    Column(col.MARKET, key(63), ForeignKey("markets.market"), primary_key=True),
    Column(col.USER_ID, key(), primary_key=True),
    Column(col.HOME_LAT, Float(53)),
    Column(col.HOME_LON, Float(53)),
    Column(col.PROFILE, JsonList, nullable=False),
    Column(col.PROTECTED, JsonList, nullable=False),
    Index(None, col.USER_ID),
)

# Events and served lists have no foreign keys: what happened stays true when a restaurant leaves the catalogue.
events = Table(
    "events",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.EVENT_ID, key(), primary_key=True),
    Column(col.TYPE, String(32), nullable=False),
    Column(col.USER_ID, key(), nullable=False),
    Column(col.RESTAURANT_ID, key(), nullable=False),
    Column(col.REQUEST_ID, key()),
    Column(col.ORDER_ID, key()),
    Column(col.AT, UtcTime, nullable=False),
    Column(col.VALUE, Float(53)),
    Index(None, col.MARKET, col.USER_ID, col.AT),
    Index(None, col.MARKET, col.AT),
)

# The request id comes first: explanations are asked for by it alone.
served_lists = Table(
    "served_lists",
    metadata,
    Column(col.REQUEST_ID, key(), primary_key=True),
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.USER_ID, key(), nullable=False),
    Column(col.AT, UtcTime, nullable=False),
    Column("policy", String(63), nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("model_version", String(128), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, col.MARKET, col.USER_ID),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", key(64), primary_key=True),  # sha256, hexadecimal
    Column("role", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

policies = Table(
    "policies",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("name", key(63), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("version", key(), primary_key=True),
    Column("model", String(128), nullable=False),
    Column("path", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# One row a market: promoting is the change of one value.
champions = Table(
    "champions",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("version", key(), nullable=False),
    Column("since", UtcTime, nullable=False),
    ForeignKeyConstraint([col.MARKET, "version"], ["model_versions.market", "model_versions.version"]),
)
