"""What stops a release, planted and carried through a whole run: nothing here is judged by hand-made figures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, delete

from data import columns as col
from data.columns import EventType
from services.access.roles import Role
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import events
from services.database.transactions import writing
from services.events.log import Event, EventLog
from services.releases.registry import ModelRegistry
from services.releases.states import Move, State
from services.releases.store import ReleaseRefused, ReleaseStore
from services.retraining.job import RetrainingJob
from services.retraining.runs import RunState
from services.settings import Settings
from tests.retraining.conftest import MARKET, LearningHome

MODEL = "lightfm"
DISTRICT = "Castle Hill"
CHECK = """\
  - name: {name}
    kind: minimum
    diners: ["budget=low"]
    restaurants: ["price=3"]
    at_most: {at_most}
"""
"""In the shape of docs/checks.yaml."""


def gated(home: LearningHome, **settings: Any) -> Settings:
    """Only the gate that is asked about is strict: what else the planted fault does is no reason."""
    open_gates = {"retrain_slice_loss": 1.0, "retrain_fairness_loss": 1.0}
    return home.settings.model_copy(update={**open_gates, **settings})


def stopped(engine: Engine, settings: Settings, model: str = MODEL) -> tuple[str, ...]:
    """The reasons of a run whose version is rejected, is not served, and can not be promoted either."""
    clock = Clock()
    registry, store = ModelRegistry(engine), ReleaseStore(engine, AuditTrail(engine, clock), clock)
    before = registry.champion(MARKET)
    gates, version = ran(engine, settings, model)
    assert gates["passed"] is False, "nothing stopped it"
    [release] = [one for one in store.releases(MARKET) if one.version.version == version]
    assert release.state is State.REJECTED
    assert release.version.metrics["gates"] == gates
    with pytest.raises(ReleaseRefused):
        store.move(MARKET, version, Move.PROMOTE, role=Role.ADMIN, reason="all the same")
    assert registry.champion(MARKET) == before
    return tuple(gates["reasons"])


def ran(engine: Engine, settings: Settings, model: str = MODEL) -> tuple[dict[str, Any], str]:
    """What the gates of a run said, and its version."""
    job = RetrainingJob(engine, settings, Clock())
    job.runs.request(MARKET, (model,), 0, "ml")
    runs = job.work()
    assert runs is not None
    assert (runs[0].state, runs[0].reasons) == (RunState.FINISHED, ())
    steps = {name: record.document for name, record in job.runs.steps(runs[0]).items()}
    return steps["gates"][model], steps["register"][model]["version"]


def checks_in(folder: Path, **at_most: float) -> str:
    """A file with one check for each name, of how high dear places stand in the lists of low budgets."""
    file = folder / "checks.yaml"
    file.write_text("checks:\n" + "".join(CHECK.format(name=name, at_most=most) for name, most in at_most.items()))
    return str(file)


def misbook(home: LearningHome, engine: Engine, diners: Sequence[str], orders: int = 40) -> None:
    """Orders of somebody else, booked on these diners in the days before the test period; what they do later is true.

    They came late, so the champion has never heard of them.
    """
    at = home.dataset.events(MARKET)[col.AT]
    begins, ends = at.min(), at.max().floor("D") - timedelta(days=3)
    wrong = np.random.default_rng(7).permutation(home.dataset.restaurants(MARKET)[col.RESTAURANT_ID].to_numpy())[:6]
    rng = np.random.default_rng(8)
    for diner in diners:
        times = pd.to_datetime(rng.uniform(begins.value, ends.value, orders).astype(np.int64), utc=True).floor("s")
        EventLog(engine).append(
            [
                order(f"misbooked-{diner}-{number}", diner, str(rng.choice(wrong)), at.to_pydatetime())
                for number, at in enumerate(times)
            ]
        )


def silence(home: LearningHome, engine: Engine, district: str) -> None:
    """What diners did in a district before the test period never reaches the log; the champion still knew of it."""
    places, newest = home.dataset.restaurants(MARKET), home.dataset.events(MARKET)[col.AT].max()
    theirs = places[col.RESTAURANT_ID][places[col.DISTRICT] == district].tolist()
    ends = newest.floor("D") - timedelta(days=2)
    answers = [str(kind) for kind in EventType if kind is not EventType.IMPRESSION]
    gone = events.c.restaurant_id.in_(theirs) & (events.c.at < ends.to_pydatetime()) & events.c.type.in_(answers)
    with writing(engine) as connection:
        connection.execute(delete(events).where(gone))


def order(name: str, diner: str, restaurant: str, at: datetime) -> Event:
    kind = EventType.ORDER
    return Event(event_id=name, type=kind, market=MARKET, user_id=diner, restaurant_id=restaurant, at=at, value=2_000.0)


def who(home: LearningHome, column: str, tag: str) -> list[str]:
    diners = home.dataset.diners(MARKET)
    return sorted(diners[col.USER_ID][diners[column].map(lambda tags: tag in list(tags))])


def test_nothing_stops_a_version_of_a_log_without_a_fault(home: LearningHome, engine: Engine, tmp_path: Path) -> None:
    """With all gates of this file configured at once, so that what they stop below is stopped for the fault's sake."""
    settings = gated(
        home,
        retrain_checks=checks_in(tmp_path, dear_places=0.9),
        retrain_slice_loss=0.1,
        retrain_fairness_loss=0.1,
        retrain_greatest_quality_gap=0.05,
        retrain_least_exposure_ratio=0.5,
    )
    assert ran(engine, settings)[0] == {"passed": True, "reasons": []}


def test_a_check_of_ones_own_that_fails_stops_the_release_and_is_named(
    home: LearningHome, engine: Engine, tmp_path: Path
) -> None:
    [reason] = stopped(engine, gated(home, retrain_checks=checks_in(tmp_path, dear_places=0.9, no_dear_places=0.01)))
    assert reason.startswith("check 'no_dear_places': ")


def test_a_bad_slice_stops_the_release_and_is_named(home: LearningHome, engine: Engine) -> None:
    """Who knows popularity alone is worse than the champion, and most where an order was no matter of popularity."""
    reasons = stopped(engine, gated(home, retrain_slice_loss=0.1), "popular")
    [(metrics, found)] = [
        (one.metrics, [reason for reason in reasons if reason.startswith("where ")])
        for one in ModelRegistry(engine).versions(MARKET)
        if one.model == "popular"
    ]
    worst = metrics["requests"]["by_slice"]["champion"]["regressions"][0]
    assert worst["n"] >= 40
    assert worst["low"] > 0.1 * worst["before"]
    words = (
        f"where {' and '.join(worst['conditions'])}, its ndcg@10 is worse than the champion's by {worst['loss']:.4f}"
    )
    assert found[0].startswith(words)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"retrain_fairness_loss": 0.1}, "diners of gender woman lose ndcg@10"),
        ({"retrain_greatest_quality_gap": 0.05}, "diners of gender woman have ndcg@10 lower than those of"),
    ],
)
def test_a_group_of_diners_that_is_treated_worse_stops_the_release_and_is_named(
    home: LearningHome, engine: Engine, settings: dict[str, float], words: str
) -> None:
    misbook(home, engine, who(home, col.PROTECTED, "gender=woman"))
    reasons = stopped(engine, gated(home, **settings))
    assert any(one.startswith(words) for one in reasons), reasons


def test_a_group_of_restaurants_that_is_shown_less_stops_the_release_and_is_named(
    home: LearningHome, engine: Engine
) -> None:
    silence(home, engine, DISTRICT)
    reasons = stopped(engine, gated(home, retrain_least_exposure_ratio=0.5))
    assert any(one.startswith(f"restaurants of district {DISTRICT} get ") for one in reasons), reasons
