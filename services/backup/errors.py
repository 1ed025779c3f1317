"""What can go wrong with a backup."""


class BackupRefused(Exception):
    """It is asked for something that would destroy or mix; nothing was changed, and the message says the mend."""


class BackupDamaged(Exception):
    """A copy is not what was copied, or cannot be made; the message says which part of it."""
