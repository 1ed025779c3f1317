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
from services.database.types import JsonList, UtcTime, folded_text, key, only_where

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
    Column("retired_at", UtcTime),  # null: it is served
    Column("moved_to", Text),  # null: it is here; where clients find it now, or "" while it is on its way to here
)

# A market's last move, at both of its homes: what it takes to go on with one, and to clear up after it.
market_moves = Table(
    "market_moves",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("move_id", String(64), nullable=False),  # the same at both
    Column("state", String(16), nullable=False),
    Column("document", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
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
    Column("received_at", UtcTime),  # null: before it was kept
    # Of imported impressions: those of our own lists have theirs in the served record.
    Column(col.POSITION, SmallInteger),
    Column(col.PROPENSITY, Float(53)),
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
    Column("inputs", LargeBinary),  # what the list was made from; of services.serving.replay_inputs
    Index(None, col.MARKET, col.USER_ID),
    Index(None, col.MARKET, col.AT),
)

# Content that many lists were made from, zlib-compressed: catalogues, campaigns, live data. Named by its hash.
replay_blobs = Table(
    "replay_blobs",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("digest", key(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("used_at", UtcTime, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# One row for each served list, which outlives it: its digest, the anchor in the audit trail that covers the digest, and
# the erasure that took the list away.
served_seals = Table(
    "served_seals",
    metadata,
    Column(col.REQUEST_ID, key(), primary_key=True),
    Column(col.MARKET, key(63), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("anchor", Integer),
    Column("erasure", String(64)),
    Index(None, "anchor", col.MARKET, col.REQUEST_ID),
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
    Column("created_at", UtcTime, nullable=False),
)

# One row a market: activating is the change of one value. A market without a row has the default policy.
active_policies = Table(
    "active_policies",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("name", key(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    ForeignKeyConstraint([col.MARKET, "name", "version"], ["policies.market", "policies.name", "policies.version"]),
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

# Each use of a lever. `digest` covers the row and the digest before it, so a change in the past shows.
audit_trail = Table(
    "audit_trail",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column(col.AT, UtcTime, nullable=False),
    Column("role", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    Column(col.MARKET, key(63)),
    Column("subject", key(), nullable=False),
    Column("document", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(None, col.MARKET, "seq"),
)

# Bids and budgets are in minor units of the market's currency; what is charged is in micro-units, a millionth of those.
campaigns = Table(
    "campaigns",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column("version", Integer, nullable=False),
    Column(col.RESTAURANT_ID, key(), nullable=False),
    Column(col.PAYER, String(200), nullable=False),
    Column(col.BID, BigInteger, nullable=False),
    Column(col.BILLING, String(16), nullable=False),
    Column(col.DAILY_BUDGET, BigInteger, nullable=False),
    Column(col.TOTAL_BUDGET, BigInteger, nullable=False),
    Column(col.STARTS_AT, UtcTime),
    Column(col.ENDS_AT, UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Index(None, col.MARKET, col.RESTAURANT_ID),
)

# The running sums that a budget is held against. They change in the transaction that writes the ledger's entries.
campaign_accounts = Table(
    "campaign_accounts",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column("spent", BigInteger, nullable=False),
)
campaign_days = Table(
    "campaign_days",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # local days since 1970-01-01
    Column("spent", BigInteger, nullable=False),
)

# Places that were sold, with the price of their billed event. Written with the served list.
ad_impressions = Table(
    "ad_impressions",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column(col.REQUEST_ID, key(), primary_key=True),
    Column(col.USER_ID, key(), nullable=False),
    Column(col.RESTAURANT_ID, key(), nullable=False),
    Column(col.AT, UtcTime, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column(col.BILLING, String(16), nullable=False),
    Column("price", BigInteger, nullable=False),
    # By time before restaurant: what one list sold then stands together, on one page and not on one for each place.
    Index(None, col.MARKET, col.USER_ID, col.AT, col.RESTAURANT_ID),
)

# Events that may cost somebody something, put here by the transaction that stores them and taken by the one that bills.
billing_queue = Table(
    "billing_queue",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.EVENT_ID, key(), primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Index(None, "received_at"),
)

# What became of each event of the queue, once. The diner's id goes with an erasure, the money stays.
settlements = Table(
    "settlements",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.EVENT_ID, key(), primary_key=True),
    Column(col.TYPE, String(32), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column(col.CAMPAIGN_ID, key()),
    Column(col.REQUEST_ID, key()),
    Column(col.ORDER_ID, key()),
    Column(col.USER_ID, key()),
    Column(col.AT, UtcTime, nullable=False),
    Column("settled_at", UtcTime, nullable=False),
    Index(None, col.MARKET, col.ORDER_ID),
    Index(None, col.MARKET, col.USER_ID),
    Index(None, col.MARKET, col.CAMPAIGN_ID, col.AT),
)

# Double entry: the amounts of one event add up to nothing.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.EVENT_ID, key(), primary_key=True),
    Column("account", key(160), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column(col.AT, UtcTime, nullable=False),
    Index(None, col.MARKET, "account"),
)

# Counters of the auctions, flushed in batches; an hour is counted from 1970-01-01 00:00 UTC.
market_hours = Table(
    "market_hours",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("requests", BigInteger, nullable=False),
)
campaign_hours = Table(
    "campaign_hours",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("auctions", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("lost_to_budget", BigInteger, nullable=False),
    Column("lost_to_floor", BigInteger, nullable=False),
    Column("lost_to_price", BigInteger, nullable=False),
)

# The pacing's state: what the worker last decided for a campaign, and the spending it had seen then.
pacing = Table(
    "pacing",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column(col.CAMPAIGN_ID, key(), primary_key=True),
    Column("multiplier", Float(53), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("spent_seen", BigInteger, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# What a version is in its market. The partial indexes hold what the code promises: one champion, one version on trial.
releases = Table(
    "releases",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("version", key(), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("served", Boolean, nullable=False),  # has been champion
    Column("share", Float(53), nullable=False),  # of the diners (canary) or of the lists (shadow)
    Column("trial", BigInteger, nullable=False),  # number of the trial that is on; 0: none
    Column("evidence", Text, nullable=False),  # what the guardrails have counted, JSON
    ForeignKeyConstraint([col.MARKET, "version"], ["model_versions.market", "model_versions.version"]),
    Index("one_champion", col.MARKET, unique=True, **only_where("state = 'champion'")),
    Index("one_trial", col.MARKET, unique=True, **only_where("state IN ('shadow', 'canary')")),
)

# Moves with every transition: processes ask for it many times a second, and for the rest when it has moved.
release_clocks = Table(
    "release_clocks",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("moves", BigInteger, nullable=False),
)

freezes = Table(
    "freezes",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("cause", key(16), primary_key=True),  # hand, budget
    Column("reason", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime),
    Column("lifted_at", UtcTime),
)

# Documents of infra: the freeze's calendar, and how far dials may move while it holds.
release_rules = Table(
    "release_rules",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("name", key(16), primary_key=True),
    Column("document", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# Counters of answers, flushed in batches; a minute is counted from 1970-01-01 00:00 UTC.
serving_minutes = Table(
    "serving_minutes",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("model_version", key(), primary_key=True),
    Column("trial", BigInteger, primary_key=True, autoincrement=False),  # the one that was on; 0: none
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("slow", BigInteger, nullable=False),
    # Of the process, shared out by requests; sums over its answers of its resident memory.
    Column("cpu_micros", BigInteger, nullable=False, server_default="0"),
    Column("memory_mib", BigInteger, nullable=False, server_default="0"),
)

# How long answers took, in buckets that grow by 9 %; an hour is counted from 1970-01-01 00:00 UTC.
answer_times = Table(
    "answer_times",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("answers", BigInteger, nullable=False),
)

# How a version that is not shown agrees with what is.
shadow_scores = Table(
    "shadow_scores",
    metadata,
    Column(col.MARKET, key(63), primary_key=True),
    Column("trial", BigInteger, primary_key=True, autoincrement=False),
    Column("lists", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("same_first", BigInteger, nullable=False),
    Column("shared", Float(53), nullable=False),  # sum over lists of the share of entries that both have
    Column("micros", BigInteger, nullable=False),  # time that the ranking took
)
