"""An event loop for measuring: uvloop where there is one, and no garbage collection while it runs."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def quiet_loop(work: Coroutine[Any, Any, _T]) -> _T:
    """Run `work` to its end; a collection in the midst of it would be read as latency of the server."""
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        from uvloop import new_event_loop
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(work)
    finally:
        if collecting:
            gc.enable()
