"""What can go wrong with the database.

StorageError
  + StorageUnavailable   it does not answer, is locked, full or damaged: try again later (503 + Retry-After)
  + StorageMisconfigured the URL or the schema is wrong: a person must act
"""


class StorageError(Exception):
    """Something is wrong with the database; the message says what and never holds stored values."""


class StorageUnavailable(StorageError):
    """The database does not take or give anything now. Nothing of the failed transaction is acknowledged."""


class StorageMisconfigured(StorageError):
    """The database's URL or schema does not fit this program; the message says the mend."""
