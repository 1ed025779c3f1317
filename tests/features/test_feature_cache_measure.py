"""The measuring script runs, and what it says of memory is what the format says."""

from services.features import measure


def test_it_prints_both_tables(capsys):
    measure.main(["--rounds", "1", "--calls", "32", "--diners", "50"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    memory = {(row[0], row[1]): [float(cell) for cell in row[2:]] for row in rows if row[0] in ("32", "64")}
    assert len(memory) == 6
    assert memory["64", "8"][0] == 48 + 4 * 64 + 13 * 8
    assert all(bytes_in_redis > blob for blob, bytes_in_redis, *_ in memory.values())
    assert sum("FeatureCache.diner" in row[0] for row in rows) == 2, "on both event loops"
