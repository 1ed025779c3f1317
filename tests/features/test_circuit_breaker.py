"""The circuit breaker: by example, and against every order of events that hypothesis can think of."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.features.breaker import REFUSED, BreakerState, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    while breaker.state is BreakerState.CLOSED:
        breaker.failed(breaker.enter())
    return breaker


def test_it_opens_after_at_most_twenty_failures(clock):
    breaker = CircuitBreaker(clock)
    failures = 0
    while ticket := breaker.enter():
        breaker.failed(ticket)
        failures += 1
    assert failures <= 20


def test_it_opens_after_half_a_second_of_rare_failures(clock):
    breaker = CircuitBreaker(clock)
    breaker.failed(breaker.enter())
    clock.now += 0.5
    breaker.failed(breaker.enter())
    assert breaker.state is BreakerState.OPEN


def test_a_success_ends_the_row_of_failures(clock):
    breaker = CircuitBreaker(clock, max_failures=2)
    for _ in range(5):
        breaker.failed(breaker.enter())
        breaker.succeeded(breaker.enter())
        clock.now += 1.0
    assert breaker.state is BreakerState.CLOSED


def test_of_many_waiting_callers_one_probes(clock):
    breaker = opened(clock)
    assert [breaker.enter() for _ in range(10)] == [REFUSED] * 10
    clock.now += 0.2
    assert sum(breaker.enter() != REFUSED for _ in range(10)) == 1


def test_a_probe_that_succeeds_closes_one_that_fails_waits_again(clock):
    breaker = opened(clock)
    clock.now += 0.2
    breaker.failed(breaker.enter())
    assert breaker.enter() == REFUSED
    clock.now += 0.2
    breaker.succeeded(breaker.enter())
    assert breaker.state is BreakerState.CLOSED


def test_a_probe_whose_caller_leaves_makes_room_for_another(clock):
    breaker = opened(clock)
    clock.now += 0.2
    breaker.gave_up(breaker.enter())
    clock.now += 0.2
    assert breaker.enter() != REFUSED


def test_late_reports_change_nothing(clock):
    breaker = CircuitBreaker(clock)
    early = breaker.enter()
    while breaker.state is BreakerState.CLOSED:
        breaker.failed(breaker.enter())
    breaker.succeeded(early)
    assert breaker.state is BreakerState.OPEN
    clock.now += 0.2
    breaker.enter()
    breaker.failed(early)
    breaker.succeeded(early)
    assert breaker.state is BreakerState.HALF_OPEN


class BreakerMachine(RuleBasedStateMachine):
    """Callers come, go and report in any order; an independent account of what must hold is kept beside."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(self.clock, max_failures=5)
        self.out: list[int] = []
        self.probes: list[float] = []
        self.probe = REFUSED
        self.opened_at = -1.0

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.1, 0.2, 0.6]))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule()
    def come(self):
        before = self.breaker.state
        ticket = self.breaker.enter()
        if before is BreakerState.CLOSED:
            assert ticket != REFUSED
        elif before is BreakerState.HALF_OPEN:
            assert ticket == REFUSED, "two probes at a time"
        else:
            due = self.clock.now - self.opened_at >= 0.2 - 1e-9
            assert (ticket != REFUSED) == due
        if ticket != REFUSED:
            self.out.append(ticket)
            if before is BreakerState.OPEN:
                self.probes.append(self.clock.now)
                self.probe = ticket

    @precondition(lambda self: self.out)
    @rule(data=st.data(), outcome=st.sampled_from(["succeeded", "failed", "gave_up"]))
    def report(self, data, outcome):
        ticket = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        before = self.breaker.state
        getattr(self.breaker, outcome)(ticket)
        after = self.breaker.state
        if before is BreakerState.OPEN:
            assert after is BreakerState.OPEN, "only a probe may close it"
        elif before is BreakerState.HALF_OPEN:
            expected = BreakerState.CLOSED if outcome == "succeeded" else BreakerState.OPEN
            assert after is (expected if ticket == self.probe else before)
        elif outcome != "failed":
            assert after is BreakerState.CLOSED
        if before is not BreakerState.OPEN and after is BreakerState.OPEN:
            self.opened_at = self.clock.now

    @invariant()
    def probes_are_rare(self):
        assert all(later - earlier >= 0.2 - 1e-9 for earlier, later in zip(self.probes, self.probes[1:], strict=False))


class FailingMachine(RuleBasedStateMachine):
    """While closed, an account of failures in a row says exactly when it must open."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(self.clock, max_failures=5)
        self.row: list[float] = []

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.3]))
    def wait(self, seconds):
        self.clock.now += seconds

    @precondition(lambda self: self.breaker.state is BreakerState.CLOSED)
    @rule(went_well=st.booleans())
    def call(self, went_well):
        ticket = self.breaker.enter()
        if went_well:
            self.breaker.succeeded(ticket)
            self.row.clear()
        else:
            self.breaker.failed(ticket)
            self.row.append(self.clock.now)
        must_open = bool(self.row) and (len(self.row) >= 5 or self.row[-1] - self.row[0] >= 0.5)
        assert (self.breaker.state is BreakerState.OPEN) == must_open


TestBreakerMachine = BreakerMachine.TestCase
TestFailingMachine = FailingMachine.TestCase
