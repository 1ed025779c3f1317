"""Which folder a test process takes next."""

from scheduling import WAITING, folder, next_folder


def test_a_process_stays_where_it_is_while_there_is_anything_left() -> None:
    assert next_folder("tests/ads", {"tests/ads": 1, "tests/api": 500}, {"tests/ads"}) == "tests/ads"


def test_then_it_takes_the_largest_folder_that_nobody_has_begun() -> None:
    left = {"tests/ads": 30, "tests/api": 500, "tests/cli": 90}
    assert next_folder("tests/docs", left, {"tests/api", "tests/docs"}) == "tests/cli"
    assert next_folder(None, left, set()) == "tests/api"


def test_what_waits_is_begun_first_however_little_it_is() -> None:
    left = {WAITING[0]: 2, "tests/api": 500}
    assert next_folder(None, left, set()) == WAITING[0]
    assert next_folder(None, left, {WAITING[0]}) == "tests/api"


def test_at_the_end_it_helps_where_most_is_left() -> None:
    left = {"tests/ads": 30, "tests/api": 20}
    assert next_folder("tests/docs", left, {"tests/ads", "tests/api", "tests/docs"}) == "tests/ads"


def test_a_folder_is_all_but_the_files_name() -> None:
    assert folder("tests/api/test_x.py::test_y[a/b::c]@group") == "tests/api"
