"""What a restaurant could change itself to stand at a rank of a past list: price, cuisines, delivery, hours, its bid.

Each change is tried by making the list again with it. Changes of one thing are tried before changes of two, and so on,
each size to its end, so those that are found are the fewest. A restaurant that the model has learnt keeps its identity:
its tags are exchanged as the model reads them, which takes hold when the model is next trained; models that read no
tags (EASE, iALS, popular) tell that nothing but hours, filters and the bid would help. Where it stands (district,
place) and what others did there is not in its hands.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from data.columns import Billing
from models.base import FloatArray
from models.explanation.what_if import Retags
from models.training_data import restaurant_tags
from services.ads.book import AdBook
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.ranking.auction import run_auction, shown_list
from services.ranking.catalogue import with_restaurant
from services.serving.counterfactuals import Place, place_in
from services.serving.recommender import Answer, ranked_lists

MOST_TRIED: Final = 1_500
"""Lists that are made again at most for one answer."""
MOST_TOLD: Final = 5
HIGHEST_BID: Final = 1_000_000
"""Minor units: what is asked for no price below this is not for sale."""

Change = dict[str, Any]
"""Fields of the restaurant with their new values."""


@dataclass(frozen=True, eq=False)
class Trials:
    """A past list, and one restaurant of its catalogue that may change."""

    answer: Answer
    row: int
    """Of the catalogue."""

    @property
    def restaurant(self) -> Restaurant:
        """As it was."""
        return self.answer.ask.snapshot.restaurants[self.row]

    def with_change(self, change: Change) -> Place:
        """Where it would have stood."""
        answer, snapshot = self.answer, self.answer.ask.snapshot
        changed = self.restaurant.model_copy(update=change)
        catalogue = with_restaurant(
            snapshot.catalogue,
            self.row,
            self._represented(changed),
            changed.price_level,
            changed.cuisines,
            changed.hours,
        )
        ask = replace(answer.ask, snapshot=replace(snapshot, catalogue=catalogue))
        return place_in(ask, ranked_lists(ask, answer.state, answer.at, answer.request_id), self.row)

    def with_bid(self, bid: int, billing: Billing) -> Place:
        """Where it would have stood had it bid so much for a billed event, with budget for it; others as they did."""
        answer, ask, snapshot = self.answer, self.answer.ask, self.answer.ask.snapshot
        selling, live = snapshot.selling[ask.policy.name], ask.live
        if selling is None:
            return place_in(ask, answer.ranked, self.row)
        own = self._campaign
        everything = {"bid": bid, "billing": billing, "starts_at": None, "ends_at": None}
        budget = {"daily_budget": 10**12, "total_budget": 10**12}
        others = list(snapshot.book.campaigns)
        if own is None:
            new = Campaign(
                campaign_id="what-if",
                market=snapshot.info.market,
                restaurant_id=self.restaurant.restaurant_id,
                payer=self.restaurant.name,
                **everything,
                **budget,
            )
            campaigns, paces = [*others, new], np.append(live.multipliers, 0.0)
            has_budget = [*live.campaigns_open, True]
        else:
            campaigns = [one.model_copy(update=everything | budget) if one is own else one for one in others]
            paces = live.multipliers
            has_budget = [one is own or bool(left) for one, left in zip(others, live.campaigns_open, strict=True)]
        book = AdBook.of(snapshot.book.version, campaigns, snapshot.catalogue.row_of)
        at = live.offers_at or answer.at
        offers = book.offers(at, snapshot.catalogue.size, paces, np.asarray(has_budget, np.bool_))
        if offers is None:
            return place_in(ask, answer.ranked, self.row)
        shown = shown_list(answer.ranked, 0, run_auction(answer.ranked.shortlists, 0, ask.k, offers, selling))
        there = np.flatnonzero(shown.rows == self.row)
        organic = place_in(ask, answer.ranked, self.row).organic_rank
        return Place(int(there[0]) + 1 if len(there) else None, organic)

    @cached_property
    def _campaign(self) -> Campaign | None:
        """The one that ran for it, or could have."""
        campaigns, own = self.answer.ask.snapshot.book.campaigns, self.restaurant.restaurant_id
        return next((one for one in reversed(campaigns) if one.restaurant_id == own), None)

    @property
    def billing(self) -> Billing:
        """What its campaign is billed for; clicks, where it has none."""
        return Billing.CLICK if self._campaign is None else self._campaign.billing

    def _represented(self, changed: Restaurant) -> FloatArray:
        """(d + 1,) what is served of it, moved by what its other tags change."""
        snapshot = self.answer.ask.snapshot
        served = np.append(snapshot.catalogue.vectors[self.row], snapshot.catalogue.biases[self.row])
        model, known = snapshot.artifact.model, snapshot.artifact.restaurant_row(self.restaurant.restaurant_id)
        before, after = (restaurant_tags(**one.features()) for one in (self.restaurant, changed))
        if before == after:
            return served
        if known is None:
            new = model.new_restaurants([after])
            return np.append(new.vectors[0], new.biases[0])
        if not isinstance(model, Retags):
            return served
        moved = model.restaurant_with(known, after) - model.restaurant_with(known, before)
        return np.asarray(served + moved, np.float32)


def changes_of(trials: Trials) -> list[list[Change]]:
    """What the restaurant could change, by lever; each alternative alone."""
    one, ask = trials.restaurant, trials.answer.ask
    known = sorted(ask.snapshot.catalogue.cuisines)
    cuisines = [(*one.cuisines, name) for name in known if name not in one.cuisines]
    if len(one.cuisines) > 1:
        cuisines += [(name,) for name in one.cuisines]
    cuisines += [(name,) for name in known if name not in one.cuisines and one.cuisines]
    levers: list[list[Change]] = [
        [{"price_level": level} for level in range(1, 5) if level != one.price_level],
        [{"cuisines": names} for names in cuisines],
        [{"delivery": not one.delivery}],
    ]
    minute = ask.filters.open_minute
    if minute is not None and not ask.snapshot.catalogue.hours.open_at(minute)[trials.row]:
        levers.append([{"hours": _opened(one.hours or (), minute)}])
    return levers


def _opened(hours: Sequence[int], minute: int) -> tuple[int, ...]:
    """These hours, and the hour around this minute of the week."""
    start = minute - minute % 60
    return (*hours, start, start + 60)


def to_reach(answer: Answer, restaurant_id: str, rank: int) -> dict[str, Any]:
    """`to_reach` of `api.schemas.Counterfactuals`. Raises KeyError for a restaurant that the catalogue had not.

    rank: from 1, of the list as it is shown. Where the restaurant stands there already, the only change that is told is
    the empty one.
    """
    trials = Trials(answer, answer.ask.snapshot.catalogue.row_of[restaurant_id])
    now = place_in(answer.ask, answer.ranked, trials.row)
    if now.rank is not None and now.rank <= rank:
        return {
            "rank": rank,
            "smallest": [_told({}, now)],
            "found": 1,
            "alone": [],
            "tried": 0,
            "exhaustive": True,
            "bid": least_bid(trials, rank),
        }
    levers = changes_of(trials)
    tried, found, alone = 0, [], []
    exhaustive = True
    for size in range(1, len(levers) + 1):
        changes = list(_of_size(levers, size))
        if tried + len(changes) > MOST_TRIED:
            exhaustive = False
            break
        for change in changes:
            place = trials.with_change(change)
            tried += 1
            if size == 1:
                alone.append((change, place))
            if place.rank is not None and place.rank <= rank:
                found.append((change, place))
        if found:
            break
    found.sort(key=lambda one: one[1].rank or 0)
    return {
        "rank": rank,
        "smallest": [_told(change, place) for change, place in found[:MOST_TOLD]],
        "found": len(found),
        "alone": [_told(*best) for best in _best_of_each(alone)],
        "tried": tried,
        "exhaustive": exhaustive,
        "bid": least_bid(trials, rank),
    }


def _of_size(levers: Sequence[Sequence[Change]], size: int) -> Iterator[Change]:
    for chosen in itertools.combinations(levers, size):
        for changes in itertools.product(*chosen):
            yield {name: value for change in changes for name, value in change.items()}


def _best_of_each(alone: Sequence[tuple[Change, Place]]) -> list[tuple[Change, Place]]:
    """Of each lever by itself the change that leads furthest up."""
    best: dict[str, tuple[Change, Place]] = {}
    for change, place in alone:
        (lever,) = change
        if lever not in best or _height(place) < _height(best[lever][1]):
            best[lever] = (change, place)
    return list(best.values())


def _height(place: Place) -> tuple[float, float]:
    return (place.rank or np.inf, place.organic_rank or np.inf)


def _told(change: Change, place: Place) -> dict[str, Any]:
    return {"change": change, **place._asdict()}


def least_bid(trials: Trials, rank: int) -> dict[str, Any]:
    """The least bid that buys a place at this rank or above, found by halving and looked at from both sides.

    A higher bid never loses a place to itself: the auction maximises a welfare that rises with the bid in the places
    where it wins. That the bid below does not do is tried, not taken from that.
    """
    ask, billing = trials.answer.ask, trials.billing

    def reaches(bid: int) -> bool:
        place = trials.with_bid(bid, billing).rank
        return place is not None and place <= rank

    told = {"billing": billing.value, "bid": None, "rank": None}
    if ask.snapshot.selling[ask.policy.name] is None:
        return {**told, "why": "the policy sold no places"}
    before = place_in(ask, trials.answer.ranked, trials.row)
    if before.rank is not None and before.rank <= rank:
        return {**told, "rank": before.rank, "why": "it stood there already"}
    if not reaches(HIGHEST_BID):
        return {**told, "why": "no bid buys it a place there: the list's rules, or a floor of quality, are in the way"}
    low, high = 0, HIGHEST_BID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return {**told, "bid": high, "rank": trials.with_bid(high, billing).rank, "why": "one minor unit less does not do"}
