"""A front evaluated through the closed loop: estimates by hand, finalists, a run that goes on where it was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from services.fan_out import Engine
from services.simulation.front import Evaluation, estimates, evaluate, finalists
from services.simulation.outcomes import Tally
from services.stakeholders.negotiation.design import DesignError
from services.stakeholders.negotiation.front import Front
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.policy import Policy
from tests.commands import tablestakes
from tests.stakeholders.fronts import front, town

NOW = datetime(2026, 1, 9, tzinfo=UTC)
SMALL = Evaluation(
    restaurants=40, diners=80, warm_days=9, policies=19, refined=3, polished=1, days=2, finalists=2, long_days=3
)
SIZES = ("--restaurants", "40", "--diners", "80", "--warm-days", "9", "--policies", "20", "--days", "7")
SECOND_LOOK = ("--refined", "2", "--finalists", "0", "--jobs", "1")


def silent(step: str, done: int, total: int) -> None:
    """Nobody watches."""


def test_errors_are_over_cities_where_there_are_several_else_over_weeks() -> None:
    weeks = [Tally(requests=100, orders=orders) for orders in (50, 70, 60)]
    one = estimates([weeks])["orders_per_1000"]
    assert (one.mean, one.n) == (pytest.approx(600.0), 3)
    assert one.error == pytest.approx(stats.sem([500.0, 700.0, 600.0]))
    two = estimates([weeks, [Tally(requests=300, orders=90)]])["orders_per_1000"]
    assert (two.mean, two.n) == (pytest.approx(450.0), 2)
    assert two.error == pytest.approx(stats.sem([600.0, 300.0]))
    single = estimates([[Tally(requests=10, orders=1)]])["orders_per_1000"]
    assert (single.error, single.measured().low) == (None, None)
    unsold = estimates([weeks])["advertiser_return"]
    assert (unsold.mean, unsold.error) == (None, None)


def test_finalists_are_those_whose_long_run_matters() -> None:
    result = negotiate(front(town(60), active="p0007"), {})
    assert result.settlement is not None
    names = finalists(result, 8)
    assert len(names) == len(set(names)) == 8
    assert names[0] == result.settlement.policy.name
    assert set(names) >= {choice.policy.name for choice in result.favourites.values()}
    assert finalists(result, 1) == names[:1]
    few = negotiate(front(town(3)), {})
    assert set(finalists(few, 8)) <= {"p0000", "p0001", "p0002"}


def test_anything_that_changes_the_numbers_changes_the_name() -> None:
    others = {
        "active": Policy(recency_gain=0.1),
        "models": ("ials",),
        "policies": 18,
        "refined": 4,
        "restaurants": 41,
        "diners": 81,
        "warm_days": 10,
        "days": 3,
        "finalists": 3,
        "polished": 2,
        "long_days": 4,
        "seed": 2,
        "cities": 2,
    }
    assert set(others) == set(Evaluation.__dataclass_fields__)
    names = {replace(SMALL, **{name: value}).front_id() for name, value in others.items()}
    assert len(names | {SMALL.front_id()}) == len(others) + 1
    assert SMALL.front_id() == replace(SMALL).front_id()


def test_a_design_that_is_too_small_is_refused_before_the_city_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match="too few"):
        evaluate(replace(SMALL, policies=3), tmp_path, Engine(), silent, lambda: NOW, False)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Evaluated once."""
    return evaluate(SMALL, tmp_path_factory.mktemp("fronts"), Engine(), silent, lambda: NOW, False)


def test_what_is_read_back_is_what_was_evaluated_but_for_what_it_stands_for(made: Front, tmp_path: Path) -> None:
    (tmp_path / f"{made.front_id}.json").write_text(made.model_dump_json())
    again = evaluate(SMALL, tmp_path, Engine(), silent, lambda: pytest.fail("it is made anew"), True)
    assert again == made.model_copy(update={"assumed": True})
    assert (len(made.wide.policies), made.long is not None and len(made.long.policies)) == (22, 3)
    assert made.wide.policies[0].policy == Policy()
    assert made.provenance["setting"]["restaurants"] == 40
    assert {"code", "libraries", "python"} <= set(made.provenance)


def test_finished_policies_are_taken_from_the_journal_and_a_torn_line_is_not(made: Front, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    (tmp_path / f"{made.front_id}.json").write_text("{")
    assert made.long is not None
    lines = [
        json.dumps({"days": stage.days, "evaluated": one.model_dump(mode="json")})
        for stage, count in ((made.wide, 15), (made.long, 1))
        for one in stage.policies[:count]
    ]
    (tmp_path / f"{made.front_id}.journal").write_text("\n".join([*lines, lines[0][:50]]))

    def told(step: str, done: int, total: int) -> None:
        steps.append((step, done, total))

    resumed = evaluate(SMALL, tmp_path, Engine(), told, lambda: NOW, False)
    assert resumed == made
    assert steps[0] == ("policies over 2 days", 15, 19)
    assert ("policies over 3 days", 1, 2) in steps
    assert ("policies over 2 days", 19, 22) in steps  # the second look evaluates what is new, and nothing again
    assert sum(done == 19 for step, done, _ in steps if step == "policies over 2 days") == 2
    assert [file.suffix for file in tmp_path.iterdir()] == [".json"]


@pytest.mark.long
def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services.cli", "negotiate", *SIZES, *SECOND_LOOK]
    home = tmp_path / "home"
    environment = {**os.environ, "TABLESTAKES_HOME": str(home)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 120
        while not (found := list((home / "fronts").glob("*.journal"))) or found[0].read_text().count("evaluated") < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None, "it was done before it could be killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    with found[0].open("a") as stream:
        stream.write('{"days": 7, "evaluated": {"poli')
    known = [json.loads(line) for line in found[0].read_text().splitlines() if line.endswith("}")]
    assert 3 <= len(known) < 20

    done = tablestakes(*command[3:], home=home)
    assert f"policies over 7 days {len(known)}/20" in done.stderr
    tablestakes(*command[3:], home=tmp_path / "other")

    [resumed] = (home / "fronts").iterdir()
    [whole] = (tmp_path / "other" / "fronts").iterdir()
    one, other = (Front.model_validate_json(file.read_text()) for file in (resumed, whole))
    assert one.wide == other.wide
    assert np.isfinite(
        [numbers.mean or 0.0 for policy in one.wide.policies for numbers in policy.outcomes.values()]
    ).all()
