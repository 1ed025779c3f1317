"""The retraining job: leases, runs and their steps; when an event was received, where an imported one was shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("events", sa.Column("received_at", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("position", sa.SmallInteger(), nullable=True))
    op.add_column("events", sa.Column("propensity", sa.Float(precision=53), nullable=True))
    op.create_table(
        "leases",
        sa.Column("name", _key(63), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "retraining_runs",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("run_id", _key(64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requested_by", sa.String(length=32), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("market", "run_id", name="pk_retraining_runs"),
    )
    op.create_index("ix_retraining_runs_market_requested_at", "retraining_runs", ["market", "requested_at"])
    op.create_index("ix_retraining_runs_state", "retraining_runs", ["state"])
    op.create_table(
        "retraining_steps",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("run_id", _key(64), nullable=False),
        sa.Column("step", _key(128), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market", "run_id"],
            ["retraining_runs.market", "retraining_runs.run_id"],
            name="fk_retraining_steps_market_run_id",
        ),
        sa.PrimaryKeyConstraint("market", "run_id", "step", name="pk_retraining_steps"),
    )
