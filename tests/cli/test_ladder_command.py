"""`tablestakes ladder`: one table of what each rung is worth and what it costs."""

import json

from tests.commands import tablestakes
from tests.conftest import SmallCity


def test_the_table_has_a_line_a_rung_with_what_was_measured(small_city: SmallCity, tmp_path):
    file = tmp_path / "ladder.json"
    command = ("ladder", str(small_city.dataset), "--model", "popular", "--model", "lightfm+lambdamart")
    told = tablestakes(*command, "--json", str(file), home=tmp_path / "home")
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines[-3:]] == ["model", "popular", "lightfm+lambdamart"]
    popular, both = json.loads(file.read_text())
    for rung in (popular, both):
        for figure in ("ndcg@10", "requests_ndcg@10"):
            measured = rung["figures"][figure]
            assert 0.0 < measured["low"] <= measured["value"] <= measured["high"] < 1.0
        assert rung["request_microseconds"]["median"] > 0.0
        assert rung["explained"] != "not known"
    assert both["serving_bytes"] > popular["serving_bytes"] > 0
    assert both["fit_seconds"] > popular["fit_seconds"]
