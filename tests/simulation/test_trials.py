"""Experiments in a city whose truth is known: what arms share is shared, what they do not share is not."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from services.ads.campaign import MICRO
from services.simulation.experiments import by_diner, main, run_seed
from services.simulation.experiments_report import as_markdown, bias, over_seeds
from services.simulation.trial_listers import InterleavedLister, budgets_times
from services.simulation.trials import FEES, ORDERS, DayBook, Study, Trials

STUDY = Study(restaurants=80, diners=250, warm_days=9, days=14, sweep=(1.0,), salts=2)
DAYS = 6


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return Trials(STUDY, 3, tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def modest(trials: Trials) -> DayBook:
    return trials.alone("modest", 0.3, DAYS)


def same(one: DayBook, other: DayBook) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("lists", "orders", "fees"))


def test_a_policy_split_against_itself_is_the_policy(trials: Trials, modest: DayBook) -> None:
    assert modest.fees.sum() > 0.0
    assert same(trials.split("modest", "modest", trials.treated(), 0.3, DAYS), modest)
    assert same(trials.switched("modest", "modest", np.arange(DAYS) % 2 == 0, 0.3), modest)


def test_fees_are_those_that_the_budgets_were_charged(trials: Trials) -> None:
    life, till = trials._begin(DAYS), trials._till(0.3)
    lister = trials._ranked(life, "greedy", till)
    diary = life.live(lister)
    assert diary.fees.sum() == pytest.approx(lister.tally.fees / MICRO)
    assert diary.orders.sum() == lister.tally.orders
    assert np.count_nonzero(diary.fees[diary.lists == 0.0]) == 0


def test_where_nothing_is_shared_a_diner_lives_as_if_all_had_the_policy(trials: Trials) -> None:
    treated = trials.treated()
    plain, exploring = (trials.alone(name, 1.0, DAYS) for name in ("plain", "exploring"))
    found = trials.split("plain", "exploring", treated, 1.0, DAYS)
    assert same(found, plain.mixed(exploring, treated))
    assert not same(plain, exploring)
    assert found.fees.sum() == 0.0


def test_arms_feel_each_other_through_shared_budgets_and_not_through_split_ones(trials: Trials) -> None:
    treated = trials.treated()

    def of_control(treatment: str, apart: bool) -> np.ndarray:
        return trials.split("modest", treatment, treated, 0.1, DAYS, apart).fees[:, ~treated]

    assert np.array_equal(of_control("greedy", apart=True), of_control("modest", apart=True))
    assert of_control("greedy", apart=False).sum() < 0.9 * of_control("modest", apart=False).sum()


def test_the_plain_split_overstates_fees_where_budgets_bind_and_not_where_they_are_large(trials: Trials) -> None:
    treated, shares = trials.treated(), {}
    for budgets in (0.1, 1_000.0):
        modest, greedy = (trials.alone(name, budgets, DAYS) for name in ("modest", "greedy"))
        found = by_diner(trials.split("modest", "greedy", treated, budgets, DAYS), FEES, treated)
        undisturbed = by_diner(modest.mixed(greedy, treated), FEES, treated)
        shares[budgets] = (found.value - undisturbed.value) / (greedy.value(FEES) - modest.value(FEES))
    assert shares[0.1] > 0.25
    assert abs(shares[1_000.0]) < 0.05


def test_a_switchback_is_the_control_until_its_first_treated_day(trials: Trials, modest: DayBook) -> None:
    days = np.arange(DAYS) >= 4
    found = trials.switched("modest", "greedy", days, 0.3)
    assert np.array_equal(found.fees[:4], modest.fees[:4])
    assert found.fees[4:].sum() > modest.fees[4:].sum()


def test_interleaving_a_policy_with_itself_changes_nothing_and_sees_nothing(trials: Trials) -> None:
    found, judged = trials.interleaved("plain", "plain", DAYS)
    assert same(found, trials.alone("plain", 1.0, DAYS))
    assert abs(judged.teams[judged.teams >= 0].mean() - 0.5) < 0.02
    redrawn = trials.redrawn(judged, 1)
    assert np.array_equal(redrawn.rows, judged.rows)
    assert not np.array_equal(redrawn.teams, judged.teams)


def test_lists_with_sold_places_are_not_interleaved(trials: Trials) -> None:
    life, till = trials._begin(1), trials._till(1.0)
    rankers = [trials._ranked(life, name, till) for name in ("plain", "modest")]
    with pytest.raises(ValueError, match="modest: only organic lists"):
        InterleavedLister(*rankers, coin_key=trials._key)


def test_budgets_are_scaled_in_whole_minor_units_and_a_pause_stays_one(trials: Trials) -> None:
    book = trials.town.served.snapshot.book
    paused = replace(book, campaigns=(book.campaigns[0].model_copy(update={"daily_budget": 0}), *book.campaigns[1:]))
    campaigns = budgets_times(paused, 1e-9).campaigns
    assert campaigns[0].daily_budget == 0
    assert {campaign.daily_budget for campaign in campaigns[1:]} == {1}
    assert budgets_times(book, 1.0).campaigns == book.campaigns


def test_what_was_before_is_the_log_and_unknown_of_those_who_joined_in_it(trials: Trials) -> None:
    orders, lists = trials.before.T
    joined = trials.town.market.city.diners.joined_day > 0
    assert np.array_equal(np.isnan(lists), joined)
    assert joined.any()
    assert (orders[~joined] <= lists[~joined]).all()
    assert 0.2 < np.nansum(orders) / np.nansum(lists) < 1.0


def test_a_bias_is_told_from_the_luck_of_the_draw() -> None:
    rng = np.random.default_rng(1)
    luck, noise = rng.normal(0.0, 10.0, 20), rng.normal(0.0, 0.5, 20)
    found, plain = bias(3.0 + luck + noise, luck), bias(3.0 + luck + noise, np.zeros(20))
    assert found["low"] < 3.0 < found["high"]
    assert found["high"] - found["low"] < 0.2 * (plain["high"] - plain["low"])
    held = [bias(3.0 + 0.5 * luck + rng.normal(0.0, 0.5, 20), luck) for luck in rng.normal(0.0, 10.0, (400, 20))]
    assert np.mean([one["low"] < 3.0 < one["high"] for one in held]) == pytest.approx(0.95, abs=0.035)


def test_fortnights_are_whole() -> None:
    with pytest.raises(ValueError, match="20 are no whole fortnights"):
        Study(days=20)


def test_a_citys_figures_are_json_the_same_again_and_become_tables() -> None:
    study = replace(STUDY, restaurants=60, diners=120)
    run = run_seed(study, 5)
    assert json.loads(json.dumps(run)) == run
    results = over_seeds(asdict(study), [run] * 4)
    assert len({(row["case"], row["design"], row["figure"]) for row in results["designs"]}) == 10
    [fees] = [row for row in run["designs"] if (row["design"], row["figure"]) == ("split by diner", FEES)]
    assert results["designs"][0]["truth"]["value"] == pytest.approx(fees["truth"])
    text = as_markdown(results)
    assert f"`{ORDERS}`" in text
    assert "nan" not in text
    with pytest.raises(ValueError, match="at least 4"):
        over_seeds(asdict(study), [run])


@pytest.mark.long
def test_the_command_prints_the_tables_apart_from_how_many_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    for jobs in ("1", "2"):
        path = tmp_path / f"{jobs}.json"
        main(["--seeds", "4", "--days", "14", "--diners", "150", "--jobs", jobs, "--json", str(path)])
        assert "| dial | design |" in capsys.readouterr().out
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_a_command_that_cannot_be_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in ((["--seeds", "3"], "at least 4"), (["--days", "20"], "--days: a switchback pairs")):
        with pytest.raises(SystemExit):
            main(arguments)
        assert message in capsys.readouterr().err
