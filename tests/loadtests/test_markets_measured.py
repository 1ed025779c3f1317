"""What a market costs: the arithmetic of the table, and one short real run."""

from pathlib import Path

import pytest

import loadtests.markets as markets_measured
from loadtests.homes import Home
from loadtests.markets import Built, Found, Served, changes, holds, lines, main, measure_in_turns


def found(markets: int, training: float = 10.0, micros: float = 600.0, gib: float = 2.0) -> Found:
    return Found(markets, Built(1.0, training), (Served(1, 0.5, 9.0, micros, gib),))


def test_a_change_is_of_the_largest_number_against_the_smallest() -> None:
    got = changes([found(5), found(15, training=99.0), found(50, training=11.0, micros=540.0)])
    assert got == pytest.approx({"generating": 0.0, "training": 0.1, "a list, 1 process(es)": -0.1})
    assert "training: +10.0% from 5 to 50 markets" in lines([found(5), found(50, training=11.0)])


def test_it_holds_where_it_fits_and_costs_are_flat() -> None:
    assert holds([found(5), found(50, training=11.4)])
    assert not holds([found(5), found(50, training=11.6)])
    assert not holds([found(5), found(50, gib=6.1)])
    assert holds([found(5, gib=6.1), found(50)])
    assert holds([found(5), found(50, training=8.0)])  # cheaper by more is no growth


def test_all_are_served_by_turns_and_figures_are_medians(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def measured(_home: Home, markets: int, processes: int, _lists: int, _folder: Path) -> Served:
        asked.append((markets, processes))
        return Served(processes, 0.5, 9.0, [900.0, 500.0, 600.0][(len(asked) - 1) // 4] + markets, 2.0)

    monkeypatch.setattr(markets_measured, "measure", measured)
    homes = {number: Home(tmp_path, tmp_path) for number in (5, 50)}
    got = measure_in_turns(homes, [1, 2], 100, 3, tmp_path)
    there = [(5, 1), (5, 2), (50, 1), (50, 2)]
    assert asked == [*there, *there[::-1], *there]
    assert got == {number: tuple(Served(each, 0.5, 9.0, 600.0 + number, 2.0) for each in (1, 2)) for number in homes}


@pytest.mark.long
def test_a_short_run_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--processes", "1", "--json", str(tmp_path / "found.json")])
    table = capsys.readouterr().out
    assert "| 2 |" in table
    assert "| 4 |" in table
    assert (tmp_path / "found.json").exists()
