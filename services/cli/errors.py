"""What an error means to the person at the terminal."""

from typing import Final

from pydantic import ValidationError

FAILED: Final = 1
WRONG_USE: Final = 2


class UsageError(Exception):
    """The command was called in a way that cannot work; the message says the mend."""


def describe(error: Exception) -> tuple[int, str]:
    """Exit code and one line for an error that ended a command."""
    # Imported here, for each pulls in the libraries of its part.
    from data.dataset import DatasetError
    from data.importers import ImportFailed
    from models.artifacts import ArtifactError
    from models.base import ModelError
    from services.access.keys import KeysFileError
    from services.audit.pseudonyms import SecretError
    from services.audit.trail import MarketHasMoved
    from services.backup.errors import BackupDamaged, BackupRefused
    from services.catalogue.store import CatalogueError
    from services.database.errors import StorageMisconfigured, StorageUnavailable
    from services.fan_out import EngineError
    from services.fan_out.store import StoreError
    from services.fan_out.task import TaskError
    from services.features.embedded import EmbeddedRedisError
    from services.features.servers import RedisMisconfigured
    from services.markets.life import MarketError
    from services.releases.freeze import Frozen
    from services.releases.store import ReleaseRefused, UnknownVersion
    from services.stakeholders.policies import PolicyError, PolicyNotFound

    text = " ".join(str(error).split()) or type(error).__name__
    wrong_use = (
        UsageError,
        DatasetError,
        ImportFailed,
        ModelError,
        CatalogueError,
        KeysFileError,
        SecretError,
        StorageMisconfigured,
        RedisMisconfigured,
        UnknownVersion,
        PolicyNotFound,
        BackupRefused,
        MarketError,
        MarketHasMoved,
        EngineError,
        StoreError,
    )
    if isinstance(error, wrong_use):
        return WRONG_USE, text
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return WRONG_USE, f"setting {where}: {first['msg']}"
    if isinstance(error, StorageUnavailable):
        return FAILED, f"the database does not answer: {text}; `tablestakes doctor` says what is configured"
    if isinstance(
        error, ArtifactError | EmbeddedRedisError | Frozen | ReleaseRefused | PolicyError | BackupDamaged | TaskError
    ):
        return FAILED, text
    return FAILED, f"unexpected {type(error).__name__}: {text[:300]} (-v shows the trace)"
