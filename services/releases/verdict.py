"""What the gates say of a version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a version may ever serve, and why not."""

    passed: bool
    reasons: tuple[str, ...]
    """For people; empty where it passed."""
