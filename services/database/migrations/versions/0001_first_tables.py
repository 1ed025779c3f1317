"""The first tables: markets, catalogue, events, served lists, keys, policies, model versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _folded_text() -> TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("digest", _key(64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_api_keys"),
    )
    op.create_table(
        "events",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("event_id", _key(128), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("user_id", _key(128), nullable=False),
        sa.Column("restaurant_id", _key(128), nullable=False),
        sa.Column("request_id", _key(128), nullable=True),
        sa.Column("order_id", _key(128), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("market", "event_id", name="pk_events"),
    )
    op.create_index("ix_events_market_at", "events", ["market", "at"])
    op.create_index("ix_events_market_user_id_at", "events", ["market", "user_id", "at"])
    op.create_table(
        "markets",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=False),
        sa.Column("catalogue_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", name="pk_markets"),
    )
    op.create_table(
        "model_versions",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("version", _key(128), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "version", name="pk_model_versions"),
    )
    op.create_table(
        "policies",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("name", _key(63), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "name", "version", name="pk_policies"),
    )
    op.create_table(
        "served_lists",
        sa.Column("request_id", _key(128), nullable=False),
        sa.Column("market", _key(63), nullable=False),
        sa.Column("user_id", _key(128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(length=63), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "market", name="pk_served_lists"),
    )
    op.create_index("ix_served_lists_market_user_id", "served_lists", ["market", "user_id"])
    op.create_table(
        "champions",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("version", _key(128), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market", "version"],
            ["model_versions.market", "model_versions.version"],
            name="fk_champions_market_version",
        ),
        sa.PrimaryKeyConstraint("market", name="pk_champions"),
    )
    op.create_table(
        "diners",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("user_id", _key(128), nullable=False),
        sa.Column("home_lat", sa.Float(precision=53), nullable=True),
        sa.Column("home_lon", sa.Float(precision=53), nullable=True),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["market"], ["markets.market"], name="fk_diners_market"),
        sa.PrimaryKeyConstraint("market", "user_id", name="pk_diners"),
    )
    op.create_index("ix_diners_user_id", "diners", ["user_id"])
    op.create_table(
        "restaurants",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("restaurant_id", _key(128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=False),
        sa.Column("cuisines", sa.Text(), nullable=False),
        sa.Column("price_level", sa.SmallInteger(), nullable=True),
        sa.Column("chain", sa.String(length=200), nullable=True),
        sa.Column("district", sa.String(length=100), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("delivery", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("search_text", _folded_text(), nullable=False),
        sa.ForeignKeyConstraint(["market"], ["markets.market"], name="fk_restaurants_market"),
        sa.PrimaryKeyConstraint("market", "restaurant_id", name="pk_restaurants"),
    )
    op.create_index("ix_restaurants_restaurant_id", "restaurants", ["restaurant_id"])
