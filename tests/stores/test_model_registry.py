"""The registry of model versions: one champion a market, always."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from happenings import NOON
from sqlalchemy import Engine

from services.clock import Clock
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
    again = registry.register("aldermoor", "v1", "lightfm", "/a/v1", {"a": 1, "b": float("nan")})
    assert (again, again.created_at) == (first, first.created_at)
    assert registry.champion("aldermoor").version == "v1"  # type: ignore[union-attr]
    assert len(registry.versions("aldermoor")) == 2


@pytest.mark.parametrize("changed", [("popular", "/a/v1", {}), ("lightfm", "/b", {}), ("lightfm", "/a/v1", {"x": 1})])
def test_a_version_with_another_content_is_refused(registry: ModelRegistry, changed: tuple[str, str, dict]) -> None:
    registry.register("aldermoor", "v1", "lightfm", "/a/v1", {})
    with pytest.raises(RegistryError, match="another content"):
        registry.register("aldermoor", "v1", *changed)
    assert [version.model for version in registry.versions("aldermoor")] == ["lightfm"]
