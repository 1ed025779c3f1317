"""Releases: the state of each version, freezes and their rules, counters of answers, shadow scores."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(length: int = 128) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("version", _key(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Float(precision=53), nullable=False),
        sa.Column("trial", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market", "version"],
            ["model_versions.market", "model_versions.version"],
            name="fk_releases_market_version",
        ),
        sa.PrimaryKeyConstraint("market", "version", name="pk_releases"),
    )
    for name, condition in (
        ("one_champion", "state = 'champion'"),
        ("one_trial", "state IN ('shadow', 'canary')"),
    ):
        where = sa.text(condition)
        op.create_index(name, "releases", ["market"], unique=True, sqlite_where=where, postgresql_where=where)
    # What was registered before this revision: the champion is one, and the others may become it.
    op.execute(
        sa.text(
            "INSERT INTO releases (market, version, state, since, reason, served, share, trial, evidence) "
            "SELECT v.market, v.version, CASE WHEN c.version IS NULL THEN 'challenger' ELSE 'champion' END, "
            "COALESCE(c.since, v.created_at), '', c.version IS NOT NULL, 0.0, 0, '{}' "
            "FROM model_versions v LEFT JOIN champions c ON c.market = v.market AND c.version = v.version"
        )
    )
    op.create_table(
        "release_clocks",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("moves", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", name="pk_release_clocks"),
    )
    op.create_table(
        "freezes",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("cause", _key(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("market", "cause", name="pk_freezes"),
    )
    op.create_table(
        "release_rules",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("name", _key(16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "name", name="pk_release_rules"),
    )
    op.create_table(
        "serving_minutes",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model_version", _key(), nullable=False),
        sa.Column("trial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("slow", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "minute", "model_version", "trial", name="pk_serving_minutes"),
    )
    op.create_table(
        "shadow_scores",
        sa.Column("market", _key(63), nullable=False),
        sa.Column("trial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lists", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("same_first", sa.BigInteger(), nullable=False),
        sa.Column("shared", sa.Float(precision=53), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "trial", name="pk_shadow_scores"),
    )
