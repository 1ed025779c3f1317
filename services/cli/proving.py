"""That the person at the terminal holds the key of the seat that is named."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.cli.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

VARIABLE: Final = "TABLESTAKES_KEY"


def prove(engine: "Engine", role: str, key_file: Path | None, keys_file: Path) -> None:
    """Raise UsageError unless the role's valid key is at hand; no message has a key in it.

    It is looked for in `key_file`, which holds it alone or is a copy of `keys.json`; in the environment; and in the
    home's `keys_file`. The first of these that there is counts.
    """
    from services.access.keys import KeyRing

    key, where = _key(role, key_file, keys_file)
    mend = f"give --key-file with the key of {role}, or put it into {VARIABLE}"
    if not key:
        raise UsageError(f"--role {role}: there is no key of {role} in {where}: {mend}")
    found = KeyRing(engine).role_of(key)
    if found is None:
        raise UsageError(f"--role {role}: the key in {where} is not known, or it has been rotated: {mend}")
    if found != role:
        raise UsageError(f"--role {role}: the key in {where} is that of {found}: {mend}")


def _key(role: str, key_file: Path | None, keys_file: Path) -> tuple[str | None, str]:
    """The key, None where there is none; and where it was looked for."""
    if key_file is not None:
        return _in_file(role, key_file), str(key_file)
    if VARIABLE in os.environ:
        return os.environ[VARIABLE].strip(), VARIABLE
    return _of_set(role, keys_file), str(keys_file)


def _in_file(role: str, path: Path) -> str | None:
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise UsageError(f"--key-file {path}: it cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"--key-file {path}: it is no text: put the key into it, or name a keys.json") from None
    return _of_set(role, path) if text.startswith("{") else text


def _of_set(role: str, path: Path) -> str | None:
    from services.access.keys import read_keys
    from services.access.roles import Role

    return read_keys(path).get(Role(role))
