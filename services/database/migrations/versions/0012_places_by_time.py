"""What a diner's lists sold stands together, list by list."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_ad_impressions_market_user_id_at_restaurant_id",
        "ad_impressions",
        ["market", "user_id", "at", "restaurant_id"],
    )
    op.drop_index("ix_ad_impressions_market_user_id_restaurant_id_at", "ad_impressions")
