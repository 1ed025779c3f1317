"""When a market stopped being served."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("markets", sa.Column("retired_at", sa.BigInteger(), nullable=True))
