"""A folder to which files are written whole or not at all: on a disk, or on any path that fsspec opens.

A file is made beside its place under another name, `.<name>.<random>`, and moved there. On a disk the move is one step,
and synced. Elsewhere it is what the driver does: a rename where there is one (SFTP, HDFS, SMB); an object store copies,
and the copy is there when it is whole, after which the first one is deleted. So a reader sees the old file, or the new
one, or a file with a dot before its name, which readers of Parquet pass over.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from services.any_path import opened
from services.private_files import write_private

_FILE_URL: Final = "file://"
_PART: Final = 1 << 20


class FolderError(Exception):
    """The folder cannot be used; the message says which, why, and the mend."""


class ExportFolder(Protocol):
    """Names are relative, with `/` between their parts. All methods raise FolderError where nobody answers."""

    url: str
    lines_at_once: int
    """So many lines are worth an `append`."""

    def names(self) -> list[str]:
        """Of all files, sorted; none where there is no such folder."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none."""
        ...

    def sha256(self, name: str) -> str | None:
        """A file's sum, in hexadecimal digits; None where there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, whole."""
        ...

    def append(self, name: str, line: bytes) -> None:
        """Add to the end of a small file."""
        ...

    def making(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A path on this machine to write a file to, which is put in its place at the end; one that is not there then,
        or whose body raises, is not.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file."""
        ...


def export_folder(url: str | Path) -> ExportFolder:
    """The folder of this name: a path, or a URL that fsspec knows. Raises FolderError."""
    text = str(url)
    if text.startswith(_FILE_URL):
        text = text.removeprefix(_FILE_URL)
    return Remote(text) if "://" in text else Disk(Path(text))


class Disk:
    """On a disk: files and folders are their owner's alone, and synced."""

    lines_at_once = 1

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise FolderError(f"{path} is a file: name a folder")
        self._path = path.absolute()
        self.url = str(self._path)

    def names(self) -> list[str]:
        """Of all files, sorted."""
        return sorted(file.relative_to(self._path).as_posix() for file in self._path.rglob("*") if file.is_file())

    def read(self, name: str) -> bytes | None:
        """A file's content."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def sha256(self, name: str) -> str | None:
        """A file's sum."""
        try:
            with (self._path / name).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        write_private(self._path / name, content)

    def append(self, name: str, line: bytes) -> None:
        """Add to the end of a file."""
        with (self._path / name).open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())

    @contextlib.contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path in the same folder."""
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = target.with_name(_aside(target.name))
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield aside
        if aside.exists():
            _sync(aside)
            aside.replace(target)
            _sync(target.parent)
        else:
            self._prune(target.parent)

    def remove(self, name: str) -> None:
        """Remove a file, and folders that are empty then."""
        (self._path / name).unlink(missing_ok=True)
        self._prune((self._path / name).parent)

    def _prune(self, folder: Path) -> None:
        while folder != self._path and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent


class Remote:
    """Behind a driver of fsspec's; who may read what is the server's matter."""

    lines_at_once = 100

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = opened(url)
        except ValueError as error:
            raise FolderError(str(error)) from None
        self.url = url
        with self._answering():
            if self._files.isfile(self._root):
                raise FolderError(f"{url} is a file: name a folder")

    def names(self) -> list[str]:
        """Of all files, sorted."""
        start = len(self._root.rstrip("/")) + 1
        with self._answering():
            return sorted(found[start:] for found in self._files.find(self._root))

    def read(self, name: str) -> bytes | None:
        """A file's content."""
        with self._answering():
            try:
                return bytes(self._files.cat_file(self._at(name)))
            except FileNotFoundError:
                return None

    def sha256(self, name: str) -> str | None:
        """A file's sum: it is read for it."""
        digest = hashlib.sha256()
        with self._answering():
            try:
                with self._files.open(self._at(name), "rb") as stream:
                    while part := stream.read(_PART):
                        digest.update(part)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self.making(name) as path:
            path.write_bytes(content)

    def append(self, name: str, line: bytes) -> None:
        """Write it anew with the line, for object stores cannot append."""
        self.write(name, (self.read(name) or b"") + line)

    @contextlib.contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path in a temporary folder; the file is sent from there."""
        with tempfile.TemporaryDirectory(prefix="tablestakes-export-") as scratch:
            path, target = Path(scratch) / "file", PurePosixPath(self._at(name))
            path.touch()
            yield path
            if not path.exists():
                return
            aside = str(target.with_name(_aside(target.name)))
            with self._answering():
                self._files.makedirs(str(target.parent), exist_ok=True)
                self._files.put_file(str(path), aside)
                self._files.mv(aside, str(target))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._answering(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FolderError):
            raise
        except Exception as error:  # each driver has exceptions of its own
            raise FolderError(f"{self.url}: {type(error).__name__}: {error}") from error


def is_aside_of(name: str, place: str) -> bool:
    """Whether a file is one that a killed process had not moved to its place, a file of that name."""
    return PurePosixPath(name).name.startswith(f".{place}.")


def _aside(name: str) -> str:
    return f".{name}.{secrets.token_hex(4)}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
