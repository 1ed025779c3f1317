"""The compiled sums over trees; `models.second_stage.trees.Trees` is their face."""

from typing import Any

def add(nodes: Any, roots: Any, values: Any, features: Any, sums: Any) -> None: ...
