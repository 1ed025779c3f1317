"""What answers cost and how long they took: CPU time and memory beside their counts, and a histogram by the hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("cpu_micros", "memory_mib"):
        op.add_column("serving_minutes", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "answer_times",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "hour", "bucket", name="pk_answer_times"),
    )
