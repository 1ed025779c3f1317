"""The design of policies: valid, different, reproducible, with what must not be missed, and spread over all dials."""

import numpy as np
import pytest

from services.simulation.outcomes import FIGURES
from services.stakeholders.negotiation.design import (
    NEAR,
    Candidate,
    DesignError,
    around,
    design,
    share_of,
    value_at,
    value_of,
    with_dials,
)
from services.stakeholders.policy import AdPolicy, Policy
from services.stakeholders.seats import SEATS, Dial, Scale, Seat, measures, negotiable

ACTIVE = Policy(name="winter", version=3, recency_gain=0.7, ads=AdPolicy(money=0.004))
DIALS = {dial.path: dial for seat in SEATS for dial in seat.dials}


def at(policy: Policy, path: str) -> float:
    part: object = policy
    for name in path.split("."):
        part = getattr(part, name)
    return part  # type: ignore[return-value]


@pytest.fixture(scope="module")
def tried() -> tuple[Candidate, ...]:
    return design(ACTIVE, ("lightfm", "ials"), 128, 1)


def test_there_are_as_many_as_asked_for_and_no_two_are_the_same(tried: tuple[Candidate, ...]) -> None:
    assert len(tried) == 128
    assert len({one.policy.name for one in tried}) == 128
    said = {(one.model, one.policy.model_dump_json(exclude={"name", "version"})) for one in tried}
    assert len(said) == 128
    assert all(Policy.model_validate(one.policy.model_dump()) == one.policy for one in tried)


def test_the_active_policy_is_among_them_as_it_is_and_with_each_model(tried: tuple[Candidate, ...]) -> None:
    assert tried[0] == Candidate(ACTIVE, "lightfm")
    assert (tried[1].model, tried[1].policy.ads, tried[1].policy.recency_gain) == ("ials", ACTIVE.ads, 0.7)


def test_what_no_seat_turns_stays_as_it_is(tried: tuple[Candidate, ...]) -> None:
    assert {one.policy.recency_gain for one in tried} == {0.7}


def test_each_dial_stays_in_its_range_and_fills_it(tried: tuple[Candidate, ...]) -> None:
    for path, dial in DIALS.items():
        values = np.asarray([at(one.policy, path) for one in tried])
        assert values.min() == dial.low, path
        assert values.max() == dial.high, path
        free = values[30:]  # After the corners.
        share = np.log(free / dial.low) / np.log(dial.high / dial.low) if dial.scale is Scale.LOG else None
        share = (free - dial.low) / (dial.high - dial.low) if share is None else share
        counts = np.histogram(share, 4, (0.0, 1.0))[0]
        assert counts.min() >= 10, (path, counts)
        assert not dial.whole or (values == values.astype(int)).all()
    assert 45 <= sum(one.model == "ials" for one in tried) <= 80


def test_the_corners_of_what_a_seat_turns_are_tried_and_idle_dials_make_no_two(tried: tuple[Candidate, ...]) -> None:
    greediest = {"ads.money": 0.032, "ads.cap": 4, "ads.gap": 2, "ads.first_slot": 1}
    assert any(all(at(one.policy, path) == value for path, value in greediest.items()) for one in tried)
    unsold = [one for one in tried if one.policy.ads.cap == 0]
    rest = {(one.model, one.policy.exploration, one.policy.shortlist) for one in unsold}
    assert len(rest) == len(unsold)


def test_it_is_the_same_for_the_same_seed_and_another_for_another(tried: tuple[Candidate, ...]) -> None:
    assert design(ACTIVE, ("lightfm", "ials"), 128, 1) == tried
    other = {one.policy.name for one in design(ACTIVE, ("lightfm", "ials"), 128, 2)}
    same = other & {one.policy.name for one in tried}
    assert 15 <= len(same) <= 30  # The active one and the corners.


def test_a_name_says_what_is_in_it(tried: tuple[Candidate, ...]) -> None:
    wider = {one.policy.name: one for one in design(ACTIVE, ("lightfm", "ials"), 200, 1)}
    for one in tried:
        assert wider.get(one.policy.name, one) == one


def test_too_few_and_too_many_are_refused() -> None:
    with pytest.raises(DesignError, match=r"3 is too few: 1[0-9] must not be missed"):
        design(ACTIVE, ("lightfm",), 3, 1)
    with pytest.raises(DesignError, match="too many"):
        design(ACTIVE, ("lightfm",), 100_000, 1)


def test_a_seat_with_many_dials_is_tried_at_the_ends_of_each() -> None:
    dials = tuple(Dial(f"ads.{name}", 1, 3, whole=True) for name in ("cap", "gap", "first_slot", "reserve_click"))
    seat = Seat("eager", "Eager", "all", SEATS[0].number, dials=(*dials, Dial("shortlist", 20, 40, whole=True)))
    found = design(ACTIVE, ("lightfm",), 11, 1, (seat,))
    assert sum(one.policy.shortlist == 20 for one in found) >= 1
    assert len(found) == 11


@pytest.mark.parametrize("dial", list(DIALS.values()), ids=lambda dial: dial.path)
def test_a_share_of_a_range_becomes_a_value_in_it(dial: Dial) -> None:
    values = [value_at(dial, share) for share in np.linspace(0.0, 1.0, 101)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (dial.low, dial.high)
    middle = value_at(dial, 0.5)
    if dial.scale is Scale.LOG:
        assert middle == pytest.approx(np.sqrt(dial.low * dial.high), rel=0.01)


def test_dials_are_set_by_their_path() -> None:
    changed = with_dials(ACTIVE, {"ads.cap": 1, "shortlist": 50})
    assert (changed.ads.cap, changed.shortlist, changed.ads.money) == (1, 50, ACTIVE.ads.money)
    with pytest.raises(ValueError, match=r"ads\.cap"):
        with_dials(ACTIVE, {"ads.cap": -1})


def test_every_negotiable_measure_has_a_figure_and_no_other() -> None:
    for key, measure in measures().items():
        has_figure = measure.simulated is not None or key in FIGURES
        assert has_figure is (key in negotiable()), key


def test_the_active_policy_is_tried_with_the_model_that_it_names() -> None:
    active = Policy(name="settlement-abc", model="ease")
    [first, *_] = design(active, ("ease", "lightfm"), 64, 1)
    assert (first.policy, first.model) == (active, "ease")
    with pytest.raises(DesignError, match="name that model first"):
        design(active, ("lightfm", "ease"), 64, 1)


def test_diners_and_restaurants_have_floors() -> None:
    floors = {seat.name: seat.limits for seat in SEATS if not seat.signs}
    assert set(floors) == {"diners", "restaurants"}
    assert all(floors.values())


def test_the_second_look_stays_near_and_tries_nothing_twice(tried: tuple[Candidate, ...]) -> None:
    centres = [tried[40], tried[90]]
    again = around(centres, tried, 24, 1)
    assert len(again) == 24
    assert again == around(centres, tried, 24, 1)
    names = {one.policy.name for one in tried}
    for one in again:
        assert one.policy.name not in names
        near = [
            all(
                abs(share_of(dial, value_of(one.policy, path)) - share_of(dial, value_of(centre.policy, path)))
                <= NEAR + (1.0 / (dial.high - dial.low + 1) if dial.whole else 0.01)
                for path, dial in DIALS.items()
            )
            for centre in centres
            if centre.model == one.model
        ]
        assert any(near), one.policy


@pytest.mark.parametrize("dial", DIALS.values(), ids=DIALS)
def test_a_share_of_a_dial_is_that_of_its_value(dial: Dial) -> None:
    for share in (0.01, 0.3, 0.77, 0.99):
        back = share_of(dial, value_at(dial, share))
        assert back == pytest.approx(share, abs=0.5 / (dial.high - dial.low + 1) + 1e-9 if dial.whole else 0.01)
