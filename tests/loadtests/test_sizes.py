"""Memory and growth: measured for real on a small city, judged on figures made by hand."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from loadtests import growth, memory
from loadtests.homes import Home, kept_home
from loadtests.memory import RedisMemory, WorkerMemory
from services.features.codec import MAX_RECENT

needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")


@pytest.fixture(name="home")
def _home(small_city, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", small_city.dataset)
    shutil.copytree(small_city.home, home.path)
    return home


def test_diners_in_redis_are_weighed_with_what_they_did(home: Home, tmp_path: Path) -> None:
    states = memory.city_states(home)
    artifact = memory.champion(home)
    assert len(states) == len(artifact.diner_ids) == 600
    assert any(state.recent.size for state in states)
    assert all((np.diff(state.recent["at"].astype(np.int64)) <= 0).all() for state in states)
    usual = list(memory.measure_redis(states, [2_000, 1_000], tmp_path / "usual"))
    (full,) = memory.measure_redis(memory.with_all_recent(states), [2_000], tmp_path / "full")
    assert [each.diners for each in usual] == [1_000, 2_000]
    assert all(48 + 4 * each.dimensions < each.used_bytes_a_diner < 2_000 for each in usual)
    assert full.mean_recent == MAX_RECENT > usual[-1].mean_recent
    # 13 bytes for each entry more, but for the sizes in which the allocator gives memory out.
    more = 13 * (full.mean_recent - usual[-1].mean_recent)
    assert full.used_bytes_a_diner - usual[-1].used_bytes_a_diner == pytest.approx(more, rel=0.3)


@needs_proc
def test_workers_share_the_mapped_model(home: Home, tmp_path: Path) -> None:
    found = memory.measure_workers(home, 150, 2, tmp_path)
    assert found.workers == 2
    assert found.rss_mib > found.pss_mib >= found.private_mib * 0.9 > 20
    assert found.all_pss_mib > 2 * found.pss_mib * 0.9
    assert found.model_mib > 0


def test_the_memory_tables_say_how_far_metaranks_figure_is() -> None:
    text = memory.lines(
        [RedisMemory(200_000, 48, 3.0, 400.0, 420.0)], [WorkerMemory(1_000, 2, 300, 200, 180, 600, 1.5)]
    )
    assert "| 200,000 | 48 | 3.0 | 400 B | 420 B | 0.37 | 47% |" in text
    assert "| 1,000 | 2 | 300 MiB | 200 MiB | 180 MiB | 600 MiB | 1.5 MiB |" in text


@pytest.mark.long
def test_growth_is_measured_on_servers_that_take_turns(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other", home.dataset)
    shutil.copytree(home.path, other.path)
    rounds = growth.measure({150: home, 1_500: other}, tmp_path / "run", rate=50.0, seconds=0.6, rounds=2)
    assert [len(turns) for turns in rounds.values()] == [2, 2]
    assert all(turn.errors == 0 and turn.p50_ms > 0 for turns in rounds.values() for turn in turns)
    assert all(turn.stages_us["ranking"] > 0 for turns in rounds.values() for turn in turns)
    assert len(growth.lines(rounds)) >= 6


def turn(p50_ms: float, errors: int = 0, late: bool = False) -> growth.Turn:
    return growth.Turn(p50_ms, 2 * p50_ms, 100 * p50_ms, 5.0, errors, late, {"ranking": 40.0})


def test_growth_is_judged_round_by_round_so_drift_cancels() -> None:
    rounds = {1_000: [turn(1.0), turn(2.0)], 10_000: [turn(1.4), turn(2.8)], 100_000: [turn(5.0), turn(10.0)]}
    assert vars(growth.ratio(rounds, 10_000, "p50_ms")) == pytest.approx({"value": 1.4, "low": 1.4, "high": 1.4})
    text = growth.lines(rounds)
    assert "1.40 (1.40 – 1.40) | ≤ 1.5: met" in text[3]
    assert "5.00 (5.00 – 5.00) | ≤ 4: MISSED" in text[4]
    assert growth.problems(rounds) == []


def test_failures_and_a_late_generator_stamp_the_growth() -> None:
    rounds = {1_000: [turn(1.0, late=True)] * 2, 10_000: [turn(1.0, errors=3)] * 2}
    assert len(growth.problems(rounds)) == 2
    assert growth.lines(rounds)[-1] == "INVALID: 10,000 restaurants: 6 requests failed"


@pytest.mark.parametrize("arguments", [["--restaurants", "5"], ["--restaurants", "1", "5"], ["--rate", "0"]])
def test_wrong_use_of_growth_is_exit_code_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        growth.main(arguments)
    assert stopped.value.code == 2


def test_wrong_use_of_memory_is_exit_code_two() -> None:
    with pytest.raises(SystemExit) as stopped:
        memory.main(["--diners", "0"])
    assert stopped.value.code == 2


def test_a_home_that_was_built_is_not_built_again(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "built").touch()
    (tmp_path / "12" / "mine").touch()
    assert kept_home(tmp_path, restaurants=12).path == tmp_path / "12" / "home"
    assert (tmp_path / "12" / "mine").exists()
