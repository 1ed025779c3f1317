"""ETag and If-Match: which writes go through, and why the others do not."""

import pytest

from services.api.preconditions import etag, seen_version
from services.api.problems import PreconditionFailed, PreconditionRequired


def test_the_tag_is_the_quoted_version() -> None:
    assert etag(3) == '"3"'


@pytest.mark.parametrize(
    ("if_match", "current"),
    [(None, None), ('"3"', 3), ('W/"3"', 3), ("*", 3), ('"1", "3"', 3), (' "3" ', 3)],
)
def test_who_has_seen_the_newest_version_may_write(if_match: str | None, current: int | None) -> None:
    assert seen_version("it", if_match, current) == current


@pytest.mark.parametrize("if_match", ['"2"', '"33"', "3", "", '"*"', '"1", "2"', '"3', "W/3"])
def test_another_version_is_not_overwritten(if_match: str) -> None:
    with pytest.raises(PreconditionFailed, match='it has the version "3"'):
        seen_version("it", if_match, 3)


@pytest.mark.parametrize("if_match", ['"1"', "*"])
def test_what_is_not_there_has_no_version(if_match: str) -> None:
    with pytest.raises(PreconditionFailed, match="it does not exist"):
        seen_version("it", if_match, None)


def test_a_write_to_what_exists_says_what_it_has_seen() -> None:
    with pytest.raises(PreconditionRequired, match='If-Match: "3"'):
        seen_version("it", None, 3)
