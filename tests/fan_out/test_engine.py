"""One function over many tasks: the same results on each engine, errors that say where, and nobody left behind."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from joblib import register_parallel_backend
from joblib.parallel import ThreadingBackend

from data.dataset import DatasetError
from services.cli.errors import WRONG_USE, describe
from services.fan_out import Engine, EngineError, fan_out, in_order
from services.fan_out.options import chosen
from services.fan_out.task import Errand, TaskError, run
from services.provenance import code_digest
from tests.fan_out import tasks

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_or_as_they_are_done_with_their_numbers(jobs: int) -> None:
    engine = Engine(jobs=jobs)
    assert in_order(engine, tasks.squared, ((n,) for n in range(7))) == [0, 1, 4, 9, 16, 25, 36]
    done = list(fan_out(engine, tasks.squared, ((n,) for n in range(7)), as_completed=True))
    assert {one.number: one.result for one in done} == {n: n * n for n in range(7)}
    assert in_order(engine, tasks.squared, []) == []


def test_a_task_has_one_thread_and_a_process_that_was_started_for_it() -> None:
    for said in in_order(Engine(jobs=2), tasks.threads, [(), ()]):
        assert set(said["pools"]) == {1}
        assert (said["parent"], said["pid"] != os.getpid()) == (os.getpid(), True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_is_what_it_was_and_names_its_task(jobs: int) -> None:
    with pytest.raises(DatasetError, match="a damaged folder") as raised:
        list(fan_out(Engine(jobs=jobs), partial(tasks.refuse), ((n,) for n in range(5))))
    assert str(raised.value) == "a damaged folder"
    [note] = raised.value.__notes__
    assert note.startswith("task 2: refuse(2), on ")
    assert "tests/fan_out/tasks.py" in note


def test_an_error_that_cannot_travel_is_told_all_the_same() -> None:
    with pytest.raises(TaskError, match="OnlyHere: it: broke") as raised:
        in_order(Engine(jobs=2), tasks.refuse_in_words_that_cannot_travel, [(), ()])
    assert "refuse_in_words_that_cannot_travel" in raised.value.__notes__[0]


def test_a_machine_with_another_source_does_nothing() -> None:
    done: list[int] = []
    answer = run(Errand(3, done.append, (1,), os.getpid(), code="0" * 64))
    assert isinstance(answer.failure, TaskError)
    assert "install the same version everywhere" in str(answer.failure)
    assert answer.failure.__notes__[0].startswith("task 3: append(1), on ")
    assert done == []
    assert run(Errand(3, done.append, (1,), os.getpid(), code=code_digest())).failure is None
    assert done == [1]


@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_a_process_that_dies_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(EngineError, match=r"the engine 'local' lost a task.*start the command once more"):
        in_order(Engine(jobs=2), tasks.vanish, [(), ()])


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_who_makes_the_tasks_is_raised_and_not_lost(jobs: int) -> None:
    def failing() -> Iterator[tuple[int]]:
        yield from ((n,) for n in range(6))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        list(fan_out(Engine(jobs=jobs), tasks.squared, failing()))


def test_whoever_stops_drawing_gives_up_the_rest(tmp_path: Path) -> None:
    drawn = []

    def many() -> Iterator[tuple[int]]:
        for n in range(1_000):
            drawn.append(n)
            yield (n,)

    for done in fan_out(Engine(jobs=2), tasks.squared, many()):
        if done.number == 3:
            break
    assert len(drawn) < 1_000


def test_engines_that_cannot_work_are_refused_with_the_mend() -> None:
    for name, words in (
        ("multiprocessing", "hangs after a fork: use 'local'"),
        ("threading", "no processes: use 'local'"),
    ):
        with pytest.raises(EngineError, match=words):
            Engine(name)
    with pytest.raises(EngineError, match="0 jobs"):
        Engine(jobs=0)
    with pytest.raises(EngineError, match="an address is of 'ray'"):
        Engine("local", 1, "127.0.0.1:6379")
    with pytest.raises(EngineError, match="joblib has no engine 'slurm' here"):
        in_order(Engine("slurm", 2), tasks.squared, [(1,)])


def test_a_backend_of_joblibs_goes_by_its_name() -> None:
    register_parallel_backend("of-somebody", ThreadingBackend)
    assert in_order(Engine("of-somebody", 2), tasks.squared, ((n,) for n in range(5))) == [0, 1, 4, 9, 16]


def test_without_ray_its_engine_is_one_line_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else found(name, *rest))
    with pytest.raises(EngineError) as raised:
        in_order(Engine("ray", 2), tasks.squared, [(1,)])
    code, line = describe(raised.value)
    assert (code, line) == (WRONG_USE, "the engine 'ray' is an extra: pip install 'tablestakes[engine]'")


def test_nothing_imports_ray_before_it_is_asked_for() -> None:
    program = (
        "import sys, services.cli.main, services.fan_out, services.simulation.front; sys.exit('ray' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT).returncode == 0


def test_options_that_are_silent_leave_it_to_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLESTAKES_ENGINE", "ray")
    monkeypatch.setenv("TABLESTAKES_ENGINE_ADDRESS", "10.0.0.5:6379")
    assert chosen(3) == Engine("ray", 3, "10.0.0.5:6379")
    assert chosen(3, address="10.0.0.6:6379") == Engine("ray", 3, "10.0.0.6:6379")
    assert chosen(3, "local") == Engine("local", 3)


def test_processes_end_when_who_waits_for_them_is_killed(tmp_path: Path) -> None:
    ended_with_the_driver("local", signal.SIGKILL, tmp_path)


def test_processes_end_when_who_waits_for_them_is_interrupted(tmp_path: Path) -> None:
    ended_with_the_driver("local", signal.SIGINT, tmp_path)


def ended_with_the_driver(engine: str, how: signal.Signals, folder: Path) -> None:
    """Whatever a driver has started ends with it, however it ends."""
    mark = f"TABLESTAKES_TEST_MARK={folder.name}-{engine}-{how}"
    name, _, value = mark.partition("=")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), name: value}
    command = [sys.executable, "-m", "tests.fan_out.tasks", engine, str(folder)]
    driver = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120.0
        while len(list(folder.glob("*.pid"))) < 2:
            assert driver.poll() is None
            assert time.monotonic() < until, "they did not begin"
            time.sleep(0.05)
        assert len(marked(mark)) > 2
    finally:
        driver.send_signal(how)
        driver.wait()
    while left := marked(mark):
        assert time.monotonic() < until, f"left behind: {left}"
        time.sleep(0.05)


def marked(mark: str) -> dict[int, str]:
    """Processes that have the mark in their environment, which every child inherits; those that are only to be reaped
    have none left.
    """
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:80]
        except OSError:
            continue
    return found
