"""Model versions on disk: written whole or not at all, checked before an array is used, mapped instead of read.

    <root>/<market>/<version>/manifest.json        what it is, and the sha256 of each other file
                              manifest.sha256      the manifest's own
                              vocabulary.json      ids of diners and restaurants
                              model.safetensors    all that was learnt
                              serving.safetensors  vectors and biases of diners and restaurants, popularity

A version's name ends in a hash of its content: the same data, model and seed give the same version.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from safetensors.numpy import save as to_safetensors

from models.base import FloatArray, Model, ModelError, Representations
from models.calibration import Calibration
from models.ladder import rung
from models.manifest import (
    MANIFEST,
    MODEL,
    SCHEMA_VERSION,
    SEAL,
    SERVING,
    VOCABULARY,
    ArtifactContent,
    ArtifactError,
    ArtifactFile,
    ArtifactManifest,
    Vocabulary,
    read_manifest,
    seal_of,
)
from models.tensors import TensorError, map_tensors

__all__ = ["Artifact", "ArtifactError", "ArtifactManifest", "adopt", "load", "save"]

_LIBRARIES: Final = ("numpy", "scipy", "rectools-lightfm", "safetensors")


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
    model: Model
    """The model itself, for what is not in the serving arrays: new diners and restaurants."""

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

    def restaurant_row(self, restaurant_id: str) -> int | None:
        """The restaurant's row; None for one that the model has not seen."""
        return self._restaurant_rows.get(restaurant_id)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {user_id: row for row, user_id in enumerate(self.diner_ids)}

    @cached_property
    def _restaurant_rows(self) -> dict[str, int]:
        return {restaurant_id: row for row, restaurant_id in enumerate(self.restaurant_ids)}


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
    protected: Sequence[str] = (),
) -> Artifact:
    """Write a version under `root` and load it back. One that is there already and whole is left as it is.

    Raises ArtifactError where the model's arrays do not fit the ids, or hold numbers that are not finite.
    """
    diners, restaurants = model.diners(), model.restaurants()
    vocabulary = Vocabulary(diner_ids=tuple(diner_ids), restaurant_ids=tuple(restaurant_ids))
    serving = {
        "diner_vectors": diners.vectors,
        "diner_biases": diners.biases,
        "restaurant_vectors": restaurants.vectors,
        "restaurant_biases": restaurants.biases,
        "restaurant_popularity": popularity,
    }
    files = {
        VOCABULARY: vocabulary.model_dump_json().encode(),
        MODEL: _tensors(model.arrays()),
        SERVING: _tensors(serving),
    }
    content = ArtifactContent(
        market=market,
        model=model.name,
        parameters=model.parameters(),
        files={name: ArtifactFile(sha256=_sha256(data), size=len(data)) for name, data in sorted(files.items())},
        data_snapshot=data_snapshot,
        diners=len(vocabulary.diner_ids),
        restaurants=len(vocabulary.restaurant_ids),
        dimensions=diners.vectors.shape[1],
        calibration=calibration,
    )
    path = root / market / content.proper_version
    _check(path, content, vocabulary, serving)
    _check_finite(path, serving)
    _check_finite(path, model.arrays())
    manifest = ArtifactManifest(
        **dict(content),
        schema_version=SCHEMA_VERSION,
        version=content.proper_version,
        summary=model.summary,
        metrics=dict(metrics),
        protected=tuple(protected),
        libraries={name: library_version(name) for name in _LIBRARIES},
        created_at=datetime.now(UTC),
    )
    if not path.exists():
        card = manifest.model_dump_json(indent=2).encode() + b"\n"
        _write(path, {**files, MANIFEST: card, SEAL: seal_of(card)})
    return load(path)


def load(path: Path) -> Artifact:
    """Open a version; raise ArtifactError before any array is used if anything about it is not as it must be."""
    manifest = read_manifest(path)
    for name, file in manifest.files.items():
        if _sha256(_read(path / name, file.size)) != file.sha256:
            raise ArtifactError(f"{path / name} is damaged: its sha256 is not that of the manifest")
    try:
        vocabulary = Vocabulary.model_validate_json(_read(path / VOCABULARY, manifest.files[VOCABULARY].size))
        serving, learnt = map_tensors(path / SERVING), map_tensors(path / MODEL)
    except (ValidationError, TensorError) as error:
        raise ArtifactError(f"{path}: {' '.join(str(error).split())[:300]}") from None
    _check(path, manifest, vocabulary, serving)
    _check_finite(path, serving)
    _check_finite(path, learnt)
    return Artifact(
        path=path,
        manifest=manifest,
        diner_ids=vocabulary.diner_ids,
        restaurant_ids=vocabulary.restaurant_ids,
        diners=Representations(serving["diner_vectors"], serving["diner_biases"]),
        restaurants=Representations(serving["restaurant_vectors"], serving["restaurant_biases"]),
        popularity=serving["restaurant_popularity"],
        model=_restored(path, manifest, learnt),
    )


def adopt(source: Path, root: Path) -> Artifact:
    """Copy a version, `<market>/<version>` as `save` leaves it elsewhere, under `root`; one that is there is kept.

    Raises ArtifactError where it is not whole.
    """
    market, version = load(source).manifest.market, source.name
    path = root / market / version
    if not path.exists():
        names = (VOCABULARY, MODEL, SERVING, MANIFEST, SEAL)
        _write(path, {name: (source / name).read_bytes() for name in names})
    return load(path)


def _check(
    path: Path, content: ArtifactContent, vocabulary: Vocabulary, serving: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Arrays have the dimensions and the ids that the manifest speaks of."""
    n_diners, n_restaurants, d = content.diners, content.restaurants, content.dimensions
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
    if sizes != (len(vocabulary.diner_ids), len(vocabulary.restaurant_ids)):
        raise ArtifactError(f"{path / VOCABULARY} names somebody twice")
    if sizes != (n_diners, n_restaurants):
        raise ArtifactError(
            f"{path / VOCABULARY} is of another model: {sizes} ids for {(n_diners, n_restaurants)} rows"
        )


def _check_finite(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArtifactError(f"{path}: {name} holds numbers that are not finite")


def _restored(path: Path, manifest: ArtifactManifest, learnt: Mapping[str, npt.NDArray[Any]]) -> Model:
    """The model, which must agree with the serving arrays about its sizes."""
    try:
        model = rung(manifest.model).restore(manifest.parameters, learnt)
        sizes = (model.diners().vectors.shape, model.restaurants().vectors.shape)
    except (ModelError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{path} does not restore as a model {manifest.model!r}: {error}") from None
    if sizes != ((manifest.diners, manifest.dimensions), (manifest.restaurants, manifest.dimensions)):
        raise ArtifactError(f"{path / MODEL} is of another model than {SERVING}")
    return model


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
