"""One's own tables: mapping, suggestion, markets, diners, bad cells and bad rows."""

import json
from pathlib import Path

import pytest

from data.columns import Table
from data.dataset import Dataset
from data.importers import ImportFailed, ImportOptions, import_dataset
from data.importers.csv_tables import read_mapping, suggest
from data.schemas import SCHEMAS

RESTAURANTS = (
    "id;Nombre;Latitud;Longitud;Ciudad;Cocina;Precio;Horario;Terraza;Notes\n"
    "r1;La  Posada;22.15;-100.98;San Luis Potosí;Mexican|Bar;$$;Mon-Fri 11:00-15:00,18:00-01:00;yes;x\n"
    "r2;Käsehaus;22.16;-100.97;San Luis Potosí;;low;;;x\n"
    "r3;Kiku;18.92;-99.23;Cuernavaca;Japanese;4;0 600;no;x\n"
)
DINERS = "user_id,home_lat,home_lon,profile,Religion\nu1,22.15,-100.98,student|vegan=yes,none so far\nu2,,,,\n"
EVENTS = (
    "user,restaurant_id,time,type,value\n"
    "u1,r1,2026-01-02T20:00:00-06:00,order,25000\n"
    "u1,r1,2026-01-03T20:00:00-06:00,order,\n"
    "u1,r3,2026-01-04T20:00:00Z,rating,4\n"
    "u3,r2,1767600000,click,\n"
)
TERRACE = {"restaurants.tags.terrace": "Terraza", "diners.protected.religion": "Religion"}


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    return folder


def run(source: Path, **options) -> tuple:
    out = source.parent / "out"
    report = import_dataset("csv", source, out, ImportOptions(**options))
    dataset = Dataset.open(out)
    for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
        SCHEMAS[table].validate(getattr(dataset, table)(), lazy=True)
    return report, dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mine", restaurants=RESTAURANTS, diners=DINERS, events=EVENTS)


def test_known_headers_need_no_mapping(folder):
    report, dataset = run(folder)
    assert report.tables == {Table.EVENTS: 4, Table.RESTAURANTS: 3, Table.DINERS: 4}
    assert (report.reasons, report.left_out) == ({}, {})
    assert dataset.markets == ("cuernavaca", "san-luis-potosi")
    restaurants = dataset.restaurants().set_index("restaurant_id")
    assert restaurants.loc["r1", "name"] == "La Posada"
    assert list(restaurants.loc["r1", "cuisines"]) == ["mexican", "bar"]
    assert restaurants["price_level"].to_dict() == {"r1": 2, "r2": 1, "r3": 4}
    assert list(restaurants.loc["r1", "hours"][:4]) == [660, 900, 1080, 1500]
    assert list(restaurants.loc["r3", "hours"]) == [0, 600]
    assert restaurants.loc["r2", "hours"] is None
    assert any("restaurants.csv: not imported" in text and "Terraza, Notes" in text for text in report.assumptions)


def test_columns_become_tags_by_mapping(folder):
    _, dataset = run(folder, mapping=TERRACE)
    restaurants = dataset.restaurants().set_index("restaurant_id")
    assert [list(tags) for tags in restaurants.loc[["r1", "r2", "r3"], "tags"]] == [["terrace=yes"], [], ["terrace=no"]]
    diner = dataset.diners("san-luis-potosi").set_index("user_id").loc["u1"]
    assert list(diner["profile"]) == ["student=yes", "vegan=yes"]
    assert list(diner["protected"]) == ["religion=none so far"]


def test_events_and_diners_of_several_markets(folder):
    _, dataset = run(folder)
    events = dataset.events()
    assert list(events["market"]) == ["san-luis-potosi", "san-luis-potosi", "cuernavaca", "san-luis-potosi"]
    assert str(events["at"][0]) == "2026-01-03 02:00:00+00:00"
    assert list(events["event_id"]) == ["events-2", "events-3", "events-4", "events-5"]
    assert (events["value"][0], events["order_id"][0]) == (25_000.0, "events-2")
    diners = dataset.diners()
    assert sorted(zip(diners["user_id"], diners["market"], strict=True)) == [
        ("u1", "cuernavaca"),
        ("u1", "san-luis-potosi"),
        ("u2", "cuernavaca"),
        ("u3", "san-luis-potosi"),
    ]
    homes = diners[diners["user_id"] == "u1"].set_index("market")["home_lat"]
    assert homes["san-luis-potosi"] == 22.15
    assert homes.isna()["cuernavaca"]


def test_restaurants_alone_are_enough(tmp_path):
    report, dataset = run(write(tmp_path / "mine", restaurants=RESTAURANTS))
    assert report.tables == {Table.EVENTS: 0, Table.RESTAURANTS: 3, Table.DINERS: 0}
    assert not dataset.manifest.has_times
    assert any(text.startswith("No events") for text in report.assumptions)


def test_rows_are_stored_in_order_of_market_and_id_and_keep_their_district(tmp_path):
    text = "id,name,lat,lon,city,district\nb,B,1,2,Z,Docks\na,A,1,2,Z,?\nc,C,1,2,Y,\n"
    _, dataset = run(write(tmp_path / "mine", restaurants=text, events="user,restaurant_id\nv,b\nu,b\n"))
    assert list(dataset.restaurants()["restaurant_id"]) == ["c", "a", "b"]
    assert list(dataset.restaurants()["district"]) == ["centre", "centre", "Docks"]
    assert list(dataset.diners()["user_id"]) == ["u", "v"]


def test_a_file_of_the_folder_may_be_named(folder):
    report, _ = run(folder / "events.csv")
    assert report.tables[Table.EVENTS] == 4


def test_events_without_type_and_time(tmp_path):
    events = "user,restaurant_id,stars\nu1,r1,5\nu1,r1,4\nu1,r2,0\n"
    report, dataset = run(write(tmp_path / "mine", restaurants=RESTAURANTS, events=events))
    assert list(dataset.events()["type"]) == ["rating"]
    assert report.reasons == {
        ("events.csv", "the same event twice: once is enough"): 1,
        ("events.csv", "not within 1 to 5"): 1,
    }
    assert (dataset.manifest.has_times, dataset.manifest.repeats) == (False, False)
    visits = "user,restaurant_id\nu1,r1\nu1,r1\n"
    (tmp_path / "mine/events.csv").write_text(visits)
    _, dataset = run(tmp_path / "mine")
    assert list(dataset.events()["type"]) == ["order", "order"]
    assert dataset.manifest.repeats


def test_suggest_drafts_a_mapping_that_imports_the_same(folder):
    draft = suggest(folder)
    assert draft == {
        "restaurants.restaurant_id": "id",
        "restaurants.name": "Nombre",
        "restaurants.lat": "Latitud",
        "restaurants.lon": "Longitud",
        "restaurants.market": "Ciudad",
        "restaurants.cuisines": "Cocina",
        "restaurants.price_level": "Precio",
        "restaurants.hours": "Horario",
        "diners.user_id": "user_id",
        "diners.home_lat": "home_lat",
        "diners.home_lon": "home_lon",
        "diners.profile": "profile",
        "events.user_id": "user",
        "events.restaurant_id": "restaurant_id",
        "events.type": "type",
        "events.at": "time",
        "events.value": "value",
    }
    _, plain = run(folder)
    (folder / "map.json").write_text(json.dumps(draft))
    _, mapped = run(folder, mapping=read_mapping(folder / "map.json"))
    assert plain.snapshot == mapped.snapshot


def test_short_keys_of_the_mapping(tmp_path):
    folder = write(tmp_path / "mine", restaurants="a,b,c,d\nr1,Inn,1,2\n", events="who,a\nu1,r1\n")
    mapping = {"restaurant_id": "a", "name": "b", "lat": "c", "lon": "d", "user_id": "who"}
    report, _ = run(folder, mapping=mapping)
    assert report.tables == {Table.EVENTS: 1, Table.RESTAURANTS: 1, Table.DINERS: 1}


def test_bad_cells_and_bad_rows(folder):
    with (folder / "restaurants.csv").open("a", encoding="utf-8") as stream:
        stream.write("r1;Twice;1;2;Here;;;;;\n")
        stream.write("r4;Far;91;2;Here;;;;;\n")
        stream.write("r5;Nowhere;;2;Here;;;;;\n")
        stream.write("r6;;1;2;Here;;;;;\n")
        stream.write("r7;Odd;22.1;-100.9;San Luis Potosí;;9;Mo 25:00-26:00;;\n")
        stream.write("r 8;Blank;1;2;Here;;;;;\n")
        stream.write("r9;City;1;2;***;;;;;\n")
    with (folder / "events.csv").open("a", encoding="utf-8") as stream:
        stream.write("u1,r99,2026-01-04,order,\n")
        stream.write("u1,r1,tomorrow,order,\n")
        stream.write("u1,r1,2026-01-04,eaten,\n")
        stream.write("u1,r1,2026-01-05,order,Infinity\n")
        stream.write("u1,r1,2026-01-05,rating,\n")
    report, dataset = run(folder)
    assert {reason: n for (file, reason), n in report.reasons.items() if file == "restaurants.csv"} == {
        "listed twice: the first one stands": 1,
        "not within -90 to 90": 1,
        "not a number": 1,
        "no name": 1,
        "not an id: 1 to 128 characters without blanks": 1,
        "no market's name": 1,
    }
    assert {reason: n for (file, reason), n in report.reasons.items() if file == "events.csv"} == {
        "restaurant not described": 1,
        "not a time": 1,
        "type is none of impression, click, order, order_cancelled, rating, dismiss": 1,
        "not a number": 1,
    }
    assert sum(report.left_out.values()) == 3
    assert sorted(dataset.restaurants()["restaurant_id"]) == ["r1", "r2", "r3", "r7"]
    assert len(dataset.events()) == 5


@pytest.mark.parametrize(
    ("tables", "mapping", "message"),
    [
        ({}, {}, r"has no restaurants\.csv"),
        ({"restaurants": ""}, {}, "is empty"),
        (
            {"restaurants": "name,lat\n"},
            {},
            r"no column for restaurant_id, lon .*--map restaurants\.restaurant_id=COLUMN",
        ),
        ({"restaurants": RESTAURANTS, "events": "user,what\n"}, {}, "no column for restaurant_id"),
        ({"restaurants": RESTAURANTS}, {"restaurants.lat": "Breite"}, "no column 'Breite', which the mapping names"),
        ({"restaurants": RESTAURANTS}, {"restaurants.colour": "Notes"}, "'restaurants.colour', which is no column"),
        ({"restaurants": RESTAURANTS.replace("Notes", "Nombre")}, {}, "names the column Nombre twice"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(tmp_path, tables, mapping, message):
    with pytest.raises(ImportFailed, match=message) as failed:
        run(write(tmp_path / "mine", **tables), mapping=mapping)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', ""])
def test_a_mapping_that_is_none(tmp_path, text):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(ImportFailed, match=r"map\.json is no"):
        read_mapping(tmp_path / "map.json")
