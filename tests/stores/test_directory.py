"""What a process knows of all markets, on both servers: what changed is found by one read, and nothing else is."""

from datetime import timedelta

import pytest
from happenings import NOON
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from selling_records import StoppedClock
from sqlalchemy import Engine, event

from services.audit.trail import ANCHOR, AuditTrail
from services.catalogue.records import Restaurant
from services.catalogue.store import CatalogueStore
from services.database.schema import audit_trail, serving_minutes
from services.database.transactions import writing
from services.markets.life import MarketError, MarketLife
from services.releases.registry import ModelRegistry
from services.serving.directory import Directory
from services.stakeholders.policies import PolicyStore
from services.stakeholders.policy import Policy

NEW = Restaurant(restaurant_id="new", market="bramble", name="New", lat=51.0, lon=-1.0)


@pytest.fixture
def catalogue(engine: Engine) -> CatalogueStore:
    """Two markets."""
    store = CatalogueStore(engine)
    store.load(ALDERMOOR, restaurants("A", "B"), diners("d1"))
    store.load(BRAMBLE, restaurants("C", of="bramble"), diners("d2", of="bramble"))
    return store


@pytest.fixture
def life(engine: Engine) -> MarketLife:
    clock = StoppedClock(NOON)
    return MarketLife(engine, AuditTrail(engine, clock), clock)


def test_the_first_look_finds_all_and_the_next_nothing(engine: Engine, catalogue: CatalogueStore) -> None:
    directory = Directory(engine)
    assert directory.look() == {"aldermoor", "bramble"}
    assert {market: one.restaurants for market, one in directory.listed.items()} == {"aldermoor": 2, "bramble": 1}
    assert directory.served == {}  # nobody has trained a model
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert directory.look() == ()
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


def test_a_write_to_a_catalogue_and_the_use_of_a_lever_are_found_in_their_market_only(
    engine: Engine, catalogue: CatalogueStore
) -> None:
    directory, clock = Directory(engine), StoppedClock(NOON)
    directory.look()
    catalogue.put_restaurant(NEW)
    assert directory.look() == {"bramble"}
    assert directory.listed["bramble"].restaurants == 2
    PolicyStore(engine, AuditTrail(engine, clock), clock).put("aldermoor", Policy(name="p"), None, "ml")
    assert directory.look() == {"aldermoor"}
    ModelRegistry(engine).register("bramble", "v1", "popular", "/nowhere", {})
    assert directory.look() == {"bramble"}
    assert [(one.model, one.version) for one in directory.served.values()] == [("popular", "v1")]


def test_anchors_of_served_lists_are_no_change(engine: Engine, catalogue: CatalogueStore) -> None:
    directory, trail = Directory(engine), AuditTrail(engine, StoppedClock(NOON))
    directory.look()
    with writing(engine) as connection:
        trail.record(connection, role="system", action=ANCHOR, market="aldermoor", subject="1", document={})
    assert directory.look() == set()


def test_a_trail_that_was_cut_is_looked_at_from_the_beginning(engine: Engine, catalogue: CatalogueStore) -> None:
    directory, clock = Directory(engine), StoppedClock(NOON)
    PolicyStore(engine, AuditTrail(engine, clock), clock).put("aldermoor", Policy(name="p"), None, "ml")
    directory.look()
    with writing(engine) as connection:
        connection.execute(audit_trail.delete())
    assert directory.look() == {"aldermoor", "bramble"}


def test_a_retired_market_is_listed_and_not_served(engine: Engine, catalogue: CatalogueStore, life: MarketLife) -> None:
    directory = Directory(engine)
    ModelRegistry(engine).register("bramble", "v1", "popular", "/nowhere", {})
    directory.look()
    assert life.retire("bramble", "admin", "enough") is True
    assert life.retire("bramble", "admin") is False
    assert directory.look() == {"bramble"}
    assert (list(directory.served), directory.listed["bramble"].retired_at) == ([], NOON)
    assert [info.market for info in catalogue.markets()] == ["aldermoor"]
    assert [info.market for info in catalogue.markets(retired=True)] == ["aldermoor", "bramble"]
    assert [one.state for one in life.standing()] == ["waiting", "retired"]
    catalogue.load(BRAMBLE, restaurants("C", of="bramble"), diners("d2", of="bramble"))
    directory.look()
    assert list(directory.served) == []  # a catalogue that is loaded again does not bring the market back
    assert life.reinstate("bramble", "admin") is True
    assert life.reinstate("bramble", "admin") is False
    assert directory.look() == {"bramble"}
    assert list(directory.served) == ["bramble"]
    page = AuditTrail(engine, StoppedClock(NOON)).page("bramble")
    assert [record.action for record in page[:2]] == ["market.reinstate", "market.retire"]


def test_what_is_nowhere_is_told(life: MarketLife) -> None:
    for change in (life.retire, life.reinstate):
        with pytest.raises(MarketError, match="market list"):
            change("nowhere", "admin")


def test_restaurants_are_found_in_whatever_market_they_are(catalogue: CatalogueStore, life: MarketLife) -> None:
    life.retire("bramble", "admin")
    assert catalogue.located(["r1", "r2", "nobody", "\0"]) == {"r1": ["aldermoor", "bramble"], "r2": ["aldermoor"]}
    assert catalogue.located([]) == {}


def test_the_most_asked_come_first(engine: Engine, catalogue: CatalogueStore) -> None:
    directory = Directory(engine)
    for market in ("aldermoor", "bramble"):
        ModelRegistry(engine).register(market, "v1", "popular", "/nowhere", {})
    directory.look()
    assert directory.by_use(NOON) == ["aldermoor", "bramble"]
    counted = {"model_version": "v1", "trial": 0, "errors": 0, "slow": 0}
    with writing(engine) as connection:
        for market, requests, hours in (("aldermoor", 9, 30), ("aldermoor", 1, 1), ("bramble", 2, 1)):
            minute = int((NOON - timedelta(hours=hours)).timestamp() // 60)
            row = {"market": market, "minute": minute, "requests": requests, **counted}
            connection.execute(serving_minutes.insert(), row)
    assert directory.by_use(NOON) == ["bramble", "aldermoor"]
