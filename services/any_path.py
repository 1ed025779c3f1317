"""Files behind a URL, by whatever driver fsspec has for it."""

from typing import Any


def opened(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path in it.

    Raises ValueError where fsspec or the driver is missing; the message says what to install.
    """
    try:
        import fsspec
    except ImportError:
        raise ValueError(f"{url}: what is not a folder is an extra: pip install 'tablestakes[engine]'") from None
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:  # no driver for this protocol; the error says what to install
        raise ValueError(f"{url}: {error}") from None
    return files, str(root)
