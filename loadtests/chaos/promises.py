"""What a bad day promises, what was seen of it, and whether that is what was promised."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """One promise beside what was seen."""

    promise: str
    seen: str
    kept: bool
    timed: bool = False
    """Whether it hangs on how quick this machine was: such a check says little while something else runs."""


@dataclass(frozen=True)
class Report:
    """One bad day."""

    name: str
    title: str
    seconds: float
    checks: Sequence[Check] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    """Why the day broke off; empty where it came to its end."""

    def kept(self, *, timed: bool) -> bool:
        """Whether every promise was kept; `timed` False leaves out those that hang on the machine's quickness."""
        return not self.failure and all(check.kept for check in self.checks if timed or not check.timed)

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return {
            "name": self.name,
            "title": self.title,
            "seconds": round(self.seconds, 1),
            "kept": self.kept(timed=True),
            "failure": self.failure,
            "checks": [asdict(check) for check in self.checks],
            "figures": dict(self.figures),
        }


def none_of(promise: str, found: int, of: int, what: str = "answers") -> Check:
    """A promise that something does not happen, among enough of what it could have happened to."""
    return Check(promise, f"{found:,} of {of:,} {what}", found == 0 and of > 0)


def all_of(promise: str, found: int, of: int, what: str = "answers") -> Check:
    """A promise that something always happens."""
    return Check(promise, f"{found:,} of {of:,} {what}", found == of > 0)


def within(promise: str, seen: float, limit: float, unit: str = "ms") -> Check:
    """A promise of a time or size that is not passed, which hangs on the machine."""
    return Check(promise, f"{seen:,.3g} {unit} (limit {limit:,.3g})", seen <= limit, timed=True)
