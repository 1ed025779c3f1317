"""What the gates say of a version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Passed or not, and why, in sentences that a person reads."""

    passed: bool
    reasons: tuple[str, ...]
