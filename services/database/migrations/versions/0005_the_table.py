"""The table: what seats demand, evaluated fronts of policies, negotiations over them, and sign-offs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "demands",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("seat", _key(63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "seat", name="pk_demands"),
    )
    op.create_table(
        "fronts",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("front_id", _key(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("market", "front_id", name="pk_fronts"),
    )
    op.create_table(
        "negotiations",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("negotiation_id", _key(64), nullable=False),
        sa.Column("front_id", _key(64), nullable=False),
        sa.Column("requested_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("demands", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market", "front_id"], ["fronts.market", "fronts.front_id"], name="fk_negotiations_market_front_id"
        ),
        sa.PrimaryKeyConstraint("market", "negotiation_id", name="pk_negotiations"),
    )
    op.create_table(
        "sign_offs",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("name", _key(63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seat", _key(63), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("market", "name", "version", "seat", name="pk_sign_offs"),
    )
