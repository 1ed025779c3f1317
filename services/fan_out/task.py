"""What the process does that was given a task: one thread, an end with who waits for it, and errors that say where."""

import io
import os
import pickle
import platform
import reprlib
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from threadpoolctl import threadpool_limits

from services.provenance import code_digest

_LOOK_SECONDS: Final = 1.0
_ENDED: Final = 1
_watched: list[threading.Thread] = []
"""The thread of a process that works for another one; each has one at most."""


class TaskError(Exception):
    """A task failed with an error that cannot travel, or on a machine that may not do it."""


@dataclass(frozen=True)
class Errand:
    """A task on its way."""

    number: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    parent: int
    """Process id of who waits for it."""
    code: str | None
    """SHA-256 of the source by which it must be done; None: of the same files."""

    @property
    def name(self) -> str:
        """For people."""
        shown = reprlib.Repr()
        shown.maxother = shown.maxstring = 60
        function = getattr(self.function, "func", self.function)
        called = ", ".join(shown.repr(argument) for argument in self.arguments)
        return f"task {self.number}: {getattr(function, '__name__', function)}({called})"


@dataclass(frozen=True)
class Answer:
    """What came of it."""

    number: int
    result: Any = None
    cpu_seconds: float = 0.0
    failure: Exception | None = None
    """As it was raised, with a note that names the task."""


def run(errand: Errand) -> Answer:
    """Do it. An error is part of the answer: it comes back as what it is, on any engine."""
    elsewhere = os.getpid() != errand.parent
    if elsewhere:
        _end_with_parent(errand.parent)
    started = time.process_time()
    try:
        if errand.code is not None and errand.code != _own_code():
            raise TaskError(f"{platform.node()} has another source than who asks: install the same version everywhere")
        with threadpool_limits(1):
            result = errand.function(*errand.arguments)
    except Exception as error:  # noqa: BLE001 - raised again by who asked
        return Answer(errand.number, failure=_travelling(error, errand.name))
    return Answer(errand.number, result, time.process_time() - started if elsewhere else 0.0)


def _travelling(error: Exception, task: str) -> Exception:
    """The error with where it happened, or one that says the same where it cannot be pickled."""
    text = "".join(traceback.format_exception(error)).rstrip()
    note = f"{task}, on {platform.node()}, process {os.getpid()}\n{text}"
    try:
        copied = pickle.load(io.BytesIO(pickle.dumps(error)))  # noqa: S301 - what was pickled one call before
    except Exception:  # noqa: BLE001 - there are as many reasons as classes
        copied = None
    if type(copied) is not type(error):
        error = TaskError(f"{type(error).__name__}: {error}")
    error.add_note(note)
    return error


def _end_with_parent(parent: int) -> None:
    """Have this process end when the one that started it has died, where that is the one who asked.

    A process of Ray's is started by its node, which ends what was asked by somebody who is gone.
    """
    if os.getppid() != parent or _watched:
        return
    watch = threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True)
    _watched.append(watch)
    watch.start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(_ENDED)


@lru_cache(maxsize=1)
def _own_code() -> str:
    return code_digest()
