"""MovieLens in the formats of its editions, written by a small generator."""

from pathlib import Path

import numpy as np
import pytest

from data.columns import Table
from data.dataset import Dataset
from data.importers import ImportFailed, import_dataset
from data.importers.documented import documented_split
from data.importers.movielens import GENRES
from data.schemas import SCHEMAS
from data.splits import Method

USERS, FILMS, PER_USER, HELD_OUT = 12, 40, 20, 10


def write_100k(folder: Path, split: bool = True) -> None:
    """u.data, u.item, u.user, ua.base, ua.test: tabs and pipes, Latin-1, no headers, in random order."""
    rng = np.random.default_rng(100)
    folder.mkdir()
    flags = rng.random((FILMS, len(GENRES))) < 0.15
    flags[:, 0] = False
    films = [
        f"{film}|Film No. {film}, The (19{50 + film})|01-Jan-19{50 + film}||http://example.org/?{film}|"
        + "|".join(str(int(flag)) for flag in flags[film - 1])
        for film in range(1, FILMS + 1)
    ]
    films[0] = "1|Misérables, Les (1995)|01-Jan-1995||http://example.org/|" + "|".join("0001" + "0" * 15)
    (folder / "u.item").write_bytes("\n".join([*films, ""]).encode("latin-1"))
    jobs = rng.choice(["student", "writer", "none"], USERS)
    people = [f"{user}|{20 + user}|{'MF'[user % 2]}|{jobs[user - 1]}|{user:05}" for user in range(1, USERS + 1)]
    (folder / "u.user").write_bytes("\n".join([*people, ""]).encode("latin-1"))
    lines = [
        f"{user}\t{film}\t{rng.integers(1, 6)}\t{880_000_000 + int(rng.integers(10**6))}\n"
        for user in range(1, USERS + 1)
        for film in 1 + rng.permutation(FILMS)[:PER_USER]
    ]
    (folder / "u.data").write_text("".join(np.random.default_rng(1).permutation(lines)))
    if split:
        held_out = [line for at, line in enumerate(lines) if at % PER_USER < HELD_OUT]
        (folder / "ua.test").write_text("".join(held_out))
        (folder / "ua.base").write_text("".join(line for line in lines if line not in set(held_out)))


@pytest.fixture
def ml100k(tmp_path: Path) -> Path:
    write_100k(tmp_path / "ml-100k")
    return tmp_path / "ml-100k"


def test_100k_keeps_every_rating_with_value_and_time(ml100k, tmp_path):
    report = import_dataset("movielens", ml100k, tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert report.tables == {Table.EVENTS: USERS * PER_USER, Table.RESTAURANTS: FILMS, Table.DINERS: USERS}
    assert report.refused == 0
    events = dataset.events("movielens")
    written = {tuple(line.split("\t")) for line in (ml100k / "u.data").read_text().splitlines()}
    seconds = events["at"].astype("int64") // 1_000_000
    found = zip(events["user_id"], events["restaurant_id"], events["value"].astype(int), seconds, strict=True)
    assert {tuple(str(cell) for cell in row) for row in found} == written
    assert (dataset.manifest.has_times, dataset.manifest.repeats) == (True, False)
    for table in (Table.RESTAURANTS, Table.DINERS, Table.EVENTS):
        SCHEMAS[table].validate(getattr(dataset, table)(), lazy=True)


def test_100k_films_and_users(ml100k, tmp_path):
    import_dataset("movielens", ml100k, tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    film = dataset.restaurants().set_index("restaurant_id").loc["1"]
    assert (film["name"], list(film["cuisines"]), list(film["tags"])) == (
        "Misérables, Les (1995)",
        ["animation"],
        ["decade=1990s"],
    )
    user = dataset.diners().set_index("user_id").loc["4"]
    assert list(user["protected"]) == ["gender=m", "age_group=18-24"]
    assert user["profile"][0].startswith("occupation=")


def test_the_documented_split_comes_along(ml100k, tmp_path):
    import_dataset("movielens", ml100k, tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    events = dataset.events()
    split = documented_split(dataset, events)
    assert split is not None
    assert split.method is Method.DOCUMENTED
    assert (split.train.dtype, split.test.dtype) == (bool, bool)
    assert np.array_equal(split.train, ~split.test)
    assert not split.validation.any()
    assert set(events[split.test].groupby("user_id").size()) == {HELD_OUT}
    pairs = {tuple(line.split("\t")[:2]) for line in (ml100k / "ua.test").read_text().splitlines()}
    assert set(zip(events["user_id"][split.test], events["restaurant_id"][split.test], strict=True)) == pairs
    part = events.iloc[5:25]
    assert np.array_equal(documented_split(dataset, part).test, split.test[5:25])


def test_no_split_where_the_source_has_none(tmp_path):
    write_100k(tmp_path / "ml", split=False)
    import_dataset("movielens", tmp_path / "ml", tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert documented_split(dataset, dataset.events()) is None


def test_events_that_the_split_does_not_name_are_in_no_part(ml100k, tmp_path):
    lines = (ml100k / "ua.base").read_text().splitlines(keepends=True)
    (ml100k / "ua.base").write_text("".join(lines[1:]) + lines[5] + "99\t1\t3\t880000000\n")
    report = import_dataset("movielens", ml100k, tmp_path / "out")
    assert report.reasons == {
        ("ua.base", "in the split twice: the first part stands"): 1,
        ("ua.base", "not among the ratings of u.data"): 1,
    }
    dataset = Dataset.open(tmp_path / "out")
    split = documented_split(dataset, dataset.events())
    assert split is not None
    assert int((~split.train & ~split.test).sum()) == 1


def test_bad_rows_cost_themselves_only(ml100k, tmp_path):
    with (ml100k / "u.data").open("a") as stream:
        stream.write("1\t999\t3\t880000000\n99\t1\t3\t880000000\n1\t1\tNaN\t880000000\n2\t3\t6\t880000000\n2\t3\t4\n")
        stream.write((ml100k / "u.data").read_text().splitlines()[0] + "\n")
    with (ml100k / "u.user").open("a") as stream:
        stream.write("13|old|F|writer|1\n5|30|F|writer|1\n")
    report = import_dataset("movielens", ml100k, tmp_path / "out")
    assert report.tables[Table.EVENTS] == USERS * PER_USER
    assert report.tables[Table.DINERS] == USERS + 1
    assert report.reasons == {
        ("u.data", "film not described"): 1,
        ("u.data", "not in u.user"): 1,
        ("u.data", "not a number"): 1,
        ("u.data", "not within 0.5 to 5"): 1,
        ("u.data", "fewer cells than the header"): 1,
        ("u.data", "rated twice: the first rating stands"): 1,
        ("u.user", "user listed twice: the first one stands"): 1,
    }
    assert report.left_out == {("u.user", "not a number"): 1}


def test_the_dat_files_of_1m(tmp_path):
    folder = tmp_path / "ml-1m"
    folder.mkdir()
    (folder / "movies.dat").write_bytes("7::Amélie: A Film (2001)::Comedy|Romance\n".encode("latin-1"))
    (folder / "users.dat").write_text("1::F::25::20::55117\n")
    (folder / "ratings.dat").write_text("1::7::5::978300760\n")
    report = import_dataset("movielens", folder, tmp_path / "out")
    assert report.tables == {Table.EVENTS: 1, Table.RESTAURANTS: 1, Table.DINERS: 1}
    dataset = Dataset.open(tmp_path / "out")
    assert list(dataset.restaurants()["cuisines"][0]) == ["comedy", "romance"]
    assert dataset.restaurants()["name"][0] == "Amélie: A Film (2001)"
    assert list(dataset.diners()["profile"][0]) == ["occupation=writer"]


def test_the_csv_files_of_later_sets(tmp_path):
    folder = tmp_path / "latest"
    folder.mkdir()
    films = 'movieId,title,genres\r\n1,"American President, The (1995)",Comedy|Drama\r\n2,X,(no genres listed)\r\n'
    (folder / "movies.csv").write_bytes(b"\xef\xbb\xbf" + films.encode())
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4.5,1112486027\n8,2,0.5,1112484676\n")
    report = import_dataset("movielens", folder, tmp_path / "out")
    assert (report.tables[Table.EVENTS], report.tables[Table.DINERS], report.refused) == (2, 2, 0)
    films = Dataset.open(tmp_path / "out").restaurants()
    assert list(films["name"]) == ["American President, The (1995)", "X"]
    assert [list(genres) for genres in films["cuisines"]] == [["comedy", "drama"], []]


def test_the_same_files_give_the_same_bytes(ml100k, tmp_path):
    for name in ("a", "b"):
        import_dataset("movielens", ml100k, tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_wrong_folder_is_one_clear_line(tmp_path):
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(
            ImportFailed, match=r"name the folder with u\.data and u\.item and u\.user, or ratings\.dat"
        ):
            import_dataset("movielens", source, tmp_path / "out")
