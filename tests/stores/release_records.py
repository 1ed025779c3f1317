"""Versions with real artifacts, and what must be true of a market's releases at any moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, select

from models import artifacts
from models.calibration import Calibration, Curve
from models.hybrid import LightFMModel
from models.testing import sample_data
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import champions, release_clocks
from services.database.transactions import reading
from services.releases.registry import ModelRegistry
from services.releases.states import ON_TRIAL, State
from services.releases.store import ReleaseStore
from services.releases.verdict import Verdict

MARKET = "sample"
FRIDAY = datetime(2026, 1, 9, 18, 0, tzinfo=UTC)
_CURVE = Curve(slope=0.7, travel=-1.25, intercept=-2.0)
_CALIBRATION = Calibration(order=_CURVE, click=_CURVE, examination=(1.0, 0.8), mean_log_time=2.5)


class Watch(Clock):
    """Shows what it is set to."""

    def __init__(self, at: datetime = FRIDAY) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


def save_versions(root: Path, count: int, market: str = MARKET) -> list[artifacts.Artifact]:
    """So many versions of a small model."""
    data = sample_data()
    return [
        artifacts.save(
            root,
            market=market,
            model=LightFMModel(components=4, epochs=1, seed=seed).fit(data),
            diner_ids=data.diner_ids,
            restaurant_ids=data.restaurant_ids,
            popularity=np.arange(len(data.restaurant_ids), dtype=np.float32),
            calibration=_CALIBRATION,
            data_snapshot=data.snapshot,
            metrics={"models": {"lightfm": {"ndcg@10": {"value": 0.2 + seed / 100, "low": 0.1, "high": 0.4}}}},
        )
        for seed in range(count)
    ]


def register(
    engine: Engine, artifact: artifacts.Artifact, passed: bool | None = None, clock: Clock | None = None
) -> str:
    """Register a version, with a verdict where one is given; its name."""
    verdict = None if passed is None else Verdict(passed, () if passed else ("worse than the champion",))
    metrics = artifact.manifest.metrics
    registry = ModelRegistry(engine, clock)
    registry.register(MARKET, artifact.version, "lightfm", str(artifact.path), metrics, verdict=verdict)
    return artifact.version


def store_of(engine: Engine, clock: Clock | None = None) -> ReleaseStore:
    """A store on this database."""
    clock = clock or Clock()
    return ReleaseStore(engine, AuditTrail(engine, clock), clock)


def states(engine: Engine) -> dict[str, str]:
    """The state of each version, with its share where it has one."""
    listed = store_of(engine).releases(MARKET)
    return {each.version.version: f"{each.state} {each.share:g}" if each.share else str(each.state) for each in listed}


def assert_consistent(engine: Engine) -> None:
    """One champion that can be loaded and that the pointer names, one trial at most, a clock that agrees, a chain that
    holds."""
    store = store_of(engine)
    listed = store.releases(MARKET)
    found = [each for each in listed if each.state is State.CHAMPION]
    assert len(found) == 1, states(engine)
    champion = found[0]
    with reading(engine) as connection:
        assert connection.execute(select(champions.c.version)).scalars().all() == [champion.version.version]
        moves = connection.execute(select(release_clocks.c.moves)).scalar() or 0
    assert artifacts.load(Path(champion.version.path)).version == champion.version.version
    assert champion.served
    on_trial = [each for each in listed if each.state in ON_TRIAL]
    assert len(on_trial) <= 1
    for each in listed:
        assert (each.share > 0.0) == (each.trial > 0) == (each in on_trial)
        assert each.trial <= moves
    lineup = store.lineups()[MARKET]
    assert (lineup.champion.version, lineup.moves) == (champion.version.version, moves)
    assert ([lineup.trial] if lineup.trial else []) == on_trial
    trail = AuditTrail(engine, Clock())
    assert trail.first_broken() is None
    made = [record for record in trail.page(limit=1_000) if record.action != "release.register"]
    assert sum(record.action.startswith("release.") for record in made) == moves


def promoted(engine: Engine, versions: Sequence[str]) -> None:
    """All of them were champion once, the last one is."""
    from services.releases.states import Move

    for version in versions:
        store_of(engine).move(MARKET, version, Move.PROMOTE, role="infra")


@contextmanager
def damaged(file: Path, content: bytes) -> Iterator[None]:
    """The file with another content, for as long as the block lasts."""
    whole = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(whole)
