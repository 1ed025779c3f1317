"""Check-ins: layouts, mappings, time formats, repeat visits, bad rows."""

from pathlib import Path

import pytest

from data.columns import Table
from data.dataset import Dataset
from data.importers import ImportFailed, ImportOptions, import_dataset
from data.schemas import SCHEMAS

FOURSQUARE = (
    "470\t49bbd6c0\t4bf58dd8\tArts & Crafts Store\t40.7198\t-74.0026\t-240\tTue Apr 03 18:00:09 +0000 2012\n"
    "979\t4a43c0ae\t4bf58dd8\tBridge\t40.6068\t-74.0442\t-240\tTue Apr 03 18:00:25 +0000 2012\n"
    "470\t49bbd6c0\t4bf58dd8\tArts & Crafts Store\t40.7198\t-74.0026\t-240\tWed Apr 04 18:00:09 +0000 2012\n"
)
GOWALLA = (
    "0\t2010-10-19T23:55:27Z\t30.2359091167\t-97.7951395833\t22847\n"
    "0\t2010-10-18T22:17:43Z\t30.2691029532\t-97.7493953705\t420315\n"
)
NAMED = "when,who,where\n1333476009,a,x\n1333476009000,b,x\n2012-04-03 18:00:09,c,y\n"


def run(tmp_path: Path, text: str, **options) -> tuple:
    source = tmp_path / "visits.txt"
    source.write_bytes(text.encode())
    report = import_dataset("checkins", source, tmp_path / "out", ImportOptions(**options))
    dataset = Dataset.open(tmp_path / "out")
    for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
        SCHEMAS[table].validate(getattr(dataset, table)(), lazy=True)
    return report, dataset


def test_foursquare_without_a_header_keeps_repeat_visits(tmp_path):
    report, dataset = run(tmp_path, FOURSQUARE, market="new-york", time_zone="America/New_York", currency="USD")
    assert report.tables == {Table.EVENTS: 3, Table.RESTAURANTS: 2, Table.DINERS: 2}
    events = dataset.events("new-york")
    assert list(events["type"].unique()) == ["order"]
    assert str(events["at"].iloc[0]) == "2012-04-03 18:00:09+00:00"
    assert len(events[(events["user_id"] == "470") & (events["restaurant_id"] == "49bbd6c0")]) == 2
    places = dataset.restaurants().set_index("restaurant_id")
    assert list(places.loc["4a43c0ae", "cuisines"]) == ["bridge"]
    assert (places.loc["4a43c0ae", "lat"], places.loc["4a43c0ae", "lon"]) == (40.6068, -74.0442)
    assert dataset.market("new-york").time_zone == "America/New_York"
    assert dataset.manifest.repeats


def test_gowalla_without_a_header(tmp_path):
    _, dataset = run(tmp_path, GOWALLA)
    assert dataset.markets == ("imported",)
    assert list(dataset.events()["restaurant_id"]) == ["22847", "420315"]
    assert str(dataset.events()["at"][0]) == "2010-10-19 23:55:27+00:00"


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        (NAMED, {"user": "who", "place": "where", "time": "when"}),
        (NAMED.split("\n", 1)[1], {"user": "1", "place": "2", "time": "0"}),
        (NAMED.replace("when,who,where", "Timestamp,User ID,venue_id"), {}),
        (NAMED.replace(",", "\t").replace("when\twho\twhere", "time\tuser\tplace"), {}),
    ],
    ids=["by header", "by number", "known headers", "tabs"],
)
def test_columns_are_found_by_name_and_by_number(tmp_path, text, mapping):
    report, dataset = run(tmp_path, text, mapping=mapping)
    events = dataset.events()
    assert list(zip(events["user_id"], events["restaurant_id"], strict=True)) == [("a", "x"), ("b", "x"), ("c", "y")]
    assert {str(at) for at in events["at"]} == {"2012-04-03 18:00:09+00:00"}, "three formats of one instant"
    assert any("no usable coordinates" in text for text in report.assumptions)


def test_bad_rows_cost_themselves_only(tmp_path):
    bad = (
        "user,place,time,lat,lon\n"
        "a,x,2012-04-03T18:00:09Z,10,20\n"
        "a,x,2012-04-03T18:00:09Z,10,20\n"  # the same instant
        "a,x,2012-04-03T18:00:10Z,10,20\n"
        "b,y,yesterday,10,20\n"
        "b,y,inf,10,20\n"
        "b,y,-5,10,20\n"
        "b,y,2200-01-01,10,20\n"
        ",y,2012-04-03,10,20\n"
        "b,y y,2012-04-03,10,20\n"
        "b,z,2012-04-03,NaN,20\n"
        "b,w,2012-04-03,?,\n"
        "b,z\n"
    )
    report, dataset = run(tmp_path, bad)
    assert report.reasons == {
        ("visits.txt", "the same visit at the same instant: once is enough"): 1,
        ("visits.txt", "not a time"): 2,
        ("visits.txt", "time before 1970 or after 2099"): 2,
        ("visits.txt", "not an id: 1 to 128 characters without blanks"): 2,
        ("visits.txt", "fewer cells than the header"): 1,
    }
    assert report.left_out == {("visits.txt", "not a number"): 1}
    assert len(dataset.events()) == 4
    places = dataset.restaurants().set_index("restaurant_id")
    assert (places.loc["z", "lat"], places.loc["z", "lon"]) == (10.0, 20.0), "the centre"
    assert list(places.loc["z", "tags"]) == ["place=unknown"]


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        ("", {}, "is empty"),
        ("a,b\n1,2\n", {}, "no column for user, place, time among a, b: map it, as in --map user=COLUMN"),
        (NAMED, {"user": "who", "place": "where", "time": "hour"}, "has no column hour"),
        (NAMED, {"who": "user"}, "the mapping names who: ours are user, place, time"),
        (NAMED, {"user": "0", "place": "1", "time": "7"}, "has 3 columns, numbered from 0: map time to one"),
        ("\ufeffuser\n".encode("utf-16").decode("latin-1"), {}, "no column for"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, text, mapping, message):
    with pytest.raises(ImportFailed, match=message) as failed:
        run(tmp_path, text, mapping=mapping)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"market": "New York"}, "market key 'New York' is not allowed"),
        ({"time_zone": "Europe/Nowhere"}, "no time zone 'Europe/Nowhere'"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"currency": "euro"}, "'euro' is no currency"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, message):
    with pytest.raises(ImportFailed, match=message):
        run(tmp_path, FOURSQUARE, **options)


def test_an_unknown_kind_and_a_missing_file(tmp_path):
    with pytest.raises(ImportFailed, match="choose one of uci, movielens, checkins, csv"):
        import_dataset("excel", tmp_path, tmp_path / "out")
    with pytest.raises(ImportFailed, match=r"nothing\.tsv does not exist"):
        import_dataset("checkins", tmp_path / "nothing.tsv", tmp_path / "out")
    with pytest.raises(ImportFailed, match="cannot be read: Is a directory"):
        import_dataset("checkins", tmp_path, tmp_path / "out")
