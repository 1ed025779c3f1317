"""The event log by day, on PostgreSQL: docs/decisions/0046-events-by-day.md. On SQLite nothing changes.

The table that was there is not copied: it becomes the partition of all that happened before tomorrow. What is copied
are the ids, which are unique over all partitions by a table of their own. Statements of the program before go on.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DAY = 86_400_000_000
_AHEAD = 8
_KEY = "PRIMARY KEY (market, event_id)"


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    today = _DAY * bind.execute(sa.text("SELECT floor(extract(epoch FROM now()) / 86400)::bigint")).scalar_one()
    _set_aside()
    filled = bind.execute(sa.text("SELECT EXISTS (SELECT FROM events_before)")).scalar_one()
    _make_parent()
    _make_registry()
    for day in range(1 if filled else 0, _AHEAD):
        _make_partition(today + day * _DAY)
    if filled:
        _take_over(today + _DAY)
    else:
        op.execute("DROP TABLE events_before")
    _watch()


def _set_aside() -> None:
    op.execute("ALTER TABLE events RENAME TO events_before")
    for name in ("pk_events", "ix_events_market_user_id_at", "ix_events_market_at"):
        op.execute(f"ALTER INDEX {name} RENAME TO {name.replace('events', 'events_before')}")


def _make_parent() -> None:
    like = "LIKE events_before INCLUDING DEFAULTS INCLUDING STORAGE"
    op.execute(f"CREATE TABLE events ({like}) PARTITION BY RANGE (at)")
    op.execute("CREATE INDEX ix_events_market_user_id_at ON events (market, user_id, at)")
    op.execute("CREATE INDEX ix_events_market_at ON events (market, at)")
    op.execute(f"CREATE TABLE events_rest PARTITION OF events ({_KEY}) DEFAULT")


def _make_partition(begin: int) -> None:
    bounds = f"FROM ({begin}) TO ({begin + _DAY})"
    day = datetime.fromtimestamp(begin / 1e6, UTC)
    op.execute(f"CREATE TABLE events_d{day:%Y%m%d} PARTITION OF events ({_KEY}) FOR VALUES {bounds}")


def _make_registry() -> None:
    """The ids, sorted in at once where there are many: the key is built after them."""
    op.execute("CREATE TABLE event_ids AS SELECT market, event_id, at FROM events_before")
    for name in ("market", "event_id", "at"):
        op.execute(f"ALTER TABLE event_ids ALTER COLUMN {name} SET NOT NULL")
    op.execute("ALTER TABLE event_ids ADD CONSTRAINT pk_event_ids PRIMARY KEY (market, event_id)")
    op.execute("CREATE INDEX ix_event_ids_at ON event_ids USING brin (at)")


def _take_over(tomorrow: int) -> None:
    """The old table as a partition; the few rows of days to come go into theirs."""
    op.execute(f"INSERT INTO events SELECT * FROM events_before WHERE at >= {tomorrow}")  # noqa: S608 - a number
    op.execute(f"DELETE FROM events_before WHERE at >= {tomorrow}")  # noqa: S608 - a number
    op.execute(f"ALTER TABLE events ATTACH PARTITION events_before FOR VALUES FROM (MINVALUE) TO ({tomorrow})")


def _watch() -> None:
    op.execute("""
        CREATE FUNCTION register_event() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event_ids VALUES (NEW.market, NEW.event_id, NEW.at) ON CONFLICT DO NOTHING;
            IF FOUND THEN RETURN NEW; END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE FUNCTION unregister_events() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM event_ids USING gone
            WHERE event_ids.market = gone.market AND event_ids.event_id = gone.event_id;
            RETURN NULL;
        END $$""")
    op.execute("CREATE TRIGGER register BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION register_event()")
    op.execute("""
        CREATE TRIGGER unregister AFTER DELETE ON events REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION unregister_events()""")
