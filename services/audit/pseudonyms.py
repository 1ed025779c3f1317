"""Names for diners in the audit trail, which outlives what is held about them."""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from services.database.transactions import lock_out, writing
from services.private_files import read_private, write_private

_BYTES: Final = 32


class SecretError(Exception):
    """The file with the secret cannot be read or written; the message says the mend."""


def pseudonym(secret: bytes, user_id: str) -> str:
    """HMAC-SHA256 of the diner's id, 64 hexadecimal digits.

    Whoever has the secret can tell whether a record is about a diner whose id they know; nobody can go back from the
    pseudonym, and without the secret not even by trying all ids.
    """
    return hmac.new(secret, user_id.encode(), hashlib.sha256).hexdigest()


def ensure_secret(engine: Engine, file: Path) -> bytes:
    """The installation's secret, 32 random bytes; made where there is no file, once however many processes start.

    It lies beside the database and not in it: a copy of the trail alone gives no diner away. After the loss of the file
    new pseudonyms match no old ones. Raises SecretError, StorageUnavailable.
    """
    with writing(engine) as connection:
        lock_out(connection, "pseudonyms")
        try:
            if not file.exists():
                write_private(file, secrets.token_bytes(_BYTES))
            secret = read_private(file)
        except OSError as error:
            raise SecretError(f"{file} cannot be read or written: {error.strerror}") from None
    if len(secret) != _BYTES:
        raise SecretError(f"{file} is no secret of {_BYTES} bytes: bring it back from a backup, or delete it")
    return secret
