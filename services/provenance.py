"""What numbers are a function of: the program's source, its libraries, and the machine that they were made on."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

_LIBRARIES: Final = ("numpy", "scipy", "rectools-lightfm", "lightgbm", "implicit", "moocore")
_ROOT: Final = Path(__file__).parent.parent
_CODE: Final = ("data", "models", "services")
_RECORDED: Final = "recorded"
"""Folders of results: what came of the source is no part of it."""
_GIT_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Program:
    """The source and the libraries that numbers hang on."""

    code: str
    """SHA-256 of the source."""
    python: str
    libraries: Mapping[str, str | None]
    """Versions of those that reckon; None: not installed."""
    commit: str | None = None
    """None where the source is in no repository, or git is not here."""

    def document(self) -> dict[str, Any]:
        """What results are a function of: a commit may have other documents and the same source."""
        return {"code": self.code, "python": self.python, "libraries": dict(self.libraries)}

    def digest(self, about: Mapping[str, Any]) -> str:
        """SHA-256 of the source together with what it was asked."""
        return hashlib.sha256(json.dumps({**about, "code": self.code}, sort_keys=True).encode()).hexdigest()


def program() -> Program:
    """This one."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return Program(code_digest(), platform.python_version(), libraries, _commit())


def machine() -> dict[str, Any]:
    """This one."""
    return {"system": platform.system(), "architecture": platform.machine(), "cores": os.cpu_count()}


def code_digest() -> str:
    """SHA-256 of the source."""
    digest = hashlib.sha256()
    for part in _CODE:
        for file in sorted((_ROOT / part).rglob("*")):
            if file.suffix in (".py", ".c", ".json") and file.parent.name != _RECORDED:
                digest.update(f"{file.relative_to(_ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    if not (_ROOT / ".git").exists():
        return None
    command = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    try:
        done = subprocess.run(  # noqa: S603 - no shell, nothing of anybody's in it
            command, cwd=_ROOT, capture_output=True, text=True, timeout=_GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
