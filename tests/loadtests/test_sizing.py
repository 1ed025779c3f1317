"""The sizing table: its arithmetic by hand, and the page that has what the command prints."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import scale, sizing
from loadtests.scale import Assumed, costs_of
from loadtests.sizing import Market, Unit, size_of, unit_of
from loadtests.unit_costs import UnitCosts

ASSUMED = Assumed()
UNIT = Unit(
    list_us=1_000.0,
    stored_bytes=6_000.0,
    empty_mib=200.0,
    own_mib=20.0,
    mapped_mib=2.0,
    diner_bytes=480.0,
    train_seconds=30.0,
)


def costs(restaurants: float) -> UnitCosts:
    """Round figures, straight lines of the size."""
    return UnitCosts(
        restaurants=restaurants,
        diners=25 * restaurants,
        train_cpu_seconds=restaurants / 40,
        list_cpu_us=400 + restaurants / 10,
        list_redis_cpu_us=20.0,
        list_bytes_out=10_000.0,
        list_bytes_in=200.0,
        list_stored_bytes=5_000.0,
        event_cpu_us=100.0,
        event_stored_bytes=500.0,
        diner_redis_bytes=400.0,
        process_mib=200 + restaurants / 50,
        mapped_mib=restaurants * 26 * 1e-3,
    )


def test_what_one_costs_by_hand() -> None:
    unit = unit_of([costs(1_000), costs(2_000), costs(4_000)], Market(1_000, 5_000, 0.5), ASSUMED)
    assert unit.list_us == pytest.approx(550)
    assert unit.stored_bytes == pytest.approx(5_250)
    assert (unit.empty_mib, unit.own_mib) == (pytest.approx(200), pytest.approx(20))
    assert unit.mapped_mib == pytest.approx(6.0), "6,000 rows of a thousandth"
    assert unit.diner_bytes == pytest.approx(480)
    assert unit.train_seconds == pytest.approx(25)


def test_a_size_by_hand() -> None:
    found = size_of(UNIT, Market(), ASSUMED, markets=50, lists_a_second=2_500.0)
    assert found.processes == 5  # 2.5 cores, half used
    assert found.process_gib == pytest.approx((5 * (200 + 50 * 20) + 50 * 2) / 1024)
    assert found.redis_mib == pytest.approx(50 * 5_000 * 480 / 2**20)
    assert found.growth_gb == pytest.approx(2_500 * 6_000 * 86_400 / 1e9)
    assert found.training_cpu_minutes == pytest.approx(25)


def test_there_are_two_processes_at_least() -> None:
    assert size_of(UNIT, Market(), ASSUMED, markets=1, lists_a_second=0.1).processes == 2


@given(st.floats(1, 500), st.floats(0.1, 5_000), st.floats(1.0, 10.0))
def test_more_never_takes_less(markets: float, lists: float, times: float) -> None:
    small = size_of(UNIT, Market(), ASSUMED, markets, lists)
    for more in (
        size_of(UNIT, Market(), ASSUMED, markets * times, lists),
        size_of(UNIT, Market(), ASSUMED, markets, lists * times),
        size_of(UNIT, Market(), replace(ASSUMED, utilisation=ASSUMED.utilisation / times), markets, lists),
    ):
        for name in ("processes", "process_gib", "redis_mib", "growth_gb", "training_cpu_minutes"):
            assert getattr(more, name) >= getattr(small, name) * (1 - 1e-9), name


def test_the_page_has_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    assert sizing.main([]) == 0
    for table in capsys.readouterr().out.strip().split("\n\n"):
        assert table in page
    assert costs_of(json.loads(scale.RECORDED.read_text()))


def test_another_file_is_refused_by_name_and_nothing_for_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert sizing.main([str(tmp_path / "other.json")]) == 1
    assert "python -m loadtests.unit_costs" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        sizing.main(["--markets", "0"])
