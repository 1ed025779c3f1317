"""Where a market has gone, and what is known of its move while it goes and afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("markets", sa.Column("moved_to", sa.Text(), nullable=True))
    op.create_table(
        "market_moves",
        sa.Column("market", sa.String(63).with_variant(sa.String(63, collation="C"), "postgresql"), nullable=False),
        sa.Column("move_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", name="pk_market_moves"),
    )
