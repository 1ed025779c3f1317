"""The limit on requests in flight: what it lets in, how it moves, and that it never loses count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.overload import Limiter, Priority
from services.overload.limiter import _FEW, _FRESH_LOOKS, SHARES

TARGET = 0.010
CLASSES = list(Priority)[1:]


def fill(limiter: Limiter, priority: Priority) -> int:
    """Let in as many as it takes; how many that were."""
    entered = 0
    while not limiter.refuses(priority):
        limiter.enter(priority)
        entered += 1
    return entered


@pytest.mark.parametrize(("priority", "share"), list(zip(CLASSES, SHARES, strict=True)))
def test_a_priority_has_its_share_of_the_limit(priority: Priority, share: float) -> None:
    assert fill(Limiter(target_seconds=TARGET, start=64), priority) == 64 * share


def test_a_lower_priority_is_refused_for_what_goes_before_it_and_never_the_other_way_round() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    assert fill(limiter, Priority.LAST) == 16
    assert fill(limiter, Priority.SECOND) == 32
    assert fill(limiter, Priority.FIRST) == 64
    for _ in range(20):
        limiter.leave(Priority.FIRST)
    assert [limiter.refuses(one) for one in CLASSES] == [False, True, True]


def test_whoever_is_refused_shuts_the_door_for_those_below_for_a_second() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    entered = fill(limiter, Priority.FIRST)
    for _ in range(entered):
        limiter.leave(Priority.FIRST)
    for look in range(400):
        assert not limiter.refuses(Priority.FIRST)
        open_ = look >= 200
        assert [limiter.refuses(one) for one in CLASSES[1:]] == [not open_, not open_]
        assert limiter.is_calm == open_
        limiter.observe(0.0)


def test_a_page_of_a_slow_machine_gets_what_a_browser_asks_for_at_once() -> None:
    limiter = Limiter(target_seconds=TARGET)
    for _ in range(100):
        limiter.observe(1.0)
    assert fill(limiter, Priority.LAST) == 16


def test_the_last_priority_being_refused_shuts_nobody_out() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    fill(limiter, Priority.LAST)
    assert [limiter.refuses(one) for one in CLASSES] == [False, False, True]
    limiter.observe(0.0)
    assert [limiter.refuses(one) for one in CLASSES] == [False, False, False]


def test_health_is_never_refused_and_never_counted() -> None:
    limiter = Limiter(target_seconds=TARGET)
    limiter.refuse_all()
    for _ in range(1_000):
        assert not limiter.refuses(Priority.ALWAYS)
        limiter.enter(Priority.ALWAYS)
    assert limiter.in_flight == 0
    assert all(limiter.refuses(one) for one in CLASSES)
    limiter.observe(0.0)
    assert all(limiter.refuses(one) for one in CLASSES)


def test_a_late_loop_shrinks_the_limit_by_how_late_it_is() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64, least=4)
    limiter.observe(2 * TARGET)
    limiter.observe(4 * TARGET)  # the least of two counts
    assert limiter.limit == 32.0
    limiter.observe(1_000.0)
    limiter.observe(1_000.0)
    assert limiter.limit == 4.0
    limiter = Limiter(target_seconds=TARGET, start=64, least=4)
    for _ in range(100):
        limiter.observe(1.0)
    assert limiter.limit == 4.0


def test_a_stall_is_no_queue_and_shrinks_nothing() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    for _ in range(20):
        limiter.observe(20 * TARGET)
        assert limiter.limit == 64.0
        limiter.observe(TARGET)
        assert limiter.limit == 64.0


def test_a_loop_in_time_lets_the_limit_follow_demand() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64, most=512)
    for _ in range(200):
        fill(limiter, Priority.FIRST)
        limiter.observe(TARGET)
    assert limiter.limit == 512.0


def test_without_demand_it_does_not_grow_and_goes_back_to_where_it_began() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    for _ in range(200):
        limiter.observe(0.0)
    assert limiter.is_calm
    limiter.observe(1.0)
    assert not limiter.is_calm
    for _ in range(200):  # a second of looks
        limiter.observe(0.0)
    assert limiter.is_calm


def test_a_plant_with_a_queue_settles_where_the_loop_is_as_late_as_it_may_be() -> None:
    """A loop that works its requests off in turns, always asked for more than it can do."""
    cost = 0.001
    limiter = Limiter(target_seconds=TARGET, start=64, least=2)
    seen = []
    for _ in range(400):
        admitted = fill(limiter, Priority.FIRST)
        for _ in range(admitted):
            limiter.leave(Priority.FIRST)
        limiter.observe(admitted * cost)
        seen.append(admitted * cost)
    settled = seen[100:]
    assert 0.5 * TARGET <= sum(settled) / len(settled) <= 1.3 * TARGET
    assert max(settled) <= 2 * TARGET


@pytest.mark.parametrize("wrong", [{"target_seconds": 0.0}, {"least": 0}, {"start": 8, "least": 9}, {"most": 10}])
def test_figures_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="limiter"):
        Limiter(**{"target_seconds": TARGET, **wrong})  # type: ignore[arg-type]


class LimiterMachine(RuleBasedStateMachine):
    """Against a count of our own."""

    def __init__(self) -> None:
        super().__init__()
        self.limiter = Limiter(target_seconds=TARGET, start=20, least=3, most=60)
        self.inside: list[Priority] = []
        self.shut_below, self.looks = Priority.LAST, 0
        self.entered = [0]
        """Of FIRST, between looks."""

    @rule(priority=st.sampled_from(Priority))
    def ask(self, priority: Priority) -> None:
        first = sum(one is Priority.FIRST for one in self.inside)
        parked = max(first - sum(self.entered[-_FRESH_LOOKS:]), 0) if priority is not Priority.ALWAYS else 0
        before_it = sum(0 < one <= priority for one in self.inside) - parked
        limit = self.limiter.limit
        room = 1 << 60 if priority is Priority.ALWAYS else max(limit * SHARES[priority - 1], min(limit, _FEW))
        if priority > self.shut_below:
            room = 0
        refused = self.limiter.refuses(priority)
        assert refused == (before_it >= room)
        if not refused:
            self.limiter.enter(priority)
            self.inside.append(priority)
            self.entered[-1] += priority is Priority.FIRST
        elif priority <= self.shut_below and priority is not Priority.LAST:
            self.shut_below, self.looks = priority, 200

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.inside) - 1))
        self.limiter.leave(self.inside.pop(index))

    @rule(lag=st.floats(0.0, 10.0))
    def look(self, lag: float) -> None:
        before = self.limiter.limit
        self.limiter.observe(lag)
        self.entered.append(0)
        self.looks = max(self.looks - 1, 0)
        if not self.looks:
            self.shut_below = Priority.LAST
        if lag > TARGET:
            assert self.limiter.limit <= max(before, 3.0)

    @invariant()
    def the_count_is_right_and_the_limit_in_bounds(self) -> None:
        assert self.limiter.in_flight == sum(one is not Priority.ALWAYS for one in self.inside)
        assert 3.0 <= self.limiter.limit <= 60.0

    @invariant()
    def tight_means_that_the_last_priority_is_refused(self) -> None:
        pressed = self.limiter._pressed
        assert self.limiter.is_tight() == self.limiter.refuses(Priority.LAST)
        self.limiter._pressed = pressed


TestLimiterMachine = LimiterMachine.TestCase


@given(st.lists(st.floats(0.0, 100.0), max_size=200))
def test_a_refusal_by_one_priority_is_a_refusal_by_those_below(lags: list[float]) -> None:
    limiter = Limiter(target_seconds=TARGET)
    for lag in lags:
        limiter.observe(lag)
        refused = [limiter.refuses(one) for one in CLASSES]
        assert refused == sorted(refused)
        limiter.enter(Priority.FIRST)


def test_what_waits_for_others_takes_no_place_from_what_comes() -> None:
    """A database that hangs: events stay, and lists come as before."""
    limiter = Limiter(target_seconds=TARGET, start=64)
    for _ in range(300):
        assert not limiter.refuses(Priority.FIRST)
        limiter.enter(Priority.FIRST)
        limiter.observe(0.0)

    assert limiter.in_flight == 300
    assert limiter.parked == 300 - 39
    assert not limiter.refuses(Priority.FIRST)


def test_what_is_made_in_a_burst_is_not_taken_for_what_waits() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)

    assert fill(limiter, Priority.FIRST) == 64
    assert limiter.parked == 0
    assert limiter.refuses(Priority.FIRST)


def test_only_so_many_may_wait_for_others() -> None:
    limiter = Limiter(target_seconds=TARGET, start=64)
    for _ in range(10_000):
        if limiter.refuses(Priority.FIRST):
            break
        limiter.enter(Priority.FIRST)
        limiter.observe(0.0)

    assert 4_096 < limiter.in_flight < 4_096 + 512 + 40
