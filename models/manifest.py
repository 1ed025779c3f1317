"""What a model version says of itself, and whether that can be true."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.calibration import Calibration

SCHEMA_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.sha256"
"""The manifest's own hash, as `sha256sum --check` reads it."""
VOCABULARY: Final = "vocabulary.json"
MODEL: Final = "model.safetensors"
SERVING: Final = "serving.safetensors"
FILES: Final = frozenset({VOCABULARY, MODEL, SERVING})
_MAX_MANIFEST_BYTES: Final = 10_000_000
_DIGITS: Final = 12


class ArtifactError(Exception):
    """A version that is damaged, foreign or of another schema; nothing of it was used."""


class ArtifactFile(BaseModel):
    """One file of a version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class ArtifactContent(BaseModel):
    """What a version serves with. Its name is a hash of this: the same content has the same name anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    market: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    model: str = Field(pattern=r"^[a-z0-9+-]{1,64}$")
    parameters: dict[str, Any]
    files: dict[str, ArtifactFile]
    data_snapshot: str
    diners: int = Field(ge=0)
    restaurants: int = Field(ge=0)
    dimensions: int = Field(ge=0)
    calibration: Calibration

    @property
    def proper_version(self) -> str:
        """`<model>-<12 hexadecimal digits of the content's sha256>`."""
        content = ArtifactContent.model_dump(self, mode="json", include=set(ArtifactContent.model_fields))
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.model}-{digest[:_DIGITS]}"


class ArtifactManifest(ArtifactContent):
    """A version's model card: its content, and where that comes from."""

    schema_version: int
    version: str
    summary: str
    metrics: dict[str, Any]
    """Measured on held-out data, by a model that had not seen them; this one is then trained on everything."""
    libraries: dict[str, str]
    protected: tuple[str, ...] = ()
    """Names of the diners' attributes that were protected in the data it learnt from; they are in no explanation of it,
    whatever a profile says later. A version that was made before this was kept names none."""
    created_at: datetime


class Vocabulary(BaseModel):
    """Which row is whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    diner_ids: tuple[str, ...]
    restaurant_ids: tuple[str, ...]


class _Schema(BaseModel):
    """The one field that every schema version has; it is looked at before the others."""

    schema_version: int


def seal_of(manifest: bytes) -> bytes:
    """What SEAL must hold for these bytes of MANIFEST."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def read_manifest(path: Path) -> ArtifactManifest:
    """The manifest of the version in the folder `path`; raise ArtifactError unless it is whole, ours, and at home."""
    file = path / MANIFEST
    try:
        if file.stat().st_size > _MAX_MANIFEST_BYTES:
            raise ArtifactError(f"{file} is too large to be one")
        text, seal = file.read_bytes(), (path / SEAL).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path} is no model version: {error.strerror or error}") from None
    if seal != seal_of(text):
        raise ArtifactError(f"{file} is damaged: its sha256 is not that in {SEAL}")
    try:
        schema = _Schema.model_validate_json(text).schema_version
        if schema != SCHEMA_VERSION:
            raise ArtifactError(f"{path} has schema version {schema}, this program reads {SCHEMA_VERSION}: train anew")
        manifest = ArtifactManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ArtifactError(f"{file}: {where}: {first['msg']}") from None
    if set(manifest.files) != FILES:
        raise ArtifactError(f"{file} names other files than {', '.join(sorted(FILES))}")
    if manifest.market != path.parent.name:
        raise ArtifactError(f"{path} is of the market {manifest.market}: it was moved")
    if manifest.version != path.name:
        raise ArtifactError(f"{path} holds {manifest.version}: it was renamed")
    if manifest.version != manifest.proper_version:
        raise ArtifactError(f"{file} was changed: what it describes is {manifest.proper_version}")
    return manifest
