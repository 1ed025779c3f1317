"""Where tasks find what they need and leave what they made: parcels of files, on a disk or any fsspec path.

    <url>/<name>/index.json        which attempt counts, and the size and sha256 of each of its files
    <url>/<name>/<attempt>/…       the files

A parcel is there when its index is, which is written last and in one piece; half an index is no JSON. Who writes a
parcel a second time, for it was thought dead, writes beside the first. So a parcel is there whole or not at all, also
where nothing can be renamed.
"""

import contextlib
import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from services.any_path import opened

_INDEX: Final = "index.json"


class StoreError(Exception):
    """The store cannot be used, or a parcel in it is not what its index says; the message says where."""


class _Files(Protocol):
    """What is used of a file system: fsspec's names."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None: ...

    def put_file(self, lpath: str, rpath: str, /) -> None: ...

    def get_file(self, rpath: str, lpath: str, /) -> None: ...

    def pipe_file(self, path: str, value: bytes) -> None: ...

    def cat_file(self, path: str) -> bytes: ...

    def rm(self, path: str, recursive: bool = False) -> None: ...


class _Disk:
    """The same on a disk, without fsspec, which is an extra."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        Path(path).mkdir(parents=True, exist_ok=exist_ok)

    def put_file(self, lpath: str, rpath: str, /) -> None:
        shutil.copyfile(lpath, rpath)

    def get_file(self, rpath: str, lpath: str, /) -> None:
        shutil.copyfile(rpath, lpath)

    def pipe_file(self, path: str, value: bytes) -> None:
        Path(path).write_bytes(value)

    def cat_file(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def rm(self, path: str, recursive: bool = False) -> None:
        shutil.rmtree(path) if recursive else Path(path).unlink()


class Store:
    """Parcels under one URL. All methods raise StoreError where the store does not answer."""

    def __init__(self, url: str) -> None:
        """url: a folder, or what fsspec can open, such as `s3://bucket/prefix`."""
        self.url = url
        self._files, self._root = _opened(url)

    def has(self, name: str) -> bool:
        """Whether the parcel is there, whole."""
        return self._index(name) is not None

    def put(self, name: str, folder: Path) -> None:
        """Send the files in a folder, and those in the folders in it; one that is there already is kept."""
        if self.has(name):
            return
        attempt = secrets.token_hex(8)
        held: dict[str, dict[str, Any]] = {}
        with self._answering(name):
            self._files.makedirs(self._at(name, attempt), exist_ok=True)  # also for a folder without files
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                relative = file.relative_to(folder).as_posix()
                held[relative] = {"size": file.stat().st_size, "sha256": _sha256(file)}
                target = self._at(name, attempt, relative)
                self._files.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
                self._files.put_file(str(file), target)
            index = json.dumps({"attempt": attempt, "files": held}, sort_keys=True).encode()
            self._files.pipe_file(self._at(name, _INDEX), index)

    def get(self, name: str, folder: Path) -> Path:
        """Fetch a parcel into `folder`, which is made; raise StoreError where it is not there, or damaged."""
        index = self._index(name)
        if index is None:
            raise StoreError(f"{self.url}/{name} is not there, or not whole")
        for relative, said in index["files"].items():
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with self._answering(name):
                    self._files.get_file(self._at(name, index["attempt"], relative), str(target))
            except (FileNotFoundError, ValueError) as error:
                raise StoreError(f"{self.url}/{name}: {relative} cannot be read: {error}") from None
            if {"size": target.stat().st_size, "sha256": _sha256(target)} != said:
                raise StoreError(f"{self.url}/{name}: {relative} is not what its index says")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def remove(self, name: str) -> None:
        """Remove a parcel, or a folder of them; nothing where there is none."""
        with self._answering(name), contextlib.suppress(FileNotFoundError):
            self._files.rm(self._at(name), recursive=True)

    def _index(self, name: str) -> Mapping[str, Any] | None:
        try:
            with self._answering(name):
                found = json.loads(self._files.cat_file(self._at(name, _INDEX)))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _at(self, *parts: str) -> str:
        return "/".join((self._root.rstrip("/"), *parts))

    @contextlib.contextmanager
    def _answering(self, name: str) -> Any:
        try:
            yield
        except (FileNotFoundError, ValueError):
            raise
        except Exception as error:  # each driver has exceptions of its own
            raise StoreError(f"{self.url}/{name}: {type(error).__name__}: {error}") from error


def _opened(url: str) -> tuple[_Files, str]:
    if "://" not in url:
        return _Disk(), str(Path(url).absolute())
    try:
        return opened(url)
    except ValueError as error:
        raise StoreError(str(error)) from None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
