"""Each operation has its priority in one table."""

from typing import Any

import pytest

from services.api.app import create_app
from services.overload import PREFIXES, Priority, priority_of
from services.settings import Settings


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    found: dict[str, Any] = create_app(Settings()).openapi()["paths"]
    return found


def test_every_operation_is_in_the_table_and_nothing_else_is(paths: dict[str, Any]) -> None:
    def prefix(path: str) -> str:
        parts = path.split("/")[1:]
        return "/".join(parts[: 2 if parts[0] == "v1" else 1])

    assert {prefix(path) for path in paths} | {"metrics"} == set(PREFIXES)


def test_a_path_has_the_priority_of_its_prefix_with_ids_and_all(paths: dict[str, Any]) -> None:
    for path in paths:
        named = path.replace("{", "").replace("}", "")
        wanted = next(priority for prefix, priority in PREFIXES.items() if f"{path}/".startswith(f"/{prefix}/"))
        assert priority_of(named.encode()) is wanted


@pytest.mark.parametrize(
    ("path", "priority"),
    [
        (b"/v1/recommendations", Priority.FIRST),
        (b"/v1/events", Priority.FIRST),
        (b"/v1/freeze/bounds", Priority.FIRST),
        (b"/v1/explanations/counterfactuals", Priority.SECOND),
        (b"/v1/scorecard", Priority.LAST),
        (b"/health/live", Priority.ALWAYS),
        (b"/metrics", Priority.ALWAYS),
        (b"/", Priority.FIRST),
        (b"/static/js/main.js", Priority.FIRST),
        (b"", Priority.FIRST),
        (b"/v1", Priority.FIRST),
        (b"/v1/", Priority.LAST),
        (b"/v1/recommendationsx", Priority.LAST),
        (b"/healthy", Priority.FIRST),
        (b"//health", Priority.FIRST),
    ],
)
def test_what_goes_first(path: bytes, priority: Priority) -> None:
    assert priority_of(path) is priority
