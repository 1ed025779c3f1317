"""The registry of model versions: one champion a market, always."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from happenings import NOON
from sqlalchemy import Engine

from services.clock import Clock
from services.database.schema import champions
from services.database.transactions import reading
from services.releases.registry import ModelRegistry, RegistryError


class Ticking(Clock):
    """A minute later each time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self._minutes: Iterator[int] = iter(range(1_000))

    def now(self):
        return NOON + timedelta(minutes=next(self._minutes))


@pytest.fixture
def registry(engine: Engine) -> ModelRegistry:
    return ModelRegistry(engine, Ticking())


def test_the_first_version_of_a_market_becomes_its_champion(registry: ModelRegistry) -> None:
    assert registry.champion("aldermoor") is None
    first = registry.register("aldermoor", "v1", "lightfm", "/a/v1", {"ndcg@10": {"value": 0.25, "low": None}})
    registry.register("aldermoor", "v2", "popular", "/a/v2", {})
    assert registry.champion("aldermoor") == first
    assert first.metrics == {"ndcg@10": {"value": 0.25, "low": None}}
    assert first.created_at == NOON
    assert registry.champion("bramble") is None
    assert [version.version for version in registry.versions("aldermoor")] == ["v2", "v1"]


def test_registering_again_changes_nothing(registry: ModelRegistry) -> None:
    first = registry.register("aldermoor", "v1", "lightfm", "/a/v1", {"b": float("nan"), "a": 1})
    registry.register("aldermoor", "v2", "lightfm", "/a/v2", {})
    registry.make_champion("aldermoor", "v2")
    again = registry.register("aldermoor", "v1", "lightfm", "/a/v1", {"a": 1, "b": float("nan")})
    assert (again, again.created_at) == (first, first.created_at)
    assert registry.champion("aldermoor").version == "v2"  # type: ignore[union-attr]
    assert len(registry.versions("aldermoor")) == 2


@pytest.mark.parametrize("changed", [("popular", "/a/v1", {}), ("lightfm", "/b", {}), ("lightfm", "/a/v1", {"x": 1})])
def test_a_version_with_another_content_is_refused(registry: ModelRegistry, changed: tuple[str, str, dict]) -> None:
    registry.register("aldermoor", "v1", "lightfm", "/a/v1", {})
    with pytest.raises(RegistryError, match="another content"):
        registry.register("aldermoor", "v1", *changed)
    assert [version.model for version in registry.versions("aldermoor")] == ["lightfm"]


def test_only_a_registered_version_of_the_same_market_can_serve(registry: ModelRegistry) -> None:
    registry.register("aldermoor", "v1", "lightfm", "/a/v1", {})
    registry.register("bramble", "v2", "lightfm", "/b/v2", {})
    for market, version in [("aldermoor", "v2"), ("aldermoor", ""), ("nowhere", "v1")]:
        with pytest.raises(RegistryError, match="has no version"):
            registry.make_champion(market, version)
    assert registry.champion("aldermoor").version == "v1"  # type: ignore[union-attr]


def test_there_is_one_champion_while_many_are_made(engine: Engine) -> None:
    registry = ModelRegistry(engine)
    for number in range(4):
        registry.register("aldermoor", f"v{number}", "lightfm", f"/a/{number}", {})
    seen: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            champion = registry.champion("aldermoor")
            seen.append(champion.version if champion else "none")

    looking = threading.Thread(target=look)
    looking.start()
    making = [
        threading.Thread(target=lambda n=number: [registry.make_champion("aldermoor", f"v{n}") for _ in range(10)])
        for number in range(4)
    ]
    for thread in making:
        thread.start()
    for thread in making:
        thread.join()
    stop.set()
    looking.join()
    assert set(seen) <= {"v0", "v1", "v2", "v3"}
    with reading(engine) as connection:
        assert len(connection.execute(champions.select()).all()) == 1
