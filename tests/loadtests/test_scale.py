"""The plan on paper: its arithmetic by hand, what it foretells, and what it says to a file that is none of its own."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import scale, unit_costs
from loadtests.scale import Assumed, Wanted, check, costs_of, first_limits, foretell, plan
from loadtests.unit_costs import UnitCosts


def costs(restaurants: float) -> UnitCosts:
    """Round figures, straight lines of the size."""
    return UnitCosts(
        restaurants=restaurants,
        diners=25 * restaurants,
        train_cpu_seconds=restaurants / 20,
        list_cpu_us=400 + restaurants / 20,
        list_redis_cpu_us=20.0,
        list_bytes_out=10_000.0,
        list_bytes_in=200.0,
        list_stored_bytes=5_000.0,
        event_cpu_us=100.0,
        event_stored_bytes=500.0,
        diner_redis_bytes=400.0,
        process_mib=200 + restaurants / 100,
        mapped_mib=restaurants / 100,
    )


COSTS = [costs(1_000), costs(2_000), costs(4_000)]


WANTED, ASSUMED = Wanted(), Assumed()


def values(wanted: Wanted = WANTED, assumed: Assumed = ASSUMED) -> dict[str, float]:
    return {line.what: line.value for line in plan(COSTS, wanted, assumed)}


def test_a_plan_by_hand() -> None:
    """2,000 restaurants a market: a list 500 µs, half an event 50, so 110 cores at half use for 100,000 a second."""
    found = values()
    assert found["API cores busy"] == pytest.approx(110.0)
    assert found["diners in Redis"] == pytest.approx(500e6 * 400 * 1.2 / 2**30)
    assert found["Redis shards"] == 19  # 223.5 GiB in shards of 12
    assert found["written to PostgreSQL"] == pytest.approx((100e3 * 5_000 + 50e3 * 500) / 1e6)
    assert found["kept in PostgreSQL"] == pytest.approx(525e6 * 86_400 * 14 / 1e12)
    assert found["PostgreSQL servers"] == 159  # 635 TB at 4 each
    assert found["training cores"] == pytest.approx(10_000 * 100 / 86_400 / 0.5)
    assert found["network to diners"] == pytest.approx(8.0)


def test_as_many_markets_as_fit_and_no_more() -> None:
    markets = values()["markets of an API machine"]

    def memory(count: float) -> float:
        processes = -(-count * 0.011 // 1)
        return processes * (200 + count * 20) + count * 20

    room = ASSUMED.memory_gib * ASSUMED.memory_share * 1024
    assert memory(markets) <= room < memory(markets + 1)
    assert values()["API machines"] == 2 * -(-10_000 // markets)
    assert values(assumed=replace(ASSUMED, memory_gib=1e6))["markets of an API machine"] == 16 // 0.011


@given(st.floats(1.5, 20.0))
def test_more_lists_never_take_less(times: float) -> None:
    base, more = values(), values(replace(WANTED, lists_a_second=100e3 * times))
    assert more["API cores busy"] == pytest.approx(times * base["API cores busy"])
    assert all(more[name] >= base[name] * 0.999 for name in base if name != "markets of an API machine")


def test_a_line_is_foretold_to_the_digit() -> None:
    assert foretell(COSTS[:2], 4_000, "list_cpu_us") == pytest.approx(600)
    assert all(ours == pytest.approx(theirs) for _, ours, theirs in check(COSTS))
    bent = [*COSTS[:2], replace(COSTS[2], list_cpu_us=1_200.0)]
    assert {name: theirs / ours for name, ours, theirs in check(bent)}["list_cpu_us"] == pytest.approx(2.0)


def test_what_is_full_first_stands_first() -> None:
    limits = first_limits(COSTS, WANTED, ASSUMED)
    assert [line.value for line in limits] == sorted(line.value for line in limits)
    found = {line.what: line.value for line in limits}
    assert limits[0].what == "storage of one PostgreSQL"
    assert found["storage of one PostgreSQL"] == pytest.approx(4e12 / (5_250 * 86_400 * 14))
    assert found["the core of one Redis"] == pytest.approx(25_000)
    assert found["cores of an API machine"] == pytest.approx(16 / 550e-6 * 0.5)


def test_the_command_prints_the_plan_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({"sizes": [asdict(one) for one in COSTS]}))
    assert scale.main([str(file), "--kept-days", "1"]) == 0
    assert "| PostgreSQL servers | 12 servers |" in capsys.readouterr().out
    assert costs_of(json.loads(file.read_text())) == COSTS


@pytest.mark.parametrize("text", ["{}", "[]", "no", '{"sizes": []}', '{"sizes": [{}]}'])
def test_another_file_is_refused_by_name(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    assert scale.main([str(file)]) == 1
    said = capsys.readouterr().err
    assert str(file) in said
    assert "python -m loadtests.unit_costs" in said


def test_nothing_for_nobody_is_no_plan() -> None:
    with pytest.raises(SystemExit) as stopped:
        scale.main(["--markets", "0"])
    assert stopped.value.code == 2


def test_the_page_has_what_the_command_prints() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text()
    recorded = costs_of(json.loads(scale.RECORDED.read_text()))
    for table in [
        "\n".join(unit_costs.lines(recorded)),
        *"\n".join(scale.lines(recorded, WANTED, ASSUMED)).split("\n\n"),
    ]:
        assert table in page


@pytest.mark.long
def test_costs_are_measured_for_real(tmp_path: Path) -> None:
    found = unit_costs.measure(100, tmp_path / "100", diners=500, seconds=0.5)
    assert all(value > 0.0 for value in asdict(found).values())
    assert found.list_bytes_out > 5_000 > found.event_stored_bytes > 50
