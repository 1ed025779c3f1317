"""The compiled auction; `services.ranking.auction` is its face."""

from typing import Any

def hold(*arguments: Any) -> tuple[bytes, list[int], list[int], list[int], list[float], list[float], float] | None: ...
