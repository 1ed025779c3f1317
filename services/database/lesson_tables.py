"""The table of the lessons' runs, on the metadata of `services.database.schema`."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, SmallInteger, String, Table, Text

from services.database.schema import metadata
from services.database.types import UtcTime, key

lesson_runs = Table(
    "lesson_runs",
    metadata,
    Column("run_id", key(64), primary_key=True),
    Column("lesson", SmallInteger, nullable=False),
    Column("short", Boolean, nullable=False),
    Column("seeds", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("requested_by", String(32), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("progress", Float(53), nullable=False),  # 0 to 1
    Column("doing", Text, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("reason", Text),  # why it failed
    Column("outcome", Text),  # JSON
    Index(None, "lesson", "run_id"),
    Index(None, "state"),
)
