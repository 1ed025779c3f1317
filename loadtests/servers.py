"""Servers under test: each a process of its own, started the same way, pinned to one core, gone at the end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadtests.connection import Target
from loadtests.processes import cpu_seconds, descendants, pin

SERVER_CORE = 0
CLIENT_CORE = 1
"""Of the load generator, and of Redis, which is a service of its own elsewhere in production."""
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ServerError(Exception):
    """A server that did not start or did not become ready; the message ends with what it said last."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    target: Target
    process: subprocess.Popen[bytes]
    log: Path
    pids: tuple[int, ...] = ()
    """Its processes."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.target.host}:{self.target.port}"

    def cpu_seconds(self) -> float:
        """CPU time of the server since its start."""
        return cpu_seconds(self.pids)

    def idle_cores(self, seconds: float = 3.0) -> float:
        """Of a core, what the server takes when nobody asks it; looks on for so long."""
        before, began = self.cpu_seconds(), time.perf_counter()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.perf_counter() - began)


def uvicorn_command(factory: str) -> list[str]:
    """One worker of an application of ours, with the loop and parser that `tablestakes serve` uses too."""
    options = ["--factory", "--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
    return [sys.executable, "-m", "uvicorn", factory, *options]


@contextlib.contextmanager
def serving(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    ready_path: str = "/health/ready",
    core: int | None = SERVER_CORE,
    ready_seconds: float = 60.0,
) -> Iterator[Server]:
    """Start `command --host … --port …`, wait until `ready_path` answers 2xx, and stop it in the end.

    Raises ServerError when it ends before or is not ready in time.
    """
    target = Target("127.0.0.1", free_port())
    full = [*command, "--host", target.host, "--port", str(target.port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            full,
            env={**os.environ, **_ONE_THREAD, **(environment or {})},
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        if core is not None:
            pin(process.pid, core)
        server = Server(name, target, process, log)
        _await_ready(server, ready_path, ready_seconds)
        yield replace(server, pids=tuple(descendants(process.pid)))
    finally:
        _stop(process)


def end_tidily() -> None:
    """Let a command that is told to end (SIGTERM) stop its servers first, as one that is interrupted does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(server: Server, path: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerError(f"{server.name} ended with code {server.process.returncode}: {_last_words(server.log)}")
        with contextlib.suppress(OSError), urllib.request.urlopen(server.url + path, timeout=2):
            return
        time.sleep(0.05)
    raise ServerError(f"{server.name} was not ready in {seconds:.0f} s: {_last_words(server.log)}")


def _last_words(log: Path, lines: int = 5) -> str:
    text = log.read_text(errors="replace").strip().splitlines()
    return " | ".join(text[-lines:]) or "it said nothing"


def _stop(process: subprocess.Popen[bytes], grace_seconds: float = 10.0) -> None:
    """Ask it to end, then end what is left of its process group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
