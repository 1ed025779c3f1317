"""The catalogue: what goes in comes out the same, on both servers."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from happenings import NOON
from pydantic import ValidationError
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from sqlalchemy import Engine

from data import columns as col
from services.catalogue.folding import fold
from services.catalogue.records import Diner, Restaurant
from services.catalogue.store import CatalogueError, CatalogueStore

BARE = Restaurant(restaurant_id="bare", market="aldermoor", name="Bare", lat=51.0, lon=-1.0)
FULL = Restaurant(
    restaurant_id="r-1/é:\U0001f600",
    market="aldermoor",
    name="Señor «Taco» \U0001f32e",
    lat=-89.99999999999999,
    lon=179.12345678901234,
    cuisines=("mexican", "tex-mex"),
    price_level=4,
    chain="Taco & Co",
    district="old town",
    opened_at=datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-6))),
    hours=(0, 120, 600, 10_080),
    delivery=True,
    tags=("wifi=free",),
)


@pytest.fixture
def store(engine: Engine) -> CatalogueStore:
    store = CatalogueStore(engine)
    store.load(ALDERMOOR, restaurants("Thai House", "Café Niño", "Niño Express"), diners("d1", "d2", "D3"))
    return store


def test_a_table_comes_back_as_records(store: CatalogueStore) -> None:
    assert store.markets() == [ALDERMOOR]
    assert store.restaurants("aldermoor")[0] == Restaurant(
        restaurant_id="r1",
        market="aldermoor",
        name="Thai House",
        lat=51.0,
        lon=-1.0,
        cuisines=("thai",),
        price_level=2,
        chain=None,
        district="north",
        opened_at=NOON - timedelta(days=900),
        hours=(600, 1_320),
        delivery=True,
        tags=("terrace=yes",),
    )
    assert store.diner("aldermoor", "d1") == Diner(
        user_id="d1", market="aldermoor", home_lat=51.0, home_lon=-1.0, profile=("diet=vegan",), protected=("age=60+",)
    )


def test_what_is_not_known_comes_back_as_none(store: CatalogueStore) -> None:
    unknown: dict[str, Any] = {
        col.PRICE_LEVEL: pd.array([None], "Int8"),
        col.OPENED_AT: pd.Series([pd.NaT], dtype="datetime64[us, UTC]"),
        col.HOURS: [None],
        col.CUISINES: [np.asarray([], object)],
        col.RESTAURANT_ID: ["unknown"],
    }
    nowhere = {col.HOME_LAT: [np.nan], col.HOME_LON: [np.nan]}
    store.load(ALDERMOOR, restaurants("Nobody Knows", **unknown), diners("d9", **nowhere))
    found = store.restaurant("aldermoor", "unknown")
    assert found is not None
    assert found.cuisines == ()
    assert {found.price_level, found.opened_at, found.hours, found.chain} == {None}
    diner = store.diner("aldermoor", "d9")
    assert diner is not None
    assert (diner.home_lat, diner.home_lon) == (None, None)


@pytest.mark.parametrize("record", [BARE, FULL], ids=["bare", "full"])
def test_a_restaurant_comes_back_the_same(store: CatalogueStore, record: Restaurant) -> None:
    assert store.put_restaurant(record) == record
    assert store.restaurant("aldermoor", record.restaurant_id) == record
    assert store.find_restaurant(record.restaurant_id) == record
    changed = record.model_copy(update={"name": "Other", "price_level": 1})
    store.put_restaurant(changed)
    assert store.restaurant("aldermoor", record.restaurant_id) == changed
    assert len(store.restaurants("aldermoor")) == 4


def test_the_version_rises_with_each_change_of_the_restaurants_alone(store: CatalogueStore) -> None:
    seen = [store.version("aldermoor")]
    store.put_restaurant(BARE)
    seen.append(store.version("aldermoor"))
    store.delete_restaurant("aldermoor", "bare")
    seen.append(store.version("aldermoor"))
    store.load(ALDERMOOR, restaurants("Thai House"), diners())
    seen.append(store.version("aldermoor"))
    assert seen == sorted(set(seen))
    assert not store.delete_restaurant("aldermoor", "bare")
    store.put_diner(Diner(user_id="d1", market="aldermoor"))
    store.delete_diner("aldermoor", "d1")
    assert store.version("aldermoor") == seen[-1]
    assert store.version("nowhere") == 0


def test_loading_again_replaces_and_keeps_the_others(store: CatalogueStore) -> None:
    store.load(ALDERMOOR.model_copy(update={"title": "New"}), restaurants("Renamed"), diners("d2", "d7"))
    assert [place.name for place in store.restaurants("aldermoor")] == ["Renamed", "Café Niño", "Niño Express"]
    assert [diner.user_id for diner in store.diners("aldermoor", None, 10)] == ["D3", "d1", "d2", "d7"]
    assert store.markets()[0].title == "New"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({col.LAT: [51.0, np.inf]}, "row 1: lat"),
        ({col.LAT: [91.0, 1.0]}, "row 0: lat"),
        ({col.NAME: ["", "x"]}, "row 0: name"),
        ({col.NAME: ["x", "a\0b"]}, "row 1: name"),
        ({col.RESTAURANT_ID: ["ok", "not ok"]}, "row 1: restaurant_id"),
        ({col.HOURS: [[1, 2, 3], None]}, "row 0: hours"),
        ({col.HOURS: [[2, 1], None]}, "row 0: hours"),
        ({col.MARKET: ["aldermoor", "bramble"]}, "row 1: it belongs to market 'bramble'"),
    ],
)
def test_one_bad_row_stops_the_whole_load_and_is_named(
    store: CatalogueStore, changes: dict[str, Any], place: str
) -> None:
    before = (store.restaurants("aldermoor"), store.version("aldermoor"))
    with pytest.raises(CatalogueError, match=place):
        store.load(ALDERMOOR, restaurants("A", "B", **changes), diners())
    assert (store.restaurants("aldermoor"), store.version("aldermoor")) == before


def test_markets_do_not_see_each_other(store: CatalogueStore) -> None:
    store.load(BRAMBLE, restaurants("Elsewhere", of="bramble"), diners("d1", of="bramble"))
    assert [place.name for place in store.restaurants("bramble")] == ["Elsewhere"]
    assert store.search("bramble", "niño", 10) == []
    store.delete_restaurant("bramble", "r1")
    store.delete_diner("bramble", "d1")
    assert len(store.restaurants("aldermoor")) == 3
    assert store.find_diner("d1") == store.diner("aldermoor", "d1")


def test_a_record_of_no_market_is_refused(store: CatalogueStore) -> None:
    with pytest.raises(CatalogueError, match="no market 'nowhere'"):
        store.put_restaurant(BARE.model_copy(update={"market": "nowhere"}))
    with pytest.raises(CatalogueError, match="no market 'nowhere'"):
        store.put_diner(Diner(user_id="d1", market="nowhere"))


@pytest.mark.parametrize("odd", ["", "nobody", "a\0b", "\ud800", "%", "x" * 10_000])
def test_an_id_that_is_not_there_finds_nothing(store: CatalogueStore, odd: str) -> None:
    assert store.restaurant("aldermoor", odd) is None
    assert store.find_restaurant(odd) is None
    assert store.diner("aldermoor", odd) is None
    assert store.find_diner(odd) is None
    assert not store.delete_diner("aldermoor", odd)
    assert not store.delete_restaurant("aldermoor", odd)
    assert store.search("aldermoor", odd + "\0\ud800", 5) == []


def test_pages_of_diners_are_complete_and_without_repeats(store: CatalogueStore) -> None:
    ids = sorted(f"p{number}" for number in range(25))
    store.load(ALDERMOOR, restaurants("A"), diners(*ids))
    seen: list[str] = []
    while page := store.diners("aldermoor", seen[-1] if seen else None, 7):
        assert len(page) <= 7
        seen += [diner.user_id for diner in page]
    assert seen == ["D3", "d1", "d2", *ids]
    with_prefix = [diner.user_id for diner in store.diners("aldermoor", None, 50, "p2")]
    assert with_prefix == [name for name in ids if name.startswith("p2")]
    assert [diner.user_id for diner in store.diners("aldermoor", None, 50, "d")] == ["d1", "d2"]
    assert store.diners("aldermoor", None, 50, "%") == []
    assert store.diners("aldermoor", "a\0", 50) == []


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("NINO", ["Niño Express", "Café Niño"]),  # those that begin with it come first
        ("niño café", ["Café Niño"]),
        ("  cafe\tnin ", ["Café Niño"]),
        ("thai", ["Thai House", "Café Niño", "Niño Express"]),  # also the cuisine
        ("house thai", ["Thai House"]),
        ("sushi", []),
        ("%", []),
        ("_", []),
    ],
)
def test_search_knows_neither_case_nor_accents(store: CatalogueStore, q: str, names: list[str]) -> None:
    assert [place.name for place in store.search("aldermoor", q, 10)] == names
    assert [place.name for place in store.search("aldermoor", q, 1)] == names[:1]


def test_folding() -> None:
    assert fold("Café «El Niño»") == "cafe el nino"
    assert fold("STRASSE Straße") == "strasse strasse"
    assert fold("Smørrebrød & Øl") == "smorrebrod ol"
    assert fold("℡ Nº 5") == "tel no 5"
    assert fold("寿司 \0\ud800") == "寿司"
    assert fold(fold("Ærø")) == fold("Ærø") == "aero"


@pytest.mark.parametrize(
    "changes",
    [
        {"lat": float("nan")},
        {"lon": 180.0000001},
        {"price_level": 0},
        {"price_level": 5},
        {"restaurant_id": ""},
        {"restaurant_id": "x" * 129},
        {"restaurant_id": "a b"},
        {"market": "Aldermoor"},
        {"name": "x" * 201},
        {"name": "\ud800"},
        {"chain": "a\0"},
        {"cuisines": ("",)},
        {"cuisines": ("x",) * 21},
        {"tags": ("novalue",)},
        {"hours": (0, 10_081)},
        {"opened_at": datetime(2026, 1, 1)},
        {"surprise": 1},
    ],
)
def test_a_restaurant_outside_the_bounds_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Restaurant(**{**FULL.model_dump(), **changes})


def test_a_home_is_a_whole_place() -> None:
    with pytest.raises(ValidationError, match="come together"):
        Diner(user_id="d1", market="aldermoor", home_lat=1.0)


def test_times_are_kept_in_utc() -> None:
    assert FULL.opened_at == datetime(2020, 3, 1, 5, 59, 59, 999_999, tzinfo=UTC)
    assert FULL.opened_at is not None
    assert FULL.opened_at.tzinfo is UTC


def test_features_are_what_may_be_learnt_from() -> None:
    assert set(FULL.features()) == {"cuisines", "price_level", "chain", "district", "delivery", "tags"}
