"""Keeps one Redis server for as long as a process uses it. Run as a script by `services.features.embedded`.

Every user of the server holds a shared lock on one file. The keeper waits for the exclusive lock, which the kernel
grants when the last user has closed the file or is dead, however it died; then it stops the server. The exclusive lock
is held until the server is gone, so a newcomer never attaches to a server that is about to stop.

Standard library only, started with `-I -S`: it must be small and quick.

    python -I -S keeper.py LOCK_FILE SERVER_BINARY [SCRATCH_DIRECTORY] < server.conf 2> server.log
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_STOP_SECONDS: Final = 2.0


def _die_with_keeper() -> None:
    """Let Linux kill the server when the keeper itself is killed. Elsewhere there is no such thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _detach() -> None:
    """Leave the starter's process group (its Ctrl-C is not ours) and its children (it need not wait for us)."""
    if os.fork():
        os._exit(0)
    os.setsid()


def _start(binary: str, configuration: bytes) -> "subprocess.Popen[bytes]":
    server = subprocess.Popen(  # noqa: S603 - the binary was chosen by `embedded.server_binary`
        [binary, "-"], stdin=subprocess.PIPE, stdout=sys.stderr, preexec_fn=_die_with_keeper
    )
    assert server.stdin is not None
    with server.stdin as configure:
        configure.write(configuration)
    return server


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:  # it is paused, or hangs
        server.kill()
        server.wait()


def main(lock_file: str, binary: str, scratch: str = "") -> None:
    """Start the server, wait until no one uses it or it ends by itself, stop it and remove the scratch directory."""
    os.umask(0o077)
    configuration = sys.stdin.buffer.read()
    _detach()
    server = _start(binary, configuration)

    def leave(signal_number: int, _frame: FrameType | None) -> None:
        if signal_number == signal.SIGTERM or server.poll() is not None:  # SIGCHLD comes also when it is but paused
            raise SystemExit(0)

    lock = os.open(lock_file, os.O_RDWR)
    try:
        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGCHLD, leave)
        if server.poll() is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _stop(server)
        if scratch:
            with contextlib.suppress(OSError):
                os.rmdir(scratch)


if __name__ == "__main__":
    main(*sys.argv[1:])
