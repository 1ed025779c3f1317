"""Reading delimited text: a bad input table, row by row, and parsers under hypothesis."""

import contextlib
import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.columns import MINUTES_PER_WEEK
from data.importers import cells, opening
from data.importers.districts import name_districts
from data.importers.rejects import SHOWN, BadCell, RejectLog, shorten
from data.importers.report import ImportFailed
from data.importers.sources import MAX_ROW, header_of, read_rows
from data.importers.tables import Restaurant


def read(tmp_path: Path, raw: bytes, **options) -> tuple[list[dict[str, str]], RejectLog]:
    source = tmp_path / "table.csv"
    source.write_bytes(raw)
    with RejectLog(tmp_path / "rejects.csv") as log:
        rows = [dict(row.cells) for row in read_rows(source, log, **options)]
    count = log.count("table.csv")
    assert count.kept == len(rows), "kept + refused = read"
    assert sum(log.reasons.values()) == count.refused
    return rows, log


GOOD = b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"only one\n", "fewer cells than the header"),
        (b"1,2,3\n", "more cells than the header"),
        (b"1,\x002\n", "control character in the row"),
        (b"1," + b"x" * 10**6 + b"\n", "row longer than 100,000 bytes"),
        (b'1,"' + b"y" * 10**6 + b'"\n', "row longer than 100,000 bytes"),
        (b'1,"never closed\n', "quote not closed"),
    ],
)
def test_one_bad_row_among_good_ones_costs_itself_only(tmp_path, bad, reason):
    rows, log = read(tmp_path, GOOD + bad + b"3,4\n5,6\n")
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}, {"a": "5", "b": "6"}]
    assert log.reasons == {("table.csv", reason): 1}
    rejects = list(csv.reader((tmp_path / "rejects.csv").read_text().splitlines()))
    assert rejects[1][:3] == ["table.csv", "3", ""]
    assert len(rejects[1][3]) < SHOWN + 30


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [{"a": "1", "b": "2"}]),
        (b"a,b\n\n1,2\n   \n", [{"a": "1", "b": "2"}]),
        (b"a,b\n1,2", [{"a": "1", "b": "2"}]),
        (b'a,b\n"x, y","say ""hi"""\n', [{"a": "x, y", "b": 'say "hi"'}]),
        (b'a,b\n"two\nlines",2\n3,4\n', [{"a": "two\nlines", "b": "2"}, {"a": "3", "b": "4"}]),
        (
            b'a,b\nan 11" pizza,2\nanother 12" one,4\n',
            [{"a": 'an 11" pizza', "b": "2"}, {"a": 'another 12" one', "b": "4"}],
        ),
        (b"a,b\n", []),
    ],
    ids=["mark and CRLF", "blank lines", "no last line end", "quotes", "cell of two lines", "inches", "header only"],
)
def test_good_rows_in_odd_clothes(tmp_path, raw, rows):
    found, log = read(tmp_path, raw)
    assert found == rows
    assert not log.reasons


def test_an_unclosed_quote_does_not_swallow_quoted_rows_after_it(tmp_path):
    rows, log = read(tmp_path, b'a,b\n1,"oops\n"x","y"\n3,"z"\n')
    assert rows == [{"a": "x", "b": "y"}, {"a": "3", "b": "z"}]
    assert log.reasons == {("table.csv", "quote not closed"): 1}


def test_what_stands_after_an_unclosed_quote_keeps_its_order(tmp_path):
    rows, _ = read(tmp_path, b'a,b\n1,"oops\nbad\nworse\n3,4\n5,6\n')
    assert rows == [{"a": "3", "b": "4"}, {"a": "5", "b": "6"}]
    rejects = list(csv.reader((tmp_path / "rejects.csv").read_text().splitlines()))
    assert [(row[1], row[3]) for row in rejects[1:]] == [("2", '1,"oops'), ("3", "bad"), ("4", "worse")]


def test_bytes_that_are_not_utf8_are_read_line_by_line(tmp_path):
    raw = "a,b\nMéxico,1\n".encode() + "México,“2”\n".encode("cp1252") + b"\x81,3\n"
    rows, log = read(tmp_path, raw)
    assert [row["a"] for row in rows] == ["México", "México", "\x81"]
    assert rows[1]["b"] == "“2”"
    assert log.count("table.csv").not_utf8 == 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is empty: it needs a header line"),
        ("a,b\n".encode("utf-16"), "is UTF-16: save it as UTF-8"),
        (b"a,c\n1,2\n", r"has no column b: .*found: a, c"),
        (b"a,b,a\n", "names the column a twice"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, raw, message):
    with pytest.raises(ImportFailed, match=message):
        read(tmp_path, raw, required=("a", "b"))


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), min_size=2, max_size=2)))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, table):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *table])
    rows, log = read(tmp_path_factory.mktemp("read"), text.getvalue().encode())
    assert rows == [{"a": a.strip(), "b": b.strip()} for a, b in table]
    assert not log.reasons


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(tmp_path_factory, raw):
    rows, log = read(tmp_path_factory.mktemp("read"), b"a,b\n" + raw)
    assert all(set(row) == {"a", "b"} for row in rows)
    assert log.count("table.csv").read <= raw.count(b"\n") + 1


def test_memory_stays_bounded_on_a_line_without_end(tmp_path):
    rows, log = read(tmp_path, b"a,b\n" + b"z" * (20 * MAX_ROW))
    assert rows == []
    assert log.count("table.csv").refused == 1


def test_the_delimiter_is_found_in_the_first_line(tmp_path):
    for delimiter in "\t,;|":
        (tmp_path / "t").write_text(f"a{delimiter}b{delimiter}c\n")
        assert header_of(tmp_path / "t") == (["a", "b", "c"], delimiter)


def test_values_are_shortened_and_made_printable():
    assert shorten("a\x1b[31m\x00") == "a\\x1b[31m\\x00"
    assert shorten("x" * 10**6) == "x" * SHOWN + "… (1,000,000 characters)"


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_times_in_all_formats_are_the_same_instant(moment, minutes):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    exact = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert cells.microseconds(moment.isoformat()) == exact
    whole = moment.replace(microsecond=0)
    seconds = exact // 10**6
    assert cells.microseconds(whole.strftime("%a %b %d %H:%M:%S %z %Y")) == seconds * 10**6
    assert cells.microseconds(str(seconds)) == seconds * 10**6
    naive = whole.astimezone(UTC).replace(tzinfo=None)
    assert cells.microseconds(naive.isoformat(sep=" ")) == seconds * 10**6


@given(st.floats(1e11, 4e12).map(int))
def test_large_numbers_are_milliseconds(milliseconds):
    assert cells.microseconds(str(milliseconds)) == milliseconds * 1_000


PARSERS = (
    cells.number,
    cells.microseconds,
    cells.identifier,
    cells.name,
    cells.boolean,
    cells.latitude,
    cells.price_level,
    cells.market_key,
    cells.position,
    opening.parse_week,
    opening.clock_spans,
    opening.days,
)


@pytest.mark.parametrize("parser", PARSERS)
@given(st.text(max_size=40) | st.from_regex(r"[0-9:;., +-]{0,20}", fullmatch=True))
def test_a_parser_answers_or_says_why_not_and_nothing_else(parser, text):
    with contextlib.suppress(BadCell):
        parser(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read(value):
    for text in (repr(value), f"{value:.3f}") if abs(value) < 1e15 else (repr(value),):
        assert cells.number(text) == float(text)


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-Infinity", "1e999", "0x10", "1_000", "1,5", "", " ", "١٢", "1e", "--1"]
)
def test_what_is_no_number(text):
    with pytest.raises(BadCell):
        cells.number(text)


MINUTES = st.integers(0, 1439)
OPENINGS = st.lists(st.tuples(st.integers(0, 6), st.tuples(MINUTES, MINUTES)), max_size=8)


@given(OPENINGS)
def test_a_week_is_sorted_pairs_inside_the_week_and_means_the_same_minutes(openings):
    flat = opening.week(openings)
    said = set()
    for day, (opens, closes) in openings:
        length = closes - opens if closes > opens else closes - opens + 1440
        said |= {(day * 1440 + opens + minute) % MINUTES_PER_WEEK for minute in range(length)}
    found = {minute for at in range(0, len(flat or []), 2) for minute in range(flat[at], flat[at + 1])}
    assert found == said
    assert flat is None or (flat == sorted(flat) and len(set(flat)) == len(flat) and flat[-1] <= MINUTES_PER_WEEK)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("00:00-23:30;", [(0, 1410)]),
        ("00:00-00:00;", []),
        ("20:00-01:30;", [(1200, 90)]),
        ("11:00-14:00;17:00-21:00;", [(660, 840), (1020, 1260)]),
        ("10:00-00:00;;17:00-23:30;", [(600, 0), (1020, 1410)]),
        ("9:00-24:00", [(540, 1440)]),
    ],
)
def test_spans_of_a_day(text, spans):
    assert opening.clock_spans(text) == spans


@pytest.mark.parametrize(
    "text", ["", ";", "9-17", "09:60-10:00", "24:00-02:00", "09:00-24:30", "-", "09:00", "a:b-c:d"]
)
def test_what_are_no_opening_hours(text):
    with pytest.raises(BadCell):
        opening.clock_spans(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon;Tue;Wed;Thu;Fri;", [0, 1, 2, 3, 4]),
        ("Sun;", [6]),
        ("Sat-Mon", [0, 5, 6]),
        ("Monday, sunday", [0, 6]),
    ],
)
def test_days(text, days):
    assert opening.days(text) == days


def test_districts_are_the_inner_third_and_the_quarters():
    steps = {"east": (0.0, 0.16), "north": (0.1, 0.0), "west": (0.0, -0.16), "south": (-0.1, 0.0)}
    inner = [Restaurant(f"c{ring}", "m", "centre", 50 + 0.001 * ring, 10.0) for ring in (-2, -1, 0, 1, 2)]
    outer = [
        Restaurant(f"{name}{ring}", "m", name, 50 + ring * north, 10 + ring * east)
        for name, (north, east) in steps.items()
        for ring in (1.0, 1.2)
    ]
    own = Restaurant("own", "m", "own", 50.1, 10.0, district="Old Town")
    name_districts([*inner, *outer, own])
    assert [row.district for row in (*inner, *outer)] == [row.name for row in (*inner, *outer)]
    assert own.district == "Old Town"
    name_districts([])


def test_past_sunday_comes_back_on_monday():
    assert opening.week([(6, (1320, 120))]) == [0, 120, 6 * 1440 + 1320, MINUTES_PER_WEEK]
    assert opening.parse_week("Sun 22:00-02:00; Mon 01:00-03:00") == [0, 180, 6 * 1440 + 1320, MINUTES_PER_WEEK]
