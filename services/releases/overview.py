"""What people ask about releases: which versions wait, and what a standstill costs. Pure."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.releases.registry import ModelVersion
from services.releases.states import State
from services.releases.store import Release

_METRIC = "ndcg@10"


class Price(BaseModel):
    """What it costs that nothing is released."""

    model_config = ConfigDict(frozen=True)

    staleness_days: float | None = Field(ge=0)
    """Since the champion was registered; null where there is none."""
    champion_ndcg: float | None
    best_queued: str | None
    """The challenger with the best nDCG@10 of those that wait."""
    ndcg_lost: float | None = Field(ge=0)
    """How far the champion is below it, each on the data that was held out when it was trained; 0 where it is not."""


def ndcg_of(version: ModelVersion) -> float | None:
    """nDCG@10 of a version on held-out data; None where its metrics do not say."""
    found = version.metrics
    for name in ("models", version.model, _METRIC, "value"):
        found = found.get(name) if isinstance(found, dict) else None  # type: ignore[assignment]
    return float(found) if isinstance(found, int | float) else None


def queue_of(releases: Sequence[Release]) -> list[Release]:
    """The challengers that could be promoted, the longest waiting first."""
    waiting = [release for release in releases if release.state is State.CHALLENGER]
    return sorted(waiting, key=lambda release: (release.version.created_at, release.version.version))


def price_of(releases: Sequence[Release], at: datetime) -> Price:
    """What a market loses by standing still."""
    champion = next((release.version for release in releases if release.state is State.CHAMPION), None)
    measured = [(ndcg_of(release.version), release.version.version) for release in queue_of(releases)]
    best = max(((value, version) for value, version in measured if value is not None), default=None)
    own = None if champion is None else ndcg_of(champion)
    return Price(
        staleness_days=None if champion is None else max(0.0, (at - champion.created_at).total_seconds() / 86_400),
        champion_ndcg=own,
        best_queued=None if best is None else best[1],
        ndcg_lost=None if best is None or own is None else max(0.0, best[0] - own),
    )
