"""Seats and the scorecard over HTTP; a seventh seat by one entry; costs and durations of a real server."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.access.roles import SEATS, Role
from services.clock import Clock
from services.database.engine import open_database
from services.settings import Settings
from services.simulation.walk_in import ApiClient
from services.stakeholders.scorecard.card import Scorecard, document
from services.stakeholders.scorecard.store import Scorecards
from services.stakeholders.seats import SEATS as REGISTRY
from services.stakeholders.seats import Direction, Measure, Seat, signing
from tests.api.conftest import serving
from tests.commands import tablestakes
from tests.conftest import SmallCity

if TYPE_CHECKING:
    from tests.api.release_caller import Caller

ROOT = Path(__file__).parents[2]


def numbers_of(card: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {number["key"]: number for seat in card["seats"] for number in seat["numbers"]}


def test_the_seats_are_those_of_the_registry(as_role: Callable[[str], Callable[..., httpx2.Response]]) -> None:
    items = as_role("auditor")("GET", "/v1/seats").json()["items"]

    assert [item["seat"] for item in items] == [seat.name for seat in REGISTRY]
    assert [item["seat"] for item in items if item["signs"]] == list(SEATS)
    assert {"diners", "restaurants"} == {item["seat"] for item in items if not item["signs"]}
    assert all(item["number"]["negotiable"] for item in items)


def test_the_scorecard_has_every_seats_numbers(as_role: Callable[[str], Callable[..., httpx2.Response]]) -> None:
    card = as_role("fairness")("GET", "/v1/scorecard", params={"days": 28}).json()

    assert card["days"] == 28
    assert [seat["seat"] for seat in card["seats"]] == [seat.name for seat in REGISTRY]
    for number in numbers_of(card).values():
        assert (number["measured"]["value"] is None) <= bool(number["reason"]), number
    assert numbers_of(card)["ndcg@10"]["measured"]["value"] > 0.0


@pytest.mark.parametrize(("query", "status"), [("days=0", 422), ("days=29", 422), ("market=nowhere", 404)])
def test_a_scorecard_that_cannot_be_is_refused(
    as_role: Callable[[str], Callable[..., httpx2.Response]], query: str, status: int
) -> None:
    assert as_role("ml")("GET", f"/v1/scorecard?{query}").status_code == status


def test_who_would_have_to_wait_for_a_scorecard_is_told_when_to_ask_again(
    server: TestClient, as_role: Callable[[str], Callable[..., httpx2.Response]]
) -> None:
    scorecards = server.app.state.services.scorecards  # type: ignore[attr-defined]
    with scorecards._working:
        busy = as_role("ml")("GET", "/v1/scorecard", params={"days": 19})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert "over 19 days is kept yet: ask again" in busy.json()["detail"]
    assert as_role("ml")("GET", "/v1/scorecard", params={"days": 19}).status_code == 200


def test_what_a_server_takes_for_its_lists_is_on_the_scorecard(fresh_home: Path, small_city: SmallCity) -> None:
    """Beside a client's watch and the kernel's account of the process."""
    taken = []
    with serving(fresh_home) as (port, pid), closing(ApiClient("127.0.0.1", port, small_city.keys["app"])) as api:
        time.sleep(2.5)  # a span of the counters: the one in which the first list falls begins after the start
        idle = cpu_seconds(pid)
        for number in range(600):
            started = time.perf_counter()
            api.call("GET", f"/v1/recommendations?user_id=d0-{number:06d}")
            taken.append(1000.0 * (time.perf_counter() - started))
        found = counted(fresh_home, small_city.market, 600)
        spent = cpu_seconds(pid) - idle

    p50, p99 = (found[f"latency_{name}_ms"]["measured"]["value"] for name in ("p50", "p99"))
    assert 0.0 < p50 <= p99 <= 1.1 * max(taken)
    assert p50 <= 1.1 * sorted(taken)[300]
    per_1000 = found["cpu_ms_per_1000"]["measured"]["value"]
    assert 0.5 * spent <= per_1000 * 0.6 / 1000.0 <= 1.25 * spent + 0.1
    assert 20.0 < found["memory_mib"]["measured"]["value"] < 20_000.0
    assert found["explained_share"]["measured"]["value"] == 1.0


def cpu_seconds(pid: int) -> float:
    file = Path(f"/proc/{pid}/stat")
    if not file.exists():
        pytest.skip("needs /proc")
    fields = file.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def counted(home: Path, market: str, answers: int) -> dict[str, dict[str, Any]]:
    """The numbers when so many answers, and their lists, are in the database."""
    settings = Settings(home=home)
    engine = open_database(settings.resolved_database_url)
    cards = Scorecards(engine, Clock(), settings.objectives)
    deadline = time.monotonic() + 30.0
    found: dict[str, dict[str, Any]] = {}
    while time.monotonic() < deadline:
        found = numbers_of_card(cards.fresh(market))
        if found["latency_p99_ms"]["n"] == answers and found["explained_share"]["n"]:
            break
        time.sleep(0.3)
    engine.dispose()
    return found


def numbers_of_card(card: Scorecard) -> dict[str, dict[str, Any]]:
    return numbers_of(document(card))


def test_a_promotion_that_is_taken_back_is_a_change_that_failed(call: "Caller", small_city: SmallCity) -> None:
    def failures() -> dict[str, Any]:
        return numbers_of_card(call.services.scorecards.fresh(small_city.market))

    versions = {item["state"]: item["version"] for item in call("infra", "GET", "/v1/releases").json()["items"]}
    before = failures()
    call("infra", "POST", f"/v1/releases/{versions['challenger']}/promote", json={})
    call("infra", "POST", f"/v1/releases/{versions['champion']}/rollback", json={})
    after = failures()

    assert before["change_failures"]["measured"]["value"] == 0.0
    assert after["change_failures"]["measured"]["value"] == pytest.approx(0.5)
    assert after["rollbacks"]["measured"]["value"] == 1.0
    assert after["rollbacks"]["course"] == "worse"


def test_the_command_writes_what_the_route_answers(small_city: SmallCity, fresh_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "card.json"

    shown = tablestakes("scorecard", "--days", "3", "--json", str(file), home=fresh_home)

    card = json.loads(file.read_text())
    assert (card["market"], card["days"]) == (small_city.market, 3)
    assert [seat["seat"] for seat in card["seats"]] == [seat.name for seat in REGISTRY]
    for seat in REGISTRY:
        assert any(line.startswith(seat.name) for line in shown.stdout.splitlines()), seat.name
    ill = tablestakes("scorecard", "--market", "nowhere", home=fresh_home, check=False)
    assert (ill.returncode, len(ill.stderr.splitlines())) == (2, 1)


def test_the_command_reads_a_datasets_log_without_a_home(small_city: SmallCity, tmp_path: Path) -> None:
    file, home = tmp_path / "card.json", tmp_path / "home"
    command = ("scorecard", "--data", str(small_city.dataset))

    shown = tablestakes(*command, "--days", "3", "--json", str(file), home=home)

    numbers = numbers_of(json.loads(file.read_text()))
    assert numbers["orders_per_1000"]["measured"]["value"] > 0.0
    assert numbers["orders_per_1000"]["trend"]["value"] is not None
    assert numbers["fee_revenue_per_1000"]["measured"]["value"] is None
    assert shown.stdout.startswith(f"scorecard of {small_city.market}, 3 days")
    assert not home.exists()
    for wrong, words in (
        ((*command, "--market", "nowhere"), f"no market 'nowhere'; there are {small_city.market}"),
        (("scorecard", "--data", str(tmp_path / "nothing")), "nothing"),
    ):
        ill = tablestakes(*wrong, home=home, check=False)
        assert (ill.returncode, words in ill.stderr, len(ill.stderr.splitlines())) == (2, True, 1), ill.stderr


SEVENTH = """
    Seat(
        "couriers",
        "Couriers",
        "short ways",
        Measure(
            "orders_per_list",
            "orders a list",
            "",
            Direction.UP,
            lambda window: Estimate(window.diners["orders"].sum() / 2.0, 0.0, 9.0, 2, "lists"),
            simulated=lambda tally: tally.orders / tally.requests,
        ),
        limits=(Limit("orders_per_list", at_least=0.25),),
    ),
)


def signing("""
ASKED = """
import json, sys
from pathlib import Path
from fastapi.testclient import TestClient
from services.access.roles import Role, SEATS
from services.api.app import create_app
from services.settings import Settings
from services.stakeholders.seats import signing

with TestClient(create_app(Settings(home=Path(sys.argv[1]), redis_timeout_ms=2_000))) as client:
    keys = json.loads((Path(sys.argv[1]) / "keys.json").read_text())
    bearer = {"Authorization": "Bearer " + keys["couriers"]}
    get = lambda path: client.get(path, headers=bearer)
    print(json.dumps({
        "roles": list(SEATS),
        "typed": Role.SALES is Role("sales"),
        "signing": [seat.name for seat in signing()],
        "seats": [item["seat"] for item in get("/v1/seats").json()["items"]],
        "card": get("/v1/scorecard").json(),
        "policies": get("/v1/policies").status_code,
        "promote": client.post("/v1/releases/x/promote", headers=bearer, json={}).status_code,
    }))
"""


def test_a_seventh_seat_is_one_entry(fresh_home: Path, tmp_path: Path) -> None:
    """One edit of one file: a role, a key, its place in the routes, on the scorecard and among those who sign."""
    shutil.copytree(ROOT / "services", tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__"))
    for other in ("models", "data"):
        (tmp_path / other).symlink_to(ROOT / other)
    registry = tmp_path / "services" / "stakeholders" / "seats.py"
    text = registry.read_text()
    assert text.count("\n)\n\n\ndef signing(") == 1
    registry.write_text(text.replace("\n)\n\n\ndef signing(", SEVENTH))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(fresh_home)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["typed"]
    assert found["roles"] == found["signing"] == [*SEATS, "couriers"]
    assert found["seats"][-1] == "couriers"
    (number,) = next(seat for seat in found["card"]["seats"] if seat["seat"] == "couriers")["numbers"]
    assert (number["key"], number["of"], number["negotiable"]) == ("orders_per_list", "lists", True)
    assert number["target"] == {"at_least": 0.25, "at_most": None, "source": "registry", "verdict": "open"}
    assert (found["policies"], found["promote"]) == (200, 403)


def test_each_seat_that_signs_has_a_role_and_no_other_has() -> None:
    assert {seat.name for seat in signing()} | {"app", "auditor", "admin"} == {role.value for role in Role}
    with pytest.raises(ValueError, match="small letters"):
        Seat("Night Shift", "", "", Measure("x", "", "", Direction.UP))
    with pytest.raises(ValueError, match="cannot be negotiated"):
        Seat("couriers", "", "", Measure("x", "", "", Direction.UP, live_only=True))
