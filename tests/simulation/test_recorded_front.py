"""The front that comes with the program: whose it is, what it says, and where the demo lays it."""

import inspect
from dataclasses import asdict
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest

from services import provenance
from services.audit.trail import AuditTrail
from services.cli.demonstration import demo
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.settings import Settings
from services.simulation.demo import Sizes, _lay_front
from services.simulation.front import Evaluation
from services.simulation.recorded_front import recorded_front
from services.stakeholders.fronts import FrontError, FrontStore
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.policy import Policy
from services.stakeholders.seats import negotiable, signing

UNSEEN = "latency_budget_ms"
"""A dial that no simulation reads, which has no clock to run against: with or without it a front is the same."""


def test_it_is_what_the_command_evaluates_by_default() -> None:
    front = recorded_front()
    setting = dict(front.provenance["setting"])
    recorded = {name: dial for name, dial in setting.pop("active").items() if name != UNSEEN}
    assert recorded == Policy().model_dump(mode="json", exclude={UNSEEN})
    evaluation = {name: value for name, value in asdict(Evaluation()).items() if name != "active"}
    assert setting == {**evaluation, "models": list(Evaluation().models)}
    assert len(front.provenance["code"]) == 64
    assert front.active == Policy().name
    assert front.assumed
    assert f"recorded with the program on {front.created_at:%Y-%m-%d}" in front.notes[0]
    assert len(front.wide.policies) == Evaluation().policies + Evaluation().refined
    assert front.long is not None
    assert front.long.days == Evaluation().long_days


def test_it_is_of_the_seats_and_policies_that_there_are_now() -> None:
    """A number, a dial or a field more, and it has to be recorded anew."""
    front = recorded_front()
    result = negotiate(front, {})
    assert result.settlement is not None
    assert set(result.settlement.shares) == {seat.name for seat in signing()}
    assert {one.number.key for one in signing()} <= set(front.wide.policies[0].outcomes) <= set(negotiable())
    assert not any("not checked" in note for note in result.notes)


def test_it_is_small_and_no_part_of_what_fronts_are_made_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = resources.files("services.simulation") / "recorded" / "front.json"
    assert len(file.read_bytes()) < 250_000
    (tmp_path / "services" / "recorded").mkdir(parents=True)
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    before = provenance.program().code
    (tmp_path / "services" / "recorded" / "front.json").write_text("{}")
    assert provenance.program().code == before
    (tmp_path / "services" / "other.json").write_text("{}")
    assert provenance.program().code != before


def test_the_default_demo_begins_with_it_and_another_city_does_not(tmp_path: Path) -> None:
    given = {name: one.default for name, one in inspect.signature(demo).parameters.items() if name in asdict(Sizes())}
    assert Sizes(**given) == Sizes()
    settings = Settings(home=tmp_path)
    engine = open_database(settings.resolved_database_url)
    migrate(engine)
    store = FrontStore(engine, AuditTrail(engine, Clock()))
    _lay_front(settings, Sizes(seed=2), "aldermoor")
    with pytest.raises(FrontError):
        store.get("aldermoor")
    _lay_front(settings, Sizes(), "aldermoor")
    _lay_front(settings, Sizes(), "aldermoor")
    assert store.get("aldermoor") == recorded_front()
    later = recorded_front().created_at + timedelta(1)
    own = recorded_front().model_copy(update={"front_id": "a" * 32, "created_at": later})
    store.put("aldermoor", own, "admin")
    _lay_front(settings, Sizes(), "aldermoor")
    assert store.get("aldermoor").front_id == "a" * 32
    engine.dispose()
