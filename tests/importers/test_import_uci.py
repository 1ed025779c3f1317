"""The real UCI set: exact counts, every refused row explained, the same bytes twice."""

import csv
import shutil
from collections import Counter

import pytest

from data.columns import Table
from data.dataset import Dataset
from data.importers import ImportFailed, import_dataset
from data.importers.uci import TOWNS, nearest_town
from data.schemas import SCHEMAS

READ = {
    "geoplaces2.csv": 130,
    "chefmozcuisine.csv": 916,
    "chefmozaccepts.csv": 1314,
    "chefmozparking.csv": 702,
    "chefmozhours4.csv": 2339,
    "userprofile.csv": 138,
    "usercuisine.csv": 330,
    "userpayment.csv": 177,
    "rating_final.csv": 1161,
}
ABOUT_UNKNOWN_PLACES = {
    "chefmozhours4.csv": 1955,
    "chefmozaccepts.csv": 1061,
    "chefmozcuisine.csv": 804,
    "chefmozparking.csv": 572,
}


@pytest.fixture(scope="module")
def imported(uci_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("uci") / "dataset"
    return import_dataset("uci", uci_folder, out), Dataset.open(out)


def test_the_counts_are_those_of_the_set(imported):
    report, dataset = imported
    assert report.tables == {Table.EVENTS: 1161, Table.RESTAURANTS: 130, Table.DINERS: 138}
    assert {file: count.read for file, count in report.files.items()} == READ
    assert dict(dataset.restaurants()["market"].value_counts()) == {
        "san-luis-potosi": 84,
        "cuernavaca": 23,
        "ciudad-victoria": 23,
    }
    assert Counter(dataset.events()["value"]) == {1.0: 254, 3.0: 421, 5.0: 486}


def test_the_tables_fulfil_their_schemas(imported):
    _, dataset = imported
    for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
        SCHEMAS[table].validate(getattr(dataset, table)(), lazy=True)


def test_every_refused_row_is_explained(imported):
    report, dataset = imported
    assert report.reasons == {(file, "not in geoplaces2.csv"): n for file, n in ABOUT_UNKNOWN_PLACES.items()}
    assert all(count.read == count.kept + count.refused for count in report.files.values())
    with (dataset.path / "rejects.csv").open(encoding="utf-8", newline="") as stream:
        rejects = list(csv.DictReader(stream))
    assert Counter(row["file"] for row in rejects) == ABOUT_UNKNOWN_PLACES
    described = set(dataset.restaurants()["restaurant_id"])
    assert not described & {row["value"] for row in rejects}
    assert {row["effect"] for row in rejects} == {"row refused"}


def test_a_rejects_line_is_the_line_of_the_file(imported, uci_folder):
    _, dataset = imported
    with (dataset.path / "rejects.csv").open(encoding="utf-8", newline="") as stream:
        for row in list(csv.DictReader(stream))[::500]:
            line = (uci_folder / row["file"]).read_text(encoding="utf-8").splitlines()[int(row["line"]) - 1]
            assert line.split(",")[0] == row["value"]


def test_diner_u1077_of_san_luis_potosi(imported):
    _, dataset = imported
    diners = dataset.diners("san-luis-potosi").set_index("user_id")
    assert (diners.loc["U1077", "home_lat"], diners.loc["U1077", "home_lon"]) == (22.156469, -100.98554)
    assert {"budget=medium", "payment=visa", "cuisine=mexican"} <= set(diners.loc["U1077", "profile"])
    assert list(diners.loc["U1077", "protected"]) == [
        "religion=catholic",
        "marital_status=married",
        "children=kids",
        "age_group=18-24",
        "weight_kg=60-79",
        "height_cm=170-179",
    ]
    events = dataset.events("san-luis-potosi")
    assert len(events[events["user_id"] == "U1077"]) == 5


def test_nothing_protected_is_in_the_profile(imported):
    _, dataset = imported
    profile = {tag.partition("=")[0] for tags in dataset.diners()["profile"] for tag in tags}
    protected = {tag.partition("=")[0] for tags in dataset.diners()["protected"] for tag in tags}
    assert protected == {"religion", "marital_status", "children", "age_group", "weight_kg", "height_cm"}
    assert not profile & protected


def test_diners_stand_where_they_rated(imported):
    _, dataset = imported
    for town in TOWNS:
        restaurants = set(dataset.restaurants(town.market)["restaurant_id"])
        diners = set(dataset.diners(town.market)["user_id"])
        events = dataset.events(town.market)
        assert set(events["restaurant_id"]) <= restaurants
        assert set(events["user_id"]) <= diners
    away = dataset.diners()[dataset.diners()["home_lat"].isna()]
    assert sorted(away["user_id"]) == ["U1004", "U1014", "U1059", "U1069", "U1094", "U1106"]


def test_opening_hours_of_known_places(imported):
    _, dataset = imported
    hours = dataset.restaurants().set_index("restaurant_id")["hours"]
    assert list(hours["132825"]) == [minute for day in range(7) for minute in (day * 1440 + 540, day * 1440 + 720)]
    assert list(hours["135088"]) == [minute for day in range(5) for minute in (day * 1440 + 540, day * 1440 + 960)]
    assert hours["135085"] is None, "closed on all days of the week: not known"
    assert hours.isna().sum() == 10
    past_sunday = hours.dropna()[lambda cells: cells.map(lambda cell: cell[0] == 0 and cell[-1] == 10_080)]
    assert len(past_sunday) > 0


def test_cuisines_and_tags(imported):
    _, dataset = imported
    restaurants = dataset.restaurants().set_index("restaurant_id")
    cuisines = Counter(word for words in restaurants["cuisines"] for word in words)
    assert (len(cuisines), cuisines["mexican"], cuisines["bar pub brewery"]) == (23, 28, 6)
    assert sum(len(words) == 0 for words in restaurants["cuisines"]) == 35
    tags = Counter(tag for words in restaurants["tags"] for tag in words)
    assert tags["payment=visa"] == 51
    assert tags["parking=valet parking"] == 3
    assert tags["area=open"] == 15
    assert tags["alcohol=wine-beer"] == 34


def test_names_keep_letters_and_accents(imported):
    report, dataset = imported
    names = set(dataset.restaurants()["name"])
    assert "Cenaduria El Rincón de Tlaquepaque" in names
    assert "Taqueria EL amigo" in names
    assert "carnitas mata" in names
    assert any("El Rinc\N{REPLACEMENT CHARACTER}n de San Francisco" in text for text in report.assumptions)


def test_the_same_files_give_the_same_bytes(imported, uci_folder, tmp_path):
    _, dataset = imported
    import_dataset("uci", uci_folder, tmp_path / "again")
    for file in dataset.path.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


def test_a_missing_file_is_named(uci_folder, tmp_path):
    shutil.copytree(uci_folder, tmp_path / "part")
    (tmp_path / "part/userprofile.csv").unlink()
    (tmp_path / "part/rating_final.csv").unlink()
    with pytest.raises(ImportFailed, match=r"lacks rating_final\.csv, userprofile\.csv: name the folder"):
        import_dataset("uci", tmp_path / "part", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_bad_row_among_good_ones(uci_folder, tmp_path):
    folder = tmp_path / "dirty"
    shutil.copytree(uci_folder, folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    with (folder / "rating_final.csv").open("a", encoding="utf-8") as stream:
        stream.write("U1077,135085,2,2,2\nU9999,135085,1,1,1\nU1077,1,2,2,2\nU1001,135085,NaN,1,1\nU1001\n")
    report = import_dataset("uci", folder, tmp_path / "out")
    assert report.tables[Table.EVENTS] == 1161
    assert {reason: n for (file, reason), n in report.reasons.items() if file == "rating_final.csv"} == {
        "rated twice: the first rating stands": 1,
        "not in userprofile.csv": 1,
        "not in geoplaces2.csv": 1,
        "rating is none of 0, 1, 2": 1,
        "fewer cells than the header": 1,
    }


def test_bad_rows_of_the_other_files(uci_folder, tmp_path):
    folder = tmp_path / "dirty"
    shutil.copytree(uci_folder, folder)
    bad = {
        "geoplaces2.csv": [
            "135085,22.1,-100.9,x,Twice,?,?,?,?,?,?,none,none,casual,none,low,?,quiet,f,open,none",
            "1,nan,-100.9,x,Nowhere,?,?,?,?,?,?,none,none,casual,none,low,?,quiet,f,open,none",
            "2,22.1,-100.9,x,Dear,?,?,?,?,?,?,none,none,casual,none,dear,?,quiet,f,open,none",
        ],
        "chefmozhours4.csv": ["132825,09:00-12:00;,Sat;", "132825,9 to 5;,Sat;", "132825,09:00-10:00;,Someday;"],
        "usercuisine.csv": ["U1077,Mexican", "U1077,?"],
        "userprofile.csv": [
            "U1,22.1,-100.9,false,abstemious,informal,family,public,single,kids,1830,none,x,none,student,red,heavy,low,1.7"
        ],
    }
    for name, lines in bad.items():
        (folder / name).chmod(0o644)
        with (folder / name).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)
    report = import_dataset("uci", folder, tmp_path / "out")
    assert report.tables == {Table.EVENTS: 1161, Table.RESTAURANTS: 131, Table.DINERS: 139}
    reasons = Counter({key: n for key, n in report.reasons.items() if key[1] != "not in geoplaces2.csv"})
    assert reasons == {
        ("geoplaces2.csv", "place listed twice: the first one stands"): 1,
        ("geoplaces2.csv", "not a number"): 1,
        ("chefmozhours4.csv", "said twice: once is enough"): 1,
        ("chefmozhours4.csv", "not opening hours such as 09:00-22:30"): 1,
        ("chefmozhours4.csv", "not a day of the week such as Mon"): 1,
        ("usercuisine.csv", "said twice: once is enough"): 1,
        ("usercuisine.csv", "no value"): 1,
    }
    assert report.left_out == {
        ("geoplaces2.csv", "price is none of low, medium, high"): 1,
        ("userprofile.csv", "not within 1890 to 2010"): 1,
        ("userprofile.csv", "not a number"): 1,
    }
    assert any("rows read / kept / refused" in line for line in report.lines())


def test_a_diner_is_in_each_town_in_which_he_rated(uci_folder, tmp_path):
    folder = tmp_path / "traveller"
    shutil.copytree(uci_folder, folder)
    (folder / "rating_final.csv").chmod(0o644)
    with (folder / "rating_final.csv").open("a", encoding="utf-8") as stream:
        stream.write("U1077,134999,2,2,2\n")  # Kiku, Cuernavaca
    import_dataset("uci", folder, tmp_path / "out")
    rows = Dataset.open(tmp_path / "out").diners().query("user_id == 'U1077'").set_index("market")
    assert sorted(rows.index) == ["cuernavaca", "san-luis-potosi"]
    assert rows["home_lat"].isna()["cuernavaca"]
    assert not rows["home_lat"].isna()["san-luis-potosi"]


@pytest.mark.parametrize("town", TOWNS, ids=lambda town: town.market)
def test_the_nearest_town_of_a_main_square_is_its_own(town):
    assert nearest_town(town.lat, town.lon) == town.market
