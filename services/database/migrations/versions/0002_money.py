"""Money and its record: active policies, the audit trail, campaigns, what was sold, the ledger, pacing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_index("ix_served_lists_market_at", "served_lists", ["market", "at"])
    op.create_table(
        "active_policies",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("name", _key(63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market", "name", "version"],
            ["policies.market", "policies.name", "policies.version"],
            name="fk_active_policies_market_name_version",
        ),
        sa.PrimaryKeyConstraint("market", name="pk_active_policies"),
    )
    # No command wrote a policy before this version, so there is no row whose mark could be lost.
    op.drop_column("policies", "active")
    op.create_table(
        "audit_trail",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("market", _key(63), nullable=True),
        sa.Column("subject", _key(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_trail"),
    )
    op.create_index("ix_audit_trail_market_seq", "audit_trail", ["market", "seq"])
    op.create_table(
        "campaigns",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("restaurant_id", _key(), nullable=False),
        sa.Column("payer", sa.String(length=200), nullable=False),
        sa.Column("bid", sa.BigInteger(), nullable=False),
        sa.Column("billing", sa.String(length=16), nullable=False),
        sa.Column("daily_budget", sa.BigInteger(), nullable=False),
        sa.Column("total_budget", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("market", "campaign_id", name="pk_campaigns"),
    )
    op.create_index("ix_campaigns_market_restaurant_id", "campaigns", ["market", "restaurant_id"])
    op.create_table(
        "campaign_accounts",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "campaign_id", name="pk_campaign_accounts"),
    )
    op.create_table(
        "campaign_days",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "campaign_id", "day", name="pk_campaign_days"),
    )
    op.create_table(
        "ad_impressions",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("request_id", _key(), nullable=False),
        sa.Column("user_id", _key(), nullable=False),
        sa.Column("restaurant_id", _key(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("billing", sa.String(length=16), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "campaign_id", "request_id", name="pk_ad_impressions"),
    )
    op.create_index(
        "ix_ad_impressions_market_user_id_restaurant_id_at",
        "ad_impressions",
        ["market", "user_id", "restaurant_id", "at"],
    )
    op.create_table(
        "billing_queue",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("event_id", _key(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "event_id", name="pk_billing_queue"),
    )
    op.create_index("ix_billing_queue_received_at", "billing_queue", ["received_at"])
    op.create_table(
        "settlements",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("event_id", _key(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", _key(), nullable=True),
        sa.Column("request_id", _key(), nullable=True),
        sa.Column("order_id", _key(), nullable=True),
        sa.Column("user_id", _key(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "event_id", name="pk_settlements"),
    )
    op.create_index("ix_settlements_market_campaign_id_at", "settlements", ["market", "campaign_id", "at"])
    op.create_index("ix_settlements_market_order_id", "settlements", ["market", "order_id"])
    op.create_index("ix_settlements_market_user_id", "settlements", ["market", "user_id"])
    op.create_table(
        "ledger_entries",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("event_id", _key(), nullable=False),
        sa.Column("account", _key(160), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "event_id", "account", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_market_account", "ledger_entries", ["market", "account"])
    op.create_table(
        "market_hours",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "hour", name="pk_market_hours"),
    )
    op.create_table(
        "campaign_hours",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("auctions", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("lost_to_budget", sa.BigInteger(), nullable=False),
        sa.Column("lost_to_floor", sa.BigInteger(), nullable=False),
        sa.Column("lost_to_price", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "campaign_id", "hour", name="pk_campaign_hours"),
    )
    op.create_table(
        "pacing",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("campaign_id", _key(), nullable=False),
        sa.Column("multiplier", sa.Float(precision=53), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("spent_seen", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "campaign_id", name="pk_pacing"),
    )
