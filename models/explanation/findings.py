"""What the over-indexing audit asks, and what it finds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Question(StrEnum):
    """What is asked."""

    CONCENTRATION = "concentration"
    IDENTITY = "identity"
    POPULARITY = "popularity"
    IN_SERVICE = "not there in service"
    LATER = "does not hold later"
    HARM = "harms later"


@dataclass(frozen=True)
class Finding:
    """One figure beside its bound."""

    feature: str
    kind: Question
    value: float
    bound: float
    reported: bool
    sentence: str
    low: float | None = None
    high: float | None = None
    """95 %, where the figure has an interval."""
    p: float | None = None
    """Holm's, where it is a test."""

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Audit:
    """What was found, the reported first."""

    findings: tuple[Finding, ...]
    not_asked: Mapping[str, str]
    """Questions that could not be asked, and why."""

    @property
    def reported(self) -> tuple[Finding, ...]:
        """What is wrong."""
        return tuple(finding for finding in self.findings if finding.reported)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "reported": len(self.reported),
            "findings": [finding.document() for finding in self.findings],
            "not_asked": {str(kind): why for kind, why in self.not_asked.items()},
        }
