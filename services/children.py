"""A command of ours as a child of the worker: started by exec, with one thread, and gone when the worker is.

LightFM's OpenMP hangs after a fork, and settlement and pacing must go on beside minutes of work. The worker holds the
other end of the child's standard input, so the child sees that the worker has ended, however it ends.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
_PAUSE_AFTER_FAILURE: Final = 30.0
_STOP_SECONDS: Final = 5.0
_log = structlog.get_logger(__name__)


class Child:
    """One process at a time of one command."""

    def __init__(self, name: str, arguments: Sequence[str], home: Path) -> None:
        """`name`: in the log. `arguments`: of `tablestakes`."""
        self._name = name
        self._command = (sys.executable, "-m", "services.cli", *arguments)
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    @property
    def may_start(self) -> bool:
        """Whether none is at work, and none has failed a moment ago. Never waits."""
        return not self._is_working() and time.monotonic() >= self._not_before

    def start(self) -> None:
        """Let one begin."""
        environment = {
            **os.environ,
            **dict.fromkeys(ONE_THREAD, "1"),
            "TABLESTAKES_HOME": str(self._home.absolute()),
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            self._command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        _log.info(f"{self._name}_process_started", pid=self._process.pid)

    def finish(self) -> None:
        """Wait until it is done."""
        if self._process is not None:
            self._process.wait()

    def close(self) -> None:
        """End it: what it has not stored is done again by the next one."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _is_working(self) -> bool:
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        self.close()
        if code != 0:
            _log.warning(f"{self._name}_process_ended", code=code)
            self._not_before = time.monotonic() + _PAUSE_AFTER_FAILURE
        return False
