"""What a served list was made from, and seals by which the trail answers for it."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PAGE = 1_000


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("served_lists", sa.Column("inputs", sa.LargeBinary(), nullable=True))
    op.create_table(
        "replay_blobs",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("digest", _key(32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("market", "digest", name="pk_replay_blobs"),
    )
    op.create_table(
        "served_seals",
        sa.Column("request_id", _key(), nullable=False),
        sa.Column("market", _key(63), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("anchor", sa.Integer(), nullable=True),
        sa.Column("erasure", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "market", name="pk_served_seals"),
    )
    _seal_what_is_there()
    op.create_index("ix_served_seals_anchor_market_request_id", "served_seals", ["anchor", "market", "request_id"])


def _seal_what_is_there() -> None:
    """Lists from before get a seal too, so that there is none without."""
    seals = sa.table("served_seals", *(sa.column(name) for name in ("request_id", "market", "digest")))
    for page in _pages(op.get_bind()):
        op.bulk_insert(seals, [{"request_id": row[0], "market": row[1], "digest": _digest(row)} for row in page])


def _pages(connection: sa.Connection) -> Iterator[list[Any]]:
    names = ("request_id", "market", "user_id", "at", "policy", "policy_version", "model_version", "document")
    lists = sa.table("served_lists", *(sa.column(name) for name in names))
    position = sa.tuple_(lists.c.request_id, lists.c.market)
    ordered = sa.select(lists).order_by(lists.c.request_id, lists.c.market).limit(_PAGE)
    page = list(connection.execute(ordered))
    while page:
        yield page
        page = list(connection.execute(ordered.where(position > (page[-1][0], page[-1][1]))))


def _digest(row: Any) -> str:
    request_id, market, user_id, at, policy, policy_version, model_version, document = row
    when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=at)  # noqa: UP017
    head = [request_id, market, user_id, when, policy, policy_version, model_version]
    fields = [*head, hashlib.sha256(bytes(document)).hexdigest(), ""]
    return hashlib.sha256(b"\0" + orjson.dumps(fields, option=orjson.OPT_UTC_Z)).hexdigest()
