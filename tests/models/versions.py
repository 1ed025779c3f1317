"""Model versions for tests to spoil."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models import artifacts
from models.artifacts import Artifact
from models.base import Model
from models.calibration import Calibration, Curve
from models.hybrid import LightFMModel
from models.manifest import MANIFEST, MODEL, SEAL, SERVING, VOCABULARY, seal_of
from models.tensors import map_tensors
from models.testing import sample_data

FILES = [MANIFEST, SEAL, VOCABULARY, MODEL, SERVING]
_CURVE = Curve(slope=0.7, travel=-1.25, intercept=-2.0)
CALIBRATION = Calibration(order=_CURVE, click=_CURVE, examination=(1.0, 0.8), mean_log_time=2.5)


def save(root: Path, model: Model | None = None, **other: Any) -> Artifact:
    """A version of a small model of `sample_data`."""
    data = sample_data()
    fitted = (model or LightFMModel(components=4, epochs=2, seed=1)).fit(data)
    given = {
        "market": "sample",
        "model": fitted,
        "diner_ids": data.diner_ids,
        "restaurant_ids": data.restaurant_ids,
        "popularity": np.arange(len(data.restaurant_ids), dtype=np.float32),
        "calibration": CALIBRATION,
        "data_snapshot": data.snapshot,
        "metrics": {"models": {"lightfm": {"ndcg@10": {"value": 0.25, "low": 0.2, "high": 0.3}}}},
    }
    return artifacts.save(root, **{**given, **other})


def rewritten(version: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The version with another manifest, sealed again: what a careful forger would leave."""
    manifest = json.loads((version / MANIFEST).read_bytes())
    change(manifest)
    text = json.dumps(manifest, indent=2).encode() + b"\n"
    (version / MANIFEST).write_bytes(text)
    (version / SEAL).write_bytes(seal_of(text))
    return version


def replaced(version: Path, name: str, data: bytes) -> Path:
    """The version with another file, named with its right hash under the right version: nothing is left but content."""
    (version / name).write_bytes(data)

    def describe(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    return renamed(rewritten(version, describe))


def renamed(version: Path) -> Path:
    """The version under the name that its manifest's content demands."""
    manifest = artifacts.ArtifactManifest.model_validate_json((version / MANIFEST).read_bytes())
    rewritten(version, lambda card: card.update(version=manifest.proper_version))
    return version.rename(version.parent / manifest.proper_version)


def tensors_of(version: Path, name: str) -> dict[str, np.ndarray]:
    return {key: np.array(array) for key, array in map_tensors(version / name).items()}
