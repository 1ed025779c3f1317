"""A city that changes: the champion that nobody retrains falls behind, the loop recovers within two runs."""

from pathlib import Path

import pytest

from services.simulation.changed_city import Sizes, run


@pytest.mark.long
def test_the_loop_recovers_within_two_runs(tmp_path: Path) -> None:
    curve = run(tmp_path, Sizes(restaurants=80, diners=800, days=9))
    for day in curve:
        print(day.line())
    before = [day for day in curve if not day.changed]
    after = [day for day in curve if day.changed]
    level = sum(day.stale["value"] for day in before) / len(before)
    assert all(day.stale["high"] < level / 2 for day in after), "without retraining it falls, and stays there"
    recovered = [day for day in after if day.runs >= 2]
    assert recovered
    assert all(day.looped["low"] > day.stale["high"] and day.looped["high"] > 0.8 * level for day in recovered)
