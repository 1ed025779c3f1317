"""Column types that read and write the same values on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, String, Text, text
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """An aware time as `UtcTime` keeps it."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """The time that `micros` counts."""
    return _EPOCH + timedelta(microseconds=count)


class UtcTime(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 UTC: exact, sortable, without a server's ideas of time zones."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware time to microseconds; a naive one raises TypeError."""
        return None if value is None else micros(value)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds to an aware time in UTC."""
        return None if value is None else from_micros(value)


class JsonList(TypeDecorator[tuple[Any, ...]]):
    """A short list of texts or integers as JSON text; read as a tuple."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """List or tuple to JSON text."""
        return None if value is None else orjson.dumps(value).decode()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Any, ...] | None:
        """JSON text to a tuple."""
        return None if value is None else tuple(orjson.loads(value))


def key(length: int = 128) -> TypeEngine[str]:
    """Text compared byte by byte, on PostgreSQL too: both servers sort and page in the same order."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def folded_text() -> TypeEngine[str]:
    """Longer text compared byte by byte."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def only_where(condition: str) -> dict[str, Any]:
    """Arguments of an Index that covers only the rows of a condition."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def is_storable(text: str) -> bool:
    """Whether both servers can hold or compare the text: no NUL, no lone surrogate.

    What is not storable cannot be stored already: a look-up by it finds nothing without asking.
    """
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
