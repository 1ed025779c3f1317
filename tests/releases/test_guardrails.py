"""The guardrails' arithmetic: e-processes that may be looked at all the time, and catch what they are for."""

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.releases.guardrails import FEWER, MORE, ArmCounts, EProcess, Guardrail, Promises, Watch
from services.releases.measure_guardrails import HARMS, Harm, stream

SHARE = st.floats(0.01, 0.99)
RISKS = st.sampled_from([MORE, FEWER])
PROMISES = Promises(errors=0.001, slow=0.01)


@given(RISKS, SHARE, st.integers(1, 6))
def test_the_mean_over_all_outcomes_is_one_where_the_arms_are_equal(
    risks: tuple[float, ...], share: float, hits: int
) -> None:
    """The martingale itself, by adding up all 2^n sequences of hits."""
    total = 0.0
    for arms in product((0, 1), repeat=hits):
        process = EProcess.start(risks)
        for arm in arms:
            process = process.after(arm, 1 - arm, share)
        chance = math.prod(share if arm else 1 - share for arm in arms)
        total += chance * math.exp(process.log_e)
    assert total == pytest.approx(1.0)


@given(SHARE, st.floats(0.0, 1.0), st.integers(1, 5))
def test_the_mean_is_at_most_one_where_the_canary_is_better(share: float, better: float, hits: int) -> None:
    for risks, chance in ((MORE, share * better), (FEWER, share + (1 - share) * better)):
        total = sum(
            math.comb(hits, canary)
            * chance**canary
            * (1 - chance) ** (hits - canary)
            * math.exp(EProcess.start(risks).after(canary, hits - canary, share).log_e)
            for canary in range(hits + 1)
        )
        assert total <= 1.0 + 1e-9


@given(st.integers(1, 8), st.integers(1, 12), st.integers(0, 20))
def test_hits_among_a_given_number_of_answers_are_no_worse_than_independent_ones(
    canary: int, champion: int, hits: int
) -> None:
    """A stall makes so many of a look's answers slow, drawn without replacement: the mean stays at most one."""
    hits = min(hits, canary + champion)
    share = canary / (canary + champion)
    total = 0.0
    for own in range(max(0, hits - champion), min(hits, canary) + 1):
        ways = math.comb(canary, own) * math.comb(champion, hits - own) / math.comb(canary + champion, hits)
        total += ways * math.exp(EProcess.start(MORE).after(own, hits - own, share).log_e)
    assert total <= 1.0 + 1e-9


@given(RISKS, SHARE, st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=8))
def test_the_order_of_looks_and_their_number_do_not_matter(
    risks: tuple[float, ...], share: float, looks: list[tuple[int, int]]
) -> None:
    once = EProcess.start(risks).after(sum(own for own, _ in looks), sum(other for _, other in looks), share)
    for ordered in (looks, looks[::-1]):
        process = EProcess.start(risks)
        for own, other in ordered:
            process = process.after(own, other, share)
        assert process.log_e == pytest.approx(once.log_e, abs=1e-9)
        assert (process.canary, process.champion) == (once.canary, once.champion)


@given(SHARE, st.integers(1, 60))
def test_evidence_rises_with_each_hit_more_on_the_side_of_harm(share: float, hits: int) -> None:
    more = [EProcess.start(MORE).after(own, hits - own, share).log_e for own in range(hits + 1)]
    fewer = [EProcess.start(FEWER).after(own, hits - own, share).log_e for own in range(hits + 1)]
    assert all(before < after for before, after in pairwise(more))
    assert all(before > after for before, after in pairwise(fewer))


def test_looking_after_every_hit_alarms_no_more_often_than_it_may() -> None:
    """4,000 equal streams of 2,000 hits, looked at after each: Ville's bound, at three levels."""
    rng, share = np.random.default_rng(5), 0.1
    for risks in (MORE, FEWER):
        steps = np.asarray(risks)
        theta = steps * share / (steps * share + 1 - share)
        own, other = np.log(theta / share), np.log((1 - theta) / (1 - share))
        hits = rng.random((4_000, 2_000)) < share
        highest = np.full(4_000, -np.inf)
        logs = np.zeros((4_000, len(risks)))
        for column in hits.T:
            logs += np.where(column[:, None], own, other)
            highest = np.maximum(highest, np.logaddexp.reduce(logs, axis=1) - math.log(len(risks)))
        check = EProcess.start(risks).after(int(hits[0].sum()), int((~hits[0]).sum()), share)
        assert check.log_e == pytest.approx(np.logaddexp.reduce(logs[0]) - math.log(len(risks)))
        for alpha in (0.1, 0.05, 0.0125):
            rate = float((highest >= -math.log(alpha)).mean())
            assert rate <= alpha + 3 * math.sqrt(alpha / 4_000), (risks, alpha)


def test_risks_lie_on_one_side() -> None:
    for risks in ((0.5, 2.0), (1.0,), (-1.0,)):
        with pytest.raises(ValueError, match="one side"):
            EProcess.start(risks)


def test_nothing_is_learnt_where_one_arm_has_all_the_answers() -> None:
    process = EProcess.start(MORE)
    for share in (0.0, 1.0):
        assert process.after(5, 0, share) == process


def watched() -> Watch:
    return Watch.start(0.05, 0.1, PROMISES)


def test_each_guardrail_alarms_for_its_own_harm_and_says_why() -> None:
    failing = watched().after_answers(ArmCounts(1_000, 40), ArmCounts(9_000, 4))
    slow = watched().after_answers(ArmCounts(1_000, 0, 60), ArmCounts(9_000, 0, 40))
    disliked = watched().after_diners(Guardrail.ORDERS, 20, 480)
    ignored = watched().after_diners(Guardrail.CLICKS, 20, 480)
    found = [(watch.alarm(), watch) for watch in (failing, slow, disliked, ignored)]
    assert [alarm for alarm, _ in found] == [Guardrail.ERRORS, Guardrail.SLOW, Guardrail.ORDERS, Guardrail.CLICKS]
    assert "40 of 44 hits are the canary's, which has 10.0% of the answers" in failing.reason(Guardrail.ERRORS)
    assert "20 of 500 hits are the canary's, which has 10.0% of the diners" in disliked.reason(Guardrail.ORDERS)
    evidence = failing.evidence()
    assert evidence["threshold"] == pytest.approx(80.0)
    assert evidence["requests"] == {"canary": 1_000, "champion": 9_000}
    assert evidence["errors"]["e"] > 80.0


def test_what_keeps_the_promises_is_no_harm() -> None:
    """Twenty times slower answers than the champion's, but no more of them than were promised."""
    watch = watched().after_answers(ArmCounts(10_000, 0, 80), ArmCounts(90_000, 0, 36))
    assert watch.processes[Guardrail.SLOW].log_e > watch.threshold
    assert watch.alarm() is None


def test_totals_that_were_forgotten_in_part_count_nothing_twice() -> None:
    watch = watched().after_answers(ArmCounts(100, 1), ArmCounts(900, 9))
    again = watch.after_answers(ArmCounts(100, 1), ArmCounts(900, 9))
    assert again == watch
    assert watch.after_answers(ArmCounts(50, 0), ArmCounts(400, 2)).processes == watch.processes


def test_simulated_days_without_harm_pass_and_with_harm_do_not() -> None:
    """The short form of `python -m services.releases.measure_guardrails`."""
    equal = [stream(Harm("equal"), number, 20_000, 0.1, 1).alarm for number in range(10)]
    assert sum(alarm is not None for alarm in equal) <= 2
    halved = [stream(HARMS[0], number, 100_000, 0.1, 1) for number in range(5)]
    assert all(ended.alarm is Guardrail.ORDERS for ended in halved)
    assert all(ended.canary_requests < 0.05 * 100_000 for ended in halved)
