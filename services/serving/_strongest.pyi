"""Which pieces of an entry are told; `services.serving.reasons.told` is its face."""

from typing import Any

def strongest(pieces: Any, share: float, least: float, most: int) -> list[list[int]]: ...
