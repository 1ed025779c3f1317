"""Model versions on disk: written whole or not at all, checked before an array is used, mapped instead of read.

    <root>/<market>/<version>/manifest.json        what it is, and the sha256 of each other file
                              vocabulary.json      ids of diners and restaurants
                              model.safetensors    all that was learnt
                              serving.safetensors  vectors and biases of diners and restaurants, popularity

A version's name ends in a hash of its content: the same data, model and seed give the same version.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import save as to_safetensors

from models.base import FloatArray, Model, Representations
from models.calibration import Calibration
from models.ladder import rung
from models.tensors import TensorError, map_tensors

SCHEMA_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
VOCABULARY: Final = "vocabulary.json"
MODEL: Final = "model.safetensors"
SERVING: Final = "serving.safetensors"
_FILES: Final = frozenset({VOCABULARY, MODEL, SERVING})
_LIBRARIES: Final = ("numpy", "scipy", "rectools-lightfm", "safetensors")
_MAX_MANIFEST_BYTES: Final = 10_000_000


class ArtifactError(Exception):
    """A version that is damaged, foreign or of another schema; nothing of it was used."""


class ArtifactFile(BaseModel):
    """One file of a version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class ArtifactManifest(BaseModel):
    """What a version says of itself: its model card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    version: str = Field(pattern=r"^[a-z0-9+-]{1,64}-[0-9a-f]{12}$")
    market: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    model: str
    summary: str
    parameters: dict[str, Any]
    files: dict[str, ArtifactFile]
    data_snapshot: str
    diners: int = Field(ge=0)
    restaurants: int = Field(ge=0)
    dimensions: int = Field(ge=0)
    calibration: Calibration
    metrics: dict[str, Any]
    """Measured on held-out data, by a model that had not seen them; this one is then trained on everything."""
    libraries: dict[str, str]
    created_at: datetime


class Vocabulary(BaseModel):
    """Which row is whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    diner_ids: tuple[str, ...]
    restaurant_ids: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Artifact:
    """A loaded version. The arrays are read-only maps of the file, shared by all processes that load it."""

    path: Path
    manifest: ArtifactManifest
    diner_ids: tuple[str, ...]
    restaurant_ids: tuple[str, ...]
    diners: Representations
    restaurants: Representations
    popularity: FloatArray
    """(n_restaurants,) recent orders, older ones counting less."""
    _arrays: Mapping[str, npt.NDArray[Any]] = field(repr=False)

    @property
    def version(self) -> str:
        """`<model>-<hash of the content>`."""
        return self.manifest.version

    @property
    def calibration(self) -> Calibration:
        """From raw scores to probabilities."""
        return self.manifest.calibration

    def diner_row(self, user_id: str) -> int | None:
        """The diner's row; None for one that the model has not seen."""
        return self._rows.get(user_id)

    @cached_property
    def model(self) -> Model:
        """The model itself, for what is not in the serving arrays: new diners and restaurants."""
        return rung(self.manifest.model).restore(self.manifest.parameters, self._arrays)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {user_id: row for row, user_id in enumerate(self.diner_ids)}


def save(
    root: Path,
    *,
    market: str,
    model: Model,
    diner_ids: Sequence[str],
    restaurant_ids: Sequence[str],
    popularity: FloatArray,
    calibration: Calibration,
    data_snapshot: str,
    metrics: Mapping[str, Any],
) -> Artifact:
    """Write a version under `root` and load it back. One that is there already is left as it is."""
    diners, restaurants = model.diners(), model.restaurants()
    serving = {
        "diner_vectors": diners.vectors,
        "diner_biases": diners.biases,
        "restaurant_vectors": restaurants.vectors,
        "restaurant_biases": restaurants.biases,
        "restaurant_popularity": popularity,
    }
    vocabulary = Vocabulary(diner_ids=tuple(diner_ids), restaurant_ids=tuple(restaurant_ids))
    content = {
        VOCABULARY: vocabulary.model_dump_json().encode(),
        MODEL: _tensors(model.arrays()),
        SERVING: _tensors(serving),
    }
    files = {name: ArtifactFile(sha256=_sha256(data), size=len(data)) for name, data in sorted(content.items())}
    described = {
        "model": model.name,
        "parameters": model.parameters(),
        "calibration": calibration.model_dump(mode="json"),
        "files": {name: file.sha256 for name, file in files.items()},
        "data_snapshot": data_snapshot,
        "market": market,
    }
    digest = _sha256(json.dumps(described, sort_keys=True).encode())[:12]
    manifest = ArtifactManifest(
        schema_version=SCHEMA_VERSION,
        version=f"{model.name}-{digest}",
        market=market,
        model=model.name,
        summary=model.summary,
        parameters=model.parameters(),
        files=files,
        data_snapshot=data_snapshot,
        diners=len(vocabulary.diner_ids),
        restaurants=len(vocabulary.restaurant_ids),
        dimensions=diners.vectors.shape[1],
        calibration=calibration,
        metrics=dict(metrics),
        libraries={name: library_version(name) for name in _LIBRARIES},
        created_at=datetime.now(UTC),
    )
    path = root / market / manifest.version
    if not path.exists():
        _write(path, {**content, MANIFEST: manifest.model_dump_json(indent=2).encode() + b"\n"})
    return load(path)


def load(path: Path) -> Artifact:
    """Open a version; raise ArtifactError before any array is used if anything about it is not as it must be."""
    manifest = _manifest(path)
    for name, file in manifest.files.items():
        data = _read(path / name, file.size)
        if _sha256(data) != file.sha256:
            raise ArtifactError(f"{path / name} is damaged: its sha256 is not that of the manifest")
    try:
        vocabulary = Vocabulary.model_validate_json(_read(path / VOCABULARY, manifest.files[VOCABULARY].size))
        serving, learnt = map_tensors(path / SERVING), map_tensors(path / MODEL)
    except (ValidationError, TensorError) as error:
        raise ArtifactError(f"{path}: {' '.join(str(error).split())[:300]}") from None
    _check(path, manifest, vocabulary, serving)
    for name, array in (*serving.items(), *learnt.items()):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArtifactError(f"{path}: {name} holds numbers that are not finite")
    return Artifact(
        path=path,
        manifest=manifest,
        diner_ids=vocabulary.diner_ids,
        restaurant_ids=vocabulary.restaurant_ids,
        diners=Representations(serving["diner_vectors"], serving["diner_biases"]),
        restaurants=Representations(serving["restaurant_vectors"], serving["restaurant_biases"]),
        popularity=serving["restaurant_popularity"],
        _arrays=learnt,
    )


def _manifest(path: Path) -> ArtifactManifest:
    try:
        text = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path} is no model version: {error.strerror or error}") from None
    if len(text) > _MAX_MANIFEST_BYTES:
        raise ArtifactError(f"{path / MANIFEST} is too large to be one")
    try:
        manifest = ArtifactManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtifactError(f"{path / MANIFEST}: {where}: {first['msg']}") from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise ArtifactError(f"{path} has schema version {manifest.schema_version}, this program reads {SCHEMA_VERSION}")
    if set(manifest.files) != _FILES:
        raise ArtifactError(f"{path / MANIFEST} names other files than {', '.join(sorted(_FILES))}")
    if manifest.version != path.name or manifest.market != path.parent.name:
        raise ArtifactError(f"{path} holds {manifest.market}/{manifest.version}: it was moved or renamed")
    return manifest


def _check(
    path: Path, manifest: ArtifactManifest, vocabulary: Vocabulary, serving: Mapping[str, npt.NDArray[Any]]
) -> None:
    n_diners, n_restaurants, d = manifest.diners, manifest.restaurants, manifest.dimensions
    expected = {
        "diner_vectors": (n_diners, d),
        "diner_biases": (n_diners,),
        "restaurant_vectors": (n_restaurants, d),
        "restaurant_biases": (n_restaurants,),
        "restaurant_popularity": (n_restaurants,),
    }
    found = {name: array.shape for name, array in serving.items()}
    if found != expected or any(array.dtype != np.float32 for array in serving.values()):
        raise ArtifactError(f"{path / SERVING} has other arrays than the manifest describes")
    sizes = (len(set(vocabulary.diner_ids)), len(set(vocabulary.restaurant_ids)))
    if sizes != (n_diners, n_restaurants):
        raise ArtifactError(
            f"{path / VOCABULARY} is of another model: {sizes} ids for {(n_diners, n_restaurants)} rows"
        )
    if manifest.model and not _on_ladder(manifest.model):
        raise ArtifactError(f"{path} is of model {manifest.model!r}, which is not on the ladder")


def _on_ladder(name: str) -> bool:
    try:
        rung(name)
    except Exception:  # noqa: BLE001 - whatever the reason, it cannot be restored
        return False
    return True


def _write(path: Path, content: Mapping[str, bytes]) -> None:
    """All files and their folder reach the disk before the name appears; the manifest is the last one in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    building.mkdir()
    try:
        for name, data in content.items():
            with (building / name).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        _sync_folder(building)
        try:
            os.rename(building, path)
        except OSError:
            if not path.exists():  # another process wrote the same content first: that is as good
                raise
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(file: Path, size: int) -> bytes:
    try:
        if file.stat().st_size != size:
            raise ArtifactError(f"{file} has {file.stat().st_size:,} bytes instead of {size:,}")
        return file.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{file} cannot be read: {error.strerror or error}") from None


def _tensors(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    return bytes(to_safetensors({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
