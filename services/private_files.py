"""Files with secrets."""

import os
import secrets
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Whole or not at all, readable by the owner alone (0600) from its first byte on; folders are made. Raises OSError.

    When this returns the content is on disk.
    """
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(file)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def read_private(file: Path) -> bytes:
    """The content; a file that others may read is closed to them. Raises OSError."""
    content = file.read_bytes()
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return content
