"""Identifiers that the system makes itself."""

import secrets
import time


def new_request_id() -> str:
    """A 128-bit id as 32 hexadecimal digits, rising with time (48 bits of milliseconds, then 80 random ones).

    Rising ids are appended at the end of a database's index instead of all over it.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
