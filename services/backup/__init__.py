"""Copies of a whole home that keep their promises, and the way back."""

from services.backup.home import Backup, BackupDamaged, BackupRefused, back_up, restore

__all__ = ["Backup", "BackupDamaged", "BackupRefused", "back_up", "restore"]
