"""Tasks of a Ray cluster as a backend of joblib.

Ray's own backend is a pool of actors: when a node dies its actors are gone with what they were doing, and the whole
call fails. A task that has lost its node is begun again elsewhere. See docs/decisions/0051-ray-tasks-behind-joblib.md.
"""

import atexit
import contextlib
import importlib.util
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from joblib import register_parallel_backend
from joblib.parallel import ParallelBackendBase

from services.fan_out.engine import EngineError
from services.fan_out.ray_here import LOOPBACK, QUIET, Cluster

BACKEND: Final = "tablestakes-ray"
RETRIES: Final = 5
"""How often a task is begun again whose node or process died; one that raises an error is not."""
_FEWEST: Final = 2
"""joblib does a single job in the process that asks; how many are under way is bounded by what is dispatched ahead."""
_LOOK_SECONDS: Final = 1.0
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
_here: dict[tuple[int, str], Cluster | None] = {}
"""What this process is connected to: one cluster at a time, by jobs and address; None: somebody else's."""


def connect(jobs: int, address: str) -> None:
    """Be connected to the cluster at the address, or to one of our own with so many processors.

    Raises EngineError where Ray is not installed, or there is no such cluster.
    """
    wanted = (0 if address else jobs, address)
    if wanted in _here:
        return
    disconnect()
    if importlib.util.find_spec("ray") is None:
        raise EngineError("the engine 'ray' is an extra: pip install 'tablestakes[engine]'")
    # Before Ray is imported, for it reads then how it is to say who it is.
    cluster = None if address else Cluster.start(jobs)
    try:
        ray = _ray()
        ray.init(
            address=address if cluster is None else cluster.address,
            _node_ip_address=None if cluster is None else LOOPBACK,
            log_to_driver=False,
            configure_logging=False,
            runtime_env={"env_vars": dict.fromkeys(_ONE_THREAD, "1")},
        )
    except Exception as error:
        if cluster is not None:
            cluster.close()
        raise EngineError(f"no Ray cluster answers at {address or 'this machine'}: {error}") from error
    _here[wanted] = cluster


def disconnect() -> None:
    """Leave the cluster, and end it where it is our own."""
    clusters = list(_here.values())
    _here.clear()
    if clusters:
        _ray().shutdown()
    for cluster in clusters:
        if cluster is not None:
            cluster.close()


def _ray() -> Any:
    # It reads these when it is imported.
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


class RayTasks(ParallelBackendBase):  # type: ignore[misc]
    """Each batch of joblib's is one task with one processor."""

    supports_retrieve_callback = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._ray = _ray()
        self._do = self._ray.remote(num_cpus=1, max_retries=RETRIES)(_do)
        self._waiting: dict[Any, Future[Any]] = {}
        self._changed = threading.Condition()
        self._collector: threading.Thread | None = None

    def effective_n_jobs(self, n_jobs: int) -> int:
        """See `_FEWEST`."""
        return max(_FEWEST, n_jobs)

    def submit(self, func: Callable[[], Any], callback: Callable[[Any], Any] | None = None) -> "Future[Any]":
        """Give the cluster a batch."""
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(callback)
        with self._changed:
            self._waiting[self._do.remote(func)] = future
            if self._collector is None:
                self._collector = threading.Thread(target=self._collect, name="ray-collector", daemon=True)
                self._collector.start()
        return future

    def retrieve_result_callback(self, out: "Future[Any]") -> Any:
        """What a batch gave; raises its error."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: ARG002 - joblib's
        """Give up what is under way."""
        with self._changed:
            given_up = list(self._waiting)
            self._waiting.clear()
        for reference in given_up:
            with contextlib.suppress(Exception):
                self._ray.cancel(reference, force=True)

    def _collect(self) -> None:
        """Until nothing is under way. What callbacks do may take seconds, and must not block a thread of Ray's own."""
        while True:
            with self._changed:
                waiting = list(self._waiting)
                if not waiting:
                    self._collector = None
                    return
            fault: Exception | None = None
            try:
                ready, _ = self._ray.wait(waiting, num_returns=1, timeout=_LOOK_SECONDS)
            except Exception as error:  # noqa: BLE001 - the connection is gone, and with it everything
                ready, fault = waiting, error
            for reference in ready:
                with self._changed:
                    future = self._waiting.pop(reference, None)
                if future is not None:
                    self._tell(reference, future, fault)

    def _tell(self, reference: Any, future: "Future[Any]", fault: Exception | None) -> None:
        try:
            if fault is not None:
                raise fault
            result = self._ray.get(reference)
        except Exception as error:  # noqa: BLE001 - joblib raises it where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(result)


def _do(batch: Callable[[], Any]) -> Any:
    return batch()


register_parallel_backend(BACKEND, RayTasks)
atexit.register(disconnect)
