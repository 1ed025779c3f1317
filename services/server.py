"""Starts the API's processes."""

import ctypes
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from services.api.app import create_app
from services.api.slow_clients import protocol_of
from services.features import EmbeddedRedis
from services.monitoring.logs import configure_logs
from services.settings import Settings

GRACEFUL_SECONDS = 10
_COLLECT_AFTER = 10_000
"""New objects between two looks for cycles: by default 700, so that a twelfth of the time of an answer went there. With
50,000, what lies in cycles (SQL statements, mostly) came to 5 MiB before it was looked for, eleven minutes apart."""
_M_ARENA_MAX, _ARENAS = -8, 2
"""glibc gives each thread a heap of its own to take from, up to sixteen here, and what is free in one serves no other.
"""
_SWITCH_SECONDS = 0.001
"""How long a thread that writes behind may keep the interpreter from the loop: by default 5 ms, a tail of its own."""
_DOORS: Final = 16
"""uvloop lets in one new connection for each listening socket and turn of its loop. Under load turns are long, and who
connects then would wait for seconds; so it gets the one socket several times."""


def application() -> FastAPI:
    """The application of one worker process, from the environment."""
    # One thread of linear algebra a process: more of them only wait for one another. An environment variable would
    # come too late, for numpy is loaded already.
    threadpool_limits(limits=1, user_api="blas")
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    _share_heaps()
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = Settings()
    configure_logs(settings.log_level, settings.log_json)
    return create_app(settings, ready=_set_apart)


def _set_apart() -> None:
    """Look for cycles no more among what the start has made: 250,000 objects that live as long as the process. The
    first look at them took 150 ms, in the midst of the requests.
    """
    gc.collect()
    gc.freeze()


def _share_heaps() -> None:
    """Let threads take memory from few heaps; before any is started. Does nothing with another C library than glibc."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal: SIGTERM and SIGINT finish the requests in flight first."""
    configure_logs(settings.log_level, settings.log_json)  # of this process, which watches over the workers
    config = uvicorn.Config(
        "services.server:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=protocol_of(settings),
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        server_header=False,
        proxy_headers=False,  # nothing here looks at the client's address, and it costs on every request
    )
    with _shared(settings, workers):
        serve(config)


def serve(config: uvicorn.Config) -> None:
    """Serve what a configuration says, with several doors; ends the process where it cannot begin."""
    listening = config.bind_socket()
    doors = [listening, *(listening.dup() for _ in range(_DOORS - 1))]
    if config.workers > 1:
        Multiprocess(config, sockets=doors).run()
        return
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=doors)
    if not server.started:
        sys.exit(STARTUP_FAILURE)


@contextmanager
def _shared(settings: Settings, workers: int) -> Iterator[None]:
    """What all worker processes share: one embedded Redis, and one folder for metrics.

    The workers find the embedded Redis by themselves, in the home, and keep it alive should this process be killed.
    """
    os.environ["TABLESTAKES_HOME"] = str(settings.home.absolute())
    with ExitStack() as stack:
        if workers > 1:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tablestakes-metrics-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        if not settings.redis_url:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            stack.enter_context(EmbeddedRedis(settings.home / "redis"))
        yield
