"""Time as an argument, so that a demo or a test can choose it."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The system's time, shifted by an offset."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC) + self._offset
