"""One function over many tasks, on an engine that is chosen by name.

joblib is the port: `local` are its own processes, started by exec (one that is forked hangs in LightFM's OpenMP),
`ray` are tasks of a Ray cluster behind a backend of ours, and other backends go by the name under which joblib knows
them. What comes out depends on neither the engine nor the number of processes, if the function depends on its task
alone: each task has one thread, that sums are added in the same order everywhere.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from joblib import Parallel, delayed, parallel_config

from services.fan_out.task import Answer, Errand, run
from services.provenance import code_digest

LOCAL: Final = "local"
RAY: Final = "ray"
_FORKING: Final = ("multiprocessing",)
_SHARING: Final = ("threading", "sequential")


class EngineError(Exception):
    """An engine that there is not, that does not start, or that lost a task for good; the message says the mend."""


@dataclass(frozen=True)
class Engine:
    """Where work is done, and how much of it at once."""

    name: str = LOCAL
    jobs: int = 1
    """Tasks at once. One on the local engine is done in this very process."""
    address: str = ""
    """Of a Ray cluster, `host:port`, or `auto`: the one this machine belongs to. Empty: one of our own is started here,
    and ends with this process, however it ends."""

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise EngineError(f"{self.jobs} jobs: at least one")
        if self.name in _FORKING:
            raise EngineError(f"the engine {self.name!r} forks, and LightFM hangs after a fork: use {LOCAL!r}")
        if self.name in _SHARING:
            raise EngineError(f"the engine {self.name!r} has no processes: use {LOCAL!r}")
        if self.address and self.name != RAY:
            raise EngineError(f"an address is of {RAY!r}; the engine is {self.name!r}")

    def among(self, tasks: int) -> "Engine":
        """This engine with no more jobs than there are tasks."""
        return Engine(self.name, max(1, min(self.jobs, tasks)), self.address)


class Done(NamedTuple):
    """A task that is done."""

    number: int
    """Its place among the tasks, from 0."""
    result: Any
    cpu_seconds: float
    """That it took of another process; 0 where it was done in this one."""


def fan_out(
    engine: Engine, function: Callable[..., Any], tasks: Iterable[Sequence[Any]], *, as_completed: bool = False
) -> Iterator[Done]:
    """`function(*task)` for each task, in the order of the tasks or, `as_completed`, as they are done.

    Function, tasks and results travel: they can be pickled, and are small; large things go by path. `tasks` are drawn
    as there is room for them, maybe by another thread than the caller's, never by two at once.

    An error of a task is raised as it is, with a note that names the task and has its traceback; the tasks that are
    under way are given up then, as they are when the caller stops drawing. Raises EngineError where the engine does not
    start, or has lost a process whose task is not tried again.
    """
    parallel = _parallel(engine, as_completed)
    fault: list[BaseException] = []
    # Other machines may have other code, and would give other results.
    code = None if engine.name == LOCAL else code_digest()
    answers = parallel(
        delayed(run)(Errand(index, function, tuple(task), os.getpid(), code)) for index, task in _drawn(tasks, fault)
    )
    try:
        yield from _taken(engine, answers)
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that something was still under way: it is to be given up
            if hasattr(answers, "close"):
                answers.close()
    if fault:
        raise fault[0]


def in_order(engine: Engine, function: Callable[..., Any], tasks: Iterable[Sequence[Any]]) -> list[Any]:
    """The results alone, in the order of the tasks."""
    return [done.result for done in fan_out(engine, function, tasks)]


def _taken(engine: Engine, answers: Iterable[Answer]) -> Iterator[Done]:
    drawn = iter(answers)
    while True:
        try:
            answer = next(drawn)
        except StopIteration:
            return
        except Exception as error:
            lost = f"the engine {engine.name!r} lost a task: {type(error).__name__}: {_in_a_line(error)}"
            raise EngineError(f"{lost} (what is stored is not done again: start the command once more)") from error
        if answer.failure is not None:
            raise answer.failure
        yield Done(answer.number, answer.result, answer.cpu_seconds)


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _drawn(tasks: Iterable[Sequence[Any]], fault: list[BaseException]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The tasks with their numbers. joblib draws them in a thread in which an error would be lost: it is kept."""
    try:
        yield from enumerate(tasks)
    except GeneratorExit:
        raise
    except BaseException as error:  # noqa: BLE001 - raised by who asked for the work
        fault.append(error)


def _parallel(engine: Engine, as_completed: bool) -> Parallel:
    backend, options, ahead = engine.name, {}, 2 * engine.jobs
    if engine.name == LOCAL:
        backend, options = "loky", {"inner_max_num_threads": 1}
    elif engine.name == RAY:
        from services.fan_out.ray_tasks import BACKEND, connect

        connect(engine.jobs, engine.address)
        # No more at once than was asked for, whatever the cluster has.
        backend, ahead = BACKEND, engine.jobs
    elif engine.name == "spark":
        _register_spark()
    generators = "generator_unordered" if as_completed else "generator"
    try:
        with parallel_config(backend, n_jobs=engine.jobs, **options):
            return _with_results(generators, ahead)
    except (ValueError, ImportError) as error:
        raise EngineError(f"joblib has no engine {engine.name!r} here: {_in_a_line(error)}") from None


def _with_results(generators: str, ahead: int) -> Parallel:
    # One task a message: a process that dies loses one, and what is done is known at once.
    try:
        return Parallel(return_as=generators, pre_dispatch=ahead, batch_size=1)
    except ValueError:  # a backend that gives everything at the end
        return Parallel(pre_dispatch=ahead, batch_size=1)


def _register_spark() -> None:
    try:
        from joblibspark import register_spark
    except ImportError:
        raise EngineError("the engine 'spark' needs `pip install joblibspark pyspark`") from None
    register_spark()
