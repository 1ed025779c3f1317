"""The command line under test: in this process by default, for a process of its own imports for 1 to 2 seconds."""

import gc
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from services.cli import main

_ROOT = Path(__file__).parent.parent
_PROGRAM = str(_ROOT / "services" / "cli" / "__main__.py")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Done = subprocess.CompletedProcess[str]


def tablestakes(*arguments: str, home: Path, check: bool = True) -> Done:
    """Run a command to its end in this process: what it printed and its exit code, as `main` has them.

    Not for one that starts processes of its own which inherit its output, nor for `serve`, `worker` and `demo`.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code = 0
    with _as_in_a_process_of_its_own(arguments, home), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return _checked(Done(arguments, code, _text(out), _text(err)), check)


def tablestakes_process(*arguments: str, home: Path, check: bool = True) -> Done:
    """Run the command line in a process of its own, as a shell does."""
    command = [sys.executable, "-m", "services.cli", *arguments]
    environment = {**os.environ, "TABLESTAKES_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, cwd=_ROOT)
    return _checked(done, check)


@contextmanager
def _as_in_a_process_of_its_own(arguments: tuple[str, ...], home: Path) -> Iterator[None]:
    """What a command changes of its process is as before at the end."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    threshold = gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [_PROGRAM, *arguments])
        patch.setattr(sys.modules["__main__"], "__package__", "services.cli", raising=False)  # named in usage lines
        patch.setenv("TABLESTAKES_HOME", str(home))
        try:
            yield
        finally:
            gc.set_threshold(*threshold)
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _checked(done: Done, check: bool) -> Done:
    if check and done.returncode:
        pytest.fail(f"{' '.join(done.args)} ended with {done.returncode}:\n{done.stderr}")
    return done


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")
