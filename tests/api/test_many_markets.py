"""Many markets in one process: in memory and out of it, added and retired meanwhile, and none in another's way."""

import asyncio
import gc
import shutil
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, update

from data.dataset import Dataset
from services.access.roles import SEATS, Role
from services.audit.trail import AuditTrail
from services.bootstrap import Services
from services.clock import Clock
from services.database.engine import open_database
from services.database.errors import StorageUnavailable
from services.database.schema import model_versions, policies
from services.database.transactions import writing
from services.releases.states import Move, State
from services.releases.store import ReleaseStore
from services.retraining.training import train_markets
from services.serving.shelf import Shelf
from services.serving.state import NotMapped, ServingState
from services.settings import Settings
from services.stakeholders.fronts import FrontStore
from tests.api.conftest import running
from tests.commands import tablestakes, tablestakes_process
from tests.conftest import open_keys
from tests.stakeholders.fronts import front, town

MARKETS = 3
SIZES = ("--restaurants", "60", "--diners", "120", "--days", "8", "--seed", "5")


@pytest.fixture(scope="session")
def three_cities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three markets."""
    path = tmp_path_factory.mktemp("markets") / "data"
    tablestakes("generate", *SIZES, "--markets", str(MARKETS), "--out", str(path), home=path.parent)
    return path


@pytest.fixture(scope="session")
def trained(three_cities: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has them all; the model is of the cheapest kind."""
    home = tmp_path_factory.mktemp("markets-home") / "home"
    told: list[str] = []
    list(
        train_markets(
            Settings(home=home),
            Dataset.open(three_cities),
            "popular",
            progress=lambda *_: None,
            passed_over=told.append,
        )
    )
    assert told == []
    return home


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    """A copy that one test may change."""
    home = tmp_path / "home"
    shutil.copytree(trained, home, ignore=shutil.ignore_patterns("redis"))
    return home


class Asked:
    """A running application, asked by any role."""

    def __init__(self, client: TestClient, home: Path) -> None:
        self.client = client
        self.home = home
        self.services: Services = client.app.state.services  # type: ignore[attr-defined]
        with open_keys(home) as keys:
            self.keys = dict(keys)

    @property
    def state(self) -> ServingState:
        return self.services.state

    @property
    def markets(self) -> list[str]:
        return list(self.state.served)

    def __call__(self, role: str, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[Role(role)]}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    def list_of(self, market: str | None, user_id: str = "anybody") -> httpx2.Response:
        asked = {"user_id": user_id} | ({} if market is None else {"market": market})
        return self("app", "GET", "/v1/recommendations", params=asked)

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """In the application's own event loop."""
        assert self.client.portal is not None
        return self.client.portal.call(work)

    def figure(self, name: str) -> float:
        """A metric without labels."""
        text = self.client.get("/metrics").text
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))

    def event(self, market: str | None, restaurant_id: str, number: int) -> dict[str, Any]:
        sent = {"event_id": f"e{number}", "type": "click", "user_id": "anybody", "restaurant_id": restaurant_id}
        sent["at"] = datetime.now(UTC).isoformat()
        receipt = self("app", "POST", "/v1/events", json=sent | ({} if market is None else {"market": market}))
        assert receipt.status_code == 202, receipt.text
        body: dict[str, Any] = receipt.json()
        return body


@pytest.fixture
def asked(home: Path) -> Iterator[Asked]:
    """All markets in memory."""
    with running(home) as client:
        yield Asked(client, home)


@pytest.fixture
def cramped(home: Path) -> Iterator[Asked]:
    """Memory for one market."""
    with running(home, markets_in_memory=1) as client:
        yield Asked(client, home)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.02)


def places_of(asked: Asked, market: str) -> list[str]:
    listed = asked("app", "GET", "/v1/restaurants", params={"market": market, "limit": 5}).json()["items"]
    return [item["restaurant_id"] for item in listed]


# -- in memory and out of it


def test_a_process_with_room_for_one_answers_for_all_and_holds_one(cramped: Asked) -> None:
    markets = cramped.markets
    assert len(markets) == MARKETS
    assert len(cramped.state.snapshots) == 1
    for market in [*markets, *markets]:
        answer = cramped.list_of(market)
        assert (answer.status_code, answer.json()["market"]) == (200, market), answer.text
        assert list(cramped.state.snapshots) == [market]
    assert cramped.figure("tablestakes_markets_served") == MARKETS
    assert cramped.figure("tablestakes_market_evictions_total") >= 2 * MARKETS - 2
    listed = cramped("app", "GET", "/v1/markets").json()["items"]
    assert [item["market"] for item in listed] == markets
    assert all(item["restaurants"] == 60 and item["model"]["name"] == "popular" for item in listed)


def test_lists_are_the_same_whether_or_not_the_market_had_left(asked: Asked, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "cramped"
    shutil.copytree(trained, other, ignore=shutil.ignore_patterns("redis"))
    with running(other, markets_in_memory=1) as client:
        cramped = Asked(client, other)
        for market in [*asked.markets, *asked.markets]:
            mine, theirs = (one.list_of(market).json()["items"] for one in (asked, cramped))
            assert [item["restaurant_id"] for item in mine] == [item["restaurant_id"] for item in theirs]


def test_what_leaves_memory_is_let_go(cramped: Asked) -> None:
    first, second = cramped.markets[:2]
    cramped.list_of(first)
    held = weakref.ref(cramped.state.snapshots[first])
    cramped.list_of(second)

    def gone() -> bool:
        gc.collect()
        return held() is None

    until(gone)


def test_the_least_recently_asked_makes_room(home: Path) -> None:
    with running(home, markets_in_memory=2, refresh_seconds=60) as client:
        asked = Asked(client, home)
        first, second, third = asked.markets
        for market in (first, second, first, third):
            asked.list_of(market)
        assert list(asked.state.snapshots) == sorted((first, third))


def test_however_many_ask_for_a_market_it_is_read_once(cramped: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    away = next(market for market in cramped.markets if market not in cramped.state.snapshots)
    rebuilt: list[str] = []
    rebuild = Shelf.rebuild

    def slowly(self: Shelf, info: Any, *rest: Any) -> bool:
        rebuilt.append(info.market)
        time.sleep(0.2)
        return rebuild(self, info, *rest)

    monkeypatch.setattr(Shelf, "rebuild", slowly)

    async def crowd() -> list[Any]:
        return await asyncio.gather(*(cramped.state.snapshot(away) for _ in range(30)))

    got = cramped.run(crowd)
    assert rebuilt == [away]
    assert len({id(snapshot) for snapshot in got}) == 1


def test_who_hangs_up_takes_nothing_from_those_who_wait_on(cramped: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    away = next(market for market in cramped.markets if market not in cramped.state.snapshots)
    rebuild = Shelf.rebuild

    def slowly(self: Shelf, *given: Any) -> bool:
        time.sleep(0.2)
        return rebuild(self, *given)

    monkeypatch.setattr(Shelf, "rebuild", slowly)

    async def one_hangs_up() -> str:
        first, second = (asyncio.create_task(cramped.state.snapshot(away)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        return (await second).info.market

    assert cramped.run(one_hangs_up) == away


def test_what_changed_while_a_market_was_away_is_there_when_it_comes(cramped: Asked) -> None:
    first, second = cramped.markets[:2]
    cramped.list_of(first)
    cramped.list_of(second)
    place = places_of(cramped, second)[0]
    body = cramped("app", "GET", f"/v1/restaurants/{place}").json()
    kept = {name: value for name, value in body.items() if name != "restaurant_id"}
    stored = cramped("sales", "PUT", "/v1/restaurants/just-opened", json={**kept, "market": first})
    assert stored.status_code == 200, stored.text
    until(lambda: cramped.state.listed[first].restaurants == 61)
    cramped.list_of(first)
    assert "just-opened" in cramped.state.snapshots[first].catalogue.row_of
    assert cramped("app", "GET", "/v1/restaurants/just-opened").json()["market"] == first


def test_what_changes_while_a_market_comes_in_is_not_missed(cramped: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change comes after the catalogue was read and is seen by a look before the market is in memory."""
    away = next(market for market in cramped.markets if market not in cramped.state.snapshots)
    known = cramped.services.catalogue.restaurants(away)[0]
    rebuild = Shelf.rebuild
    changed: list[str] = []

    def changing(self: Shelf, *given: Any) -> bool:
        if not changed:
            changed.append(away)
            cramped.services.catalogue.put_restaurant(known.model_copy(update={"restaurant_id": "meanwhile"}))
            until(lambda: cramped.state.listed[away].restaurants == 61)  # a look has seen it
            time.sleep(0.1)
        return rebuild(self, *given)

    monkeypatch.setattr(Shelf, "rebuild", changing)
    assert cramped.list_of(away).status_code == 200
    until(lambda: "meanwhile" in cramped.state.snapshots[away].catalogue.row_of)


def test_a_round_in_which_nothing_changed_reads_as_little_however_many_markets_there_are(home: Path) -> None:
    with running(home, refresh_seconds=60, follow_releases_seconds=60) as client:
        asked = Asked(client, home)
        statements: list[str] = []
        engine = asked.services.catalogue._engine
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        asked.run(asked.state.refresh)
        statements.clear()
        asked.run(asked.state.refresh)
        read = [statement for statement in statements if statement.startswith("SELECT")]
        assert len(read) == 2, read  # what has changed, and the keys
        statements.clear()
        asked.run(asked.state.follow_releases)
        assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1


def test_a_start_warms_as_many_diners_however_many_markets_there_are(home: Path, three_cities: Path) -> None:
    with running(home, warm_up_diners=2 * MARKETS) as client:
        asked = Asked(client, home)

        async def warm(market: str) -> list[str]:
            ids = sorted(Dataset.open(three_cities).diners(market)["user_id"].astype(str))
            found = [await asked.services.cache.diner(market, user_id) for user_id in ids[:10]]
            return [user_id for user_id, one in zip(ids, found, strict=False) if one.state is not None]

        for market in asked.markets:
            assert len(asked.run(lambda market=market: warm(market))) == 2, market


def test_a_market_that_makes_room_during_a_round_does_not_break_it_off(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round waits for a market that is coming in, which takes the place of one that the round has yet to see."""
    with running(home, markets_in_memory=2, refresh_seconds=60) as client:
        asked = Asked(client, home)
        first, second, third = asked.markets
        for market in (second, first):  # so it is the second that goes
            asked.list_of(market)
            known = asked.services.catalogue.restaurants(market)[0]
            asked.services.catalogue.put_restaurant(known.model_copy(update={"restaurant_id": "just-opened"}))
        rebuild = Shelf.rebuild

        def slowly(self: Shelf, *given: Any) -> bool:
            time.sleep(0.2)
            return rebuild(self, *given)

        monkeypatch.setattr(Shelf, "rebuild", slowly)

        async def round_of_its_own() -> None:
            coming = asyncio.create_task(asked.state.snapshot(third))
            await asyncio.sleep(0.05)
            await asked.state.refresh()
            await coming

        asked.run(round_of_its_own)
        assert list(asked.state.snapshots) == [first, third]
        assert "just-opened" in asked.state.snapshots[first].catalogue.row_of


def test_a_move_is_followed_while_markets_are_asked_for(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread beside the event loop, on which each request makes its market the most recently asked."""

    class Asking(dict[str, int]):
        def get(self, market: str, default: int = 0) -> int:  # type: ignore[override]
            asked.run(lambda: asked.state.snapshot(market))
            return default

    releases = asked.services.releases
    monkeypatch.setattr(releases, "moves", Asking)
    monkeypatch.setattr(releases, "clock", lambda: -1)
    asked.run(asked.state.follow_releases)


def test_what_could_not_be_read_in_a_round_is_read_in_the_next(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> int:
        raise StorageUnavailable("the database is away")

    with running(home, refresh_seconds=60) as client:
        asked = Asked(client, home)
        market = asked.markets[0]
        known = asked.services.catalogue.restaurants(market)[0]
        asked.services.catalogue.put_restaurant(known.model_copy(update={"restaurant_id": "just-opened"}))
        with monkeypatch.context() as patched:
            patched.setattr(asked.services.campaigns, "version", away)
            asked.run(asked.state.refresh)
        assert asked.state.listed[market].restaurants == 61  # the look has seen it, and will not see it again
        assert "just-opened" not in asked.state.snapshots[market].catalogue.row_of
        asked.run(asked.state.refresh)
        assert "just-opened" in asked.state.snapshots[market].catalogue.row_of


def test_a_move_that_could_not_be_read_is_followed_in_the_next_round(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def moves() -> dict[str, int]:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise StorageUnavailable("the database is away")
        return {}

    with running(home, refresh_seconds=60, follow_releases_seconds=60) as client:
        asked = Asked(client, home)
        monkeypatch.setattr(asked.services.releases, "moves", moves)
        monkeypatch.setattr(asked.services.releases, "clock", lambda: 1_000_000)
        for _ in range(3):
            asked.run(asked.state.follow_releases)
        assert rounds == [0, 1]  # seen when it is served, and then no more


def test_a_trial_whose_artifact_was_away_joins_when_it_is_back(home: Path, three_cities: Path) -> None:
    settings = Settings(home=home)
    told: list[str] = []
    list(
        train_markets(settings, Dataset.open(three_cities), "random", progress=lambda *_: None, passed_over=told.append)
    )
    engine = open_database(settings.resolved_database_url)
    clock = Clock()
    releases = ReleaseStore(engine, AuditTrail(engine, clock), clock)
    market = sorted(path.name for path in settings.artifacts.iterdir())[0]
    challenger = next(one for one in releases.releases(market) if one.state is State.CHALLENGER).version
    releases.move(market, challenger.version, Move.CANARY, role="infra", share=0.5)
    engine.dispose()
    there = Path(challenger.path)
    aside = there.rename(there.with_name("aside"))
    with running(home) as client:
        asked = Asked(client, home)
        assert asked.list_of(market).json()["model"]["name"] == "popular"
        assert asked.state.snapshots[market].trial is None
        aside.rename(there)
        until(lambda: asked.state.snapshots[market].trial is not None)


def test_a_market_that_nobody_can_read_is_its_own_matter_too(home: Path) -> None:
    """From the start on: a row that another program wrote keeps no process from serving the rest."""
    settings = Settings(home=home)
    engine = open_database(settings.resolved_database_url)
    broken = sorted(path.name for path in settings.artifacts.iterdir())[0]
    row = {"market": broken, "name": "balanced", "version": 7, "document": "no JSON", "created_at": datetime.now(UTC)}
    with writing(engine) as connection:
        connection.execute(policies.insert(), row)
    engine.dispose()
    with running(home) as client:
        asked = Asked(client, home)
        answer = asked.list_of(broken)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["detail"] == f"market {broken!r} cannot be read; the log says why"
        for market in asked.markets:
            if market != broken:
                assert asked.list_of(market).status_code == 200


def test_a_market_whose_model_is_damaged_is_its_own_matter(home: Path) -> None:
    broken = sorted(path.name for path in (home / "artifacts").iterdir())[0]
    [version] = (home / "artifacts" / broken).iterdir()
    for file in version.glob("*.safetensors"):
        file.write_bytes(b"nothing")
    engine = open_database(Settings(home=home).resolved_database_url)
    with writing(engine) as connection:  # the home is a copy: its paths still lead into the first one
        connection.execute(update(model_versions).where(model_versions.c.market == broken).values(path=str(version)))
    engine.dispose()
    with running(home, markets_in_memory=2) as client:
        asked = Asked(client, home)
        answer = asked.list_of(broken)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert broken in answer.json()["detail"]
        for market in asked.markets:
            if market != broken:
                assert asked.list_of(market).status_code == 200
        with pytest.raises(NotMapped):
            asked.run(lambda: asked.state.snapshot(broken))
        # What it takes to mend it goes on.
        assert asked("infra", "GET", "/v1/releases", params={"market": broken}).status_code == 200


def test_a_diner_is_found_in_a_market_that_is_away(cramped: Asked, three_cities: Path) -> None:
    for market in [*cramped.markets, *cramped.markets]:
        diner = str(Dataset.open(three_cities).diners(market)["user_id"].iloc[0])
        answer = cramped.list_of(None, diner)
        assert (answer.status_code, answer.json()["market"]) == (200, market)
    nobody = cramped.list_of(None, "nobody-knows-me")
    assert (nobody.status_code, "name one of" in nobody.json()["detail"]) == (422, True)


def test_events_of_a_market_that_is_away_are_taken_without_bringing_it_in(cramped: Asked) -> None:
    first, second = cramped.markets[:2]
    place = places_of(cramped, first)[0]
    cramped.list_of(second)
    assert cramped.event(first, place, 1)["accepted"] == 1
    assert cramped.event(None, place, 2)["accepted"] == 1
    assert "is not in market" in cramped.event(second, place, 3)["rejected"][0]["problem"]
    assert "is not in market" in cramped.event(cramped.markets[2], place, 5)["rejected"][0]["problem"]  # away too
    assert "no market has" in cramped.event(None, "nowhere", 4)["rejected"][0]["problem"]
    assert list(cramped.state.snapshots) == [second]


def test_an_event_of_a_restaurant_of_two_markets_is_of_the_one_that_is_served(asked: Asked) -> None:
    first, second = asked.markets[:2]
    for market in (first, second):
        known = asked.services.catalogue.restaurants(market)[0]
        asked.services.catalogue.put_restaurant(known.model_copy(update={"restaurant_id": "both"}))
    tablestakes("market", "retire", first, home=asked.home)
    until(lambda: first not in asked.state.served and "both" in asked.state.snapshots[second].catalogue.row_of)
    assert asked.event(None, "both", 1)["accepted"] == 1
    assert [asked.services.event_log.count(market) for market in (first, second)] == [0, 1]


# -- a market's life


def test_a_market_is_retired_and_brought_back_while_it_is_served(asked: Asked) -> None:
    market, other = asked.markets[:2]
    place = places_of(asked, market)[0]
    tablestakes("market", "retire", market, "--reason", "the city is over", home=asked.home)
    until(lambda: market not in asked.state.served)
    gone = asked.list_of(market)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:tablestakes:problem:market-retired")
    assert "was retired on" in gone.json()["detail"]
    until(lambda: market not in asked.state.snapshots)
    assert asked.list_of(other).status_code == 200
    for role, path in (("infra", "/v1/freeze"), ("sales", "/v1/campaigns"), ("app", "/v1/popular")):
        assert asked(role, "GET", path, params={"market": market}).status_code == 410, path
    assert [item["market"] for item in asked("app", "GET", "/v1/markets").json()["items"]] == asked.markets
    # What happened before is still taken.
    assert asked.event(market, place, 1)["accepted"] == 1
    assert asked.event(None, place, 2)["accepted"] == 1
    [record] = asked("auditor", "GET", "/v1/audit-trail", params={"action": "market.retire"}).json()["items"]
    assert (record["market"], record["document"]["reason"]) == (market, "the city is over")
    shown = tablestakes("market", "list", home=asked.home).stdout
    assert "retired" in next(line for line in shown.splitlines() if line.startswith(market))
    tablestakes("market", "reinstate", market, home=asked.home)
    until(lambda: market in asked.state.snapshots)
    assert asked.list_of(market).status_code == 200


def test_a_diner_of_a_retired_market_can_be_forgotten(asked: Asked, three_cities: Path) -> None:
    market = asked.markets[0]
    place = places_of(asked, market)[0]
    assert asked.event(market, place, 1)["accepted"] == 1
    diner = str(Dataset.open(three_cities).diners(market)["user_id"].iloc[0])
    tablestakes("market", "retire", market, home=asked.home)
    until(lambda: market not in asked.state.served)
    assert asked("app", "DELETE", f"/v1/users/{diner}").status_code == 200
    erased = asked("app", "DELETE", "/v1/users/anybody")  # has no profile anywhere
    assert (erased.status_code, erased.json()["events"]) == (200, 1)


def test_a_market_is_added_while_others_are_served(three_cities: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second, _ = Dataset.open(three_cities).markets
    tablestakes("market", "add", str(three_cities), "--market", first, "--model", "popular", home=home)
    with running(home) as client:
        asked = Asked(client, home)
        assert asked.markets == [first]
        added = tablestakes_process(
            "market", "add", str(three_cities), "--market", second, "--model", "popular", home=home
        )
        assert f"{second}: popular-" in added.stdout
        until(lambda: second in asked.state.snapshots)
        assert asked.list_of(second).status_code == 200
        campaigns = asked("sales", "GET", "/v1/campaigns", params={"market": second}).json()["items"]
        assert campaigns
        assert all(each["market"] == second for each in campaigns)
        assert asked.list_of(None).status_code == 422  # it was enough to name none before
    again = tablestakes("market", "add", str(three_cities), "--market", second, home=home, check=False)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


# -- none in another's way


def test_a_freeze_of_one_market_holds_nothing_up_in_another(asked: Asked, three_cities: Path) -> None:
    frozen, free = asked.markets[:2]
    tablestakes("train", str(three_cities), "--model", "random", home=asked.home)
    until(lambda: len(_versions(asked, free)) == 2)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"reason": "an outage", "until": tomorrow}
    assert asked("infra", "PUT", "/v1/freeze", params={"market": frozen}, json=body).status_code == 200
    states = {}
    for market in (frozen, free):
        challenger = next(each["version"] for each in _versions(asked, market) if each["state"] == "challenger")
        path = f"/v1/releases/{challenger}/promote"
        states[market] = asked("infra", "POST", path, params={"market": market}, json={}).status_code
    assert states == {frozen: 409, free: 200}
    until(lambda: asked.list_of(free).json()["model"]["name"] == "random")
    assert asked.list_of(frozen).json()["model"]["name"] == "popular"
    assert asked("infra", "GET", "/v1/freeze", params={"market": free}).json()["frozen"] is False


def _versions(asked: Asked, market: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = asked("infra", "GET", "/v1/releases", params={"market": market}).json()["items"]
    return items


def test_each_market_has_its_own_active_policy(asked: Asked) -> None:
    one, other = asked.markets[:2]
    stored = asked("ml", "PUT", "/v1/policies/nearer", params={"market": one}, json={"shortlist": 95})
    assert stored.status_code == 200, stored.text
    assert asked("sales", "GET", "/v1/policies/nearer", params={"market": other}).status_code == 404
    activated = asked(
        "admin", "POST", "/v1/policies/nearer/activate", params={"market": one}, json={"override": True, "reason": "x"}
    )
    assert activated.status_code == 200, activated.text
    until(lambda: asked.list_of(one).json()["policy"]["name"] == "nearer")
    assert asked.list_of(other).json()["policy"]["name"] == "balanced"


def test_a_negotiation_of_one_market_touches_no_policy_of_another(asked: Asked) -> None:
    one, other = asked.markets[:2]
    store = FrontStore(asked.services.catalogue._engine, asked.services.trail)
    for market in (one, other):
        store.put(market, front(town(), town(8, days=182)), "admin")
    demands = {"limits": [{"measure": "orders_per_1000", "at_least": 700}]}
    assert asked("product", "PUT", "/v1/demands/product", params={"market": one}, json=demands).status_code == 200
    settled = asked("product", "POST", "/v1/negotiations", params={"market": one}, json={})
    assert settled.status_code == 200, settled.text
    named = settled.json()["policy"]
    for market, expected in ((one, 200), (other, 404)):
        path = f"/v1/policies/{named['name']}"
        assert asked("ml", "GET", path, params={"market": market}).status_code == expected
    assert asked("ml", "GET", "/v1/demands/product", params={"market": other}).status_code == 404
    assert asked("ml", "GET", "/v1/negotiations", params={"market": other}).json()["items"] == []
    for number, seat in enumerate(SEATS, 1):
        body = {"version": named["version"], "reason": "agreed"}
        path = f"/v1/policies/{named['name']}/sign-offs"
        signed = asked(seat, "POST", path, params={"market": one}, json=body)
        assert signed.json()["active"] is (number == len(SEATS)), signed.text
    until(lambda: asked.list_of(one).json()["policy"]["name"] == named["name"])
    assert asked.list_of(other).json()["policy"]["name"] == "balanced"


def test_a_campaign_pays_in_its_own_market_only(asked: Asked) -> None:
    one, other = asked.markets[:2]
    place = places_of(asked, one)[0]
    body = {"market": one, "restaurant_id": place, "payer": "Them", "bid": 50, "billing": "click"}
    body |= {"daily_budget": 10_000, "total_budget": 100_000}
    assert asked("sales", "PUT", "/v1/campaigns/ours", json=body).status_code == 200
    elsewhere = asked("sales", "PUT", "/v1/campaigns/ours", json={**body, "market": other})
    assert (elsewhere.status_code, place in elsewhere.json()["detail"]) == (422, True)
    until(lambda: [each.campaign_id for each in asked.state.snapshots[one].book.campaigns] == ["ours"])
    assert asked.state.snapshots[other].book.campaigns == ()
    assert asked("sales", "GET", "/v1/campaigns/ours", params={"market": other}).status_code == 404
    rows = [asked.state.snapshots[one].catalogue.row_of[place]]
    assert np.asarray(asked.state.snapshots[one].book.rows).tolist() == rows
