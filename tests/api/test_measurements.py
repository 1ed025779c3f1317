"""What was measured beside the serving, over HTTP."""

from collections.abc import Callable

import httpx2
from fastapi.testclient import TestClient

from services.measurements import MeasurementName, keep
from tests.conftest import SmallCity


def test_the_last_measurement_is_shown_and_a_missing_one_says_what_measures_it(
    server: TestClient, as_role: Callable[[str], Callable[..., httpx2.Response]], small_city: SmallCity
) -> None:
    auditor = as_role("auditor")
    missing = auditor("GET", "/v1/measurements/ladder")
    assert missing.status_code == 200
    nothing = missing.json()
    assert "`tablestakes measure DIR` measures it" in nothing["note"]
    assert [nothing[name] for name in ("measured_at", "snapshot", "seed", "document")] == [None] * 4
    assert auditor("GET", "/v1/measurements/ladder?market=nowhere").status_code in (404, 422)

    root = server.app.state.services.settings.measurements  # type: ignore[attr-defined]
    keep(root, small_city.market, MeasurementName.LADDER, "a" * 64, 3, {"rungs": [{"model": "popular"}]})
    found = auditor("GET", "/v1/measurements/ladder").json()
    (root / small_city.market / "ladder.json").unlink()

    assert found["note"] is None
    assert found["document"] == {"rungs": [{"model": "popular"}]}
    assert (found["name"], found["snapshot"], found["seed"]) == ("ladder", "a" * 64, 3)
    assert auditor("GET", "/v1/measurements/weather").status_code == 422
    assert as_role("app")("GET", "/v1/measurements/ladder").status_code == 403
