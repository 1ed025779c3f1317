"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

_SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """`with Progress("training") as progress: work(progress.update)`."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Bar | None = None
        self._tasks: dict[str, object] = {}
        self._last_line = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is None:
            print(f"{self._title}: {time.monotonic() - self._started:.1f} s", file=sys.stderr)

    def update(self, step: str, done: int, total: int) -> None:
        """Say that `done` of `total` parts of a step are done."""
        if self._bar is not None:
            if step not in self._tasks:
                self._tasks[step] = self._bar.add_task(f"{self._title}: {step}", total=total)
            self._bar.update(self._tasks[step], completed=done)  # type: ignore[arg-type]
            return
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            print(f"{self._title}: {step} {done}/{total}", file=sys.stderr)

    def say(self, text: str, done: int, total: int) -> None:
        """Say what is done now, and which part of the whole is done: one bar whose words change."""
        if self._bar is not None:
            if not self._tasks:
                self._tasks[""] = self._bar.add_task(self._title, total=total)
            self._bar.update(self._tasks[""], completed=done, description=f"{self._title}: {text}")  # type: ignore[arg-type]
            return
        self.update(text, done, total)
