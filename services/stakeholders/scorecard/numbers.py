"""Each number of the scorecard as a function of a window. Pure: the same over live tables and simulated ones."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from data import columns as col
from models.evaluation.metrics import ideal_dcg
from models.fairness.groups import FEWEST_RESTAURANTS, Groups, kinds
from models.fairness.measures import Ledger, Shown, least_over_greatest
from services.stakeholders.scorecard.estimates import (
    Doubles,
    Estimate,
    account,
    bootstrap,
    clipped,
    missing,
    quantile,
    rate,
    ratio,
    share,
)
from services.stakeholders.scorecard.window import (
    EXACT,
    FEES,
    LIST,
    LISTS,
    ORDERED,
    ORDERS,
    ORGANIC_RANK,
    PROBABILITY,
    SOLD,
    SOLD_WORTH,
    VIEWED,
    Answers,
    Window,
)

_AT: Final = 10
_LEAST_WEEKS: Final = 1.0 / 7.0
_LEAST_HOURS: Final = 10
"""So many hours with answers make hours the clusters, else minutes are."""
NO_LISTS: Final = "no lists yet"


# -- machine learning


def ndcg_held_out(window: Window) -> Estimate:
    """nDCG@10 of the champion on the diners held out when it was trained, with the interval of its model card."""
    return _of_the_card(window.evaluation, "no champion, or its model card has no nDCG@10")


def ndcg_live(window: Window) -> Estimate:
    """nDCG@10 of the orders in the lists from which something was ordered, by the rank without payment.

    An order at position k weighs theta_1 / theta_k, as if all positions were looked at alike (inverse propensities;
    Joachims, Swaminathan, Schnabel, WSDM 2017). Delta method over diners.
    """
    parts = ndcg_by_diner(window)
    if parts.empty:
        return missing("no orders yet" if len(window.places) else NO_LISTS)
    found = ratio(parts["gain"].to_numpy(np.float64), parts["weight"].to_numpy(np.float64), "diners who ordered")
    return clipped(found, 0.0, 1.0)


def ndcg_by_diner(window: Window) -> pd.DataFrame:
    """What `ndcg_live` is the ratio of: a row for each diner who ordered, with `gain` and `weight`."""
    ordered = window.places[window.places[ORDERED].to_numpy(np.bool_)]
    ranks = ordered[ORGANIC_RANK].to_numpy(np.int64)
    frame = pd.DataFrame(
        {
            LIST: ordered[LIST].to_numpy(),
            col.USER_ID: ordered[col.USER_ID].to_numpy(),
            "gain": np.where(ranks <= _AT, 1.0 / np.log2(ranks + 1.0), 0.0),
            "look": window.looked_at(ordered[col.POSITION].to_numpy(np.int64)),
        }
    )
    by_list = frame.groupby(LIST).agg(
        user=(col.USER_ID, "first"), gain=("gain", "sum"), look=("look", "mean"), orders=("gain", "size")
    )
    weight = float(window.looked_at(np.asarray([1]))[0]) / by_list["look"].to_numpy(np.float64)
    ideal = ideal_dcg(by_list["orders"].to_numpy(np.int64), _AT)
    gains = weight * by_list["gain"].to_numpy(np.float64) / ideal
    return pd.DataFrame({"gain": gains, "weight": weight}).groupby(by_list["user"].to_numpy()).sum()


def calibration_error(window: Window) -> Estimate:
    """How far the orders at viewed places are from those that the scores promised, as a share of the latter.

    |observed / promised - 1|, its interval folded from that of the ratio (delta method over diners).
    """
    places = window.places
    seen = places[(places[VIEWED].to_numpy(np.float64) == 1.0) & places[PROBABILITY].notna().to_numpy(np.bool_)]
    if seen.empty:
        return missing("no client has said what was viewed" if len(places) else NO_LISTS)
    sums = seen.groupby(col.USER_ID)[[ORDERED, PROBABILITY]].sum()
    found = ratio(sums[ORDERED].to_numpy(np.float64), sums[PROBABILITY].to_numpy(np.float64), "diners who looked")
    if found.value is None or found.low is None or found.high is None:
        return found
    ends = (abs(found.low - 1.0), abs(found.high - 1.0))
    low = 0.0 if found.low <= 1.0 <= found.high else min(ends)
    return Estimate(abs(found.value - 1.0), low, max(ends), found.n, found.of)


# -- sales


def fees_per_1000(window: Window) -> Estimate:
    """Fees charged in the window, less what was given back, per 1,000 lists. Delta method over diners."""
    if window.money is None:
        return missing("these data say nothing of fees")
    if not window.diners[LISTS].any():
        return missing(NO_LISTS)
    fees, lists = _diner_sums(window, FEES, LISTS)
    return _noted(ratio(fees, lists, "diners", 1000.0), window.money.off)


def fees_per_diner_week(window: Window) -> Estimate:
    """The same over all diners of the market, those who stayed away too, and the weeks that the log covers."""
    if window.money is None:
        return missing("these data say nothing of fees")
    return _noted(_per_diner_week(window, FEES), window.money.off)


def advertiser_return(window: Window) -> Estimate:
    """Worth of the orders that name the list in which the place was sold, over the fees. Delta method over diners."""
    if window.money is None:
        return missing("these data say nothing of fees")
    worth, fees = _diner_sums(window, SOLD_WORTH, FEES)
    if fees.sum() <= 0.0:
        return missing(window.money.off or "nothing has been charged yet")
    if np.isnan(worth).any() and not np.nansum(worth):
        return missing("no order at a sold place says what it was worth")
    worth = np.nan_to_num(worth)
    payers = (worth != 0.0) | (fees != 0.0)
    return clipped(ratio(worth[payers], fees[payers], "diners who were charged for"), 0.0)


def budget_use(window: Window) -> Estimate:
    """Spent over what the campaigns could have spent in the window. An account."""
    if window.money is None or window.money.budgets <= 0.0:
        return missing("no campaign was open")
    return account(window.money.spent / window.money.budgets, window.money.campaigns, "campaigns")


# -- product


def orders_per_1000(window: Window) -> Estimate:
    """Orders in the window that name a list and stand, per 1,000 lists. Delta method over diners."""
    if not window.diners[LISTS].any():
        return missing(NO_LISTS)
    orders, lists = _diner_sums(window, ORDERS, LISTS)
    return rate(orders, lists, "diners", 1000.0)


def orders_per_diner_week(window: Window) -> Estimate:
    """The same over all diners of the market, those who stayed away too, and the weeks that the log covers."""
    return _per_diner_week(window, ORDERS)


def latency_p50_ms(window: Window) -> Estimate:
    """Half of the lists were made in less, by the server's clock."""
    return _latency(window.answers, 0.5)


def latency_p99_ms(window: Window) -> Estimate:
    """99 of 100 lists were made in less, by the server's clock."""
    return _latency(window.answers, 0.99)


def abandoned_share(window: Window) -> Estimate:
    """Lists of which no place was viewed, clicked or ordered from. Delta method over diners."""
    if window.places.empty:
        return missing(NO_LISTS)
    by_list = window.places.groupby(LIST).agg(user=(col.USER_ID, "first"), viewed=(VIEWED, "max"))
    told = by_list["viewed"].notna()
    if not (by_list["viewed"] == 1.0).any():
        return missing("no client has said what was viewed")
    kept = by_list[told]
    frame = pd.DataFrame({"left": (kept["viewed"] == 0.0).astype(np.float64), "all": 1.0}).groupby(kept["user"]).sum()
    found = rate(frame["left"].to_numpy(np.float64), frame["all"].to_numpy(np.float64), "diners")
    return clipped(found, 0.0, 1.0)


# -- infrastructure


def cpu_ms_per_1000(window: Window) -> Estimate:
    """CPU time of the processes that serve, per 1,000 lists. Delta method over hours; over minutes where few hours."""
    return _per_answer(window.answers, "cpu_ms", 1000.0)


def memory_mib(window: Window) -> Estimate:
    """Resident memory of a process that serves, in the mean over its answers. Delta method as above."""
    return _per_answer(window.answers, "memory_mib", 1.0)


def change_failures(window: Window) -> Estimate:
    """Versions taken back for what they did, of those that came before diners. Wilson's interval."""
    if window.changes is None:
        return missing("these data say nothing of releases")
    return share(window.changes.failed, window.changes.tried, "versions shown to diners")


def rollbacks(window: Window) -> Estimate:
    """How often something was taken back. An account."""
    if window.changes is None:
        return missing("these data say nothing of releases")
    return account(window.changes.rollbacks, window.changes.tried, "versions shown to diners")


def error_budget_left(window: Window) -> Estimate:
    """What is left of the error budget, over its own window. An account."""
    if window.answers is None or not window.answers.requests:
        return missing("no answers counted yet")
    if window.answers.budget_left is None:
        return missing("the budget is that of now")
    return account(window.answers.budget_left, window.answers.requests, "answers")


# -- interpretability


def explained_share(window: Window) -> Estimate:
    """Shown items whose ledger explains their place without a rest. Delta method over diners."""
    told = window.places[window.places[EXACT].notna().to_numpy(np.bool_)]
    if told.empty:
        return missing("these lists have no ledger" if len(window.places) else NO_LISTS)
    sums = told.assign(items=1.0).groupby(col.USER_ID)[[EXACT, "items"]].sum()
    found = ratio(sums[EXACT].to_numpy(np.float64), sums["items"].to_numpy(np.float64), "diners")
    return clipped(found, 0.0, 1.0)


def explained_lists(window: Window) -> Estimate:
    """Lists all of whose items are explained exactly. Delta method over diners."""
    told = window.places[window.places[EXACT].notna().to_numpy(np.bool_)]
    if told.empty:
        return missing("these lists have no ledger" if len(window.places) else NO_LISTS)
    lists = told.groupby(LIST).agg(user=(col.USER_ID, "first"), exact=(EXACT, "min"))
    sums = lists.assign(all=1.0).groupby("user")[["exact", "all"]].sum()
    found = ratio(sums["exact"].to_numpy(np.float64), sums["all"].to_numpy(np.float64), "diners")
    return clipped(found, 0.0, 1.0)


def explaining_us(window: Window) -> Estimate:
    """What it takes to explain one item of a past list, on the machine that makes the scorecard, just now."""
    times = window.explaining_us
    if times is None or not len(times):
        return missing(NO_LISTS)
    return clipped(ratio(times, np.ones(len(times)), "explanations"), 0.0)


def fidelity(window: Window) -> Estimate:
    """How much faster the champion's scores fall when parts are deleted in the order of its own explanations.

    Area under the deletion curve of random orders less that of the exact values, in units of sum |phi|, with the
    interval of its model card.
    """
    return _of_the_card(window.fidelity, "no champion, or its model card does not say how faithful its reasons are")


# -- fairness


def exposure_ratio(window: Window) -> Estimate:
    """Independents, chains and newcomers, at the places that were not sold."""
    return _exposure_ratio(window, _kind(window), sold=False)


def exposure_ratio_paid(window: Window) -> Estimate:
    """The same, at the places that were sold."""
    if not window.places[SOLD].any():
        return missing("nothing was sold" if len(window.places) else NO_LISTS)
    return _exposure_ratio(window, _kind(window), sold=True)


def exposure_ratio_districts(window: Window) -> Estimate:
    """The district with the least against that with the greatest, at the places that were not sold."""
    districts = Groups.of("district", window.restaurants[col.DISTRICT], FEWEST_RESTAURANTS)
    return _exposure_ratio(window, districts, sold=False)


def _exposure_ratio(window: Window, groups: Groups, *, sold: bool) -> Estimate:
    """Least over greatest exposure per merit of groups of restaurants, with a bootstrap of diners.

    What exposure and merit are is said in `models.fairness.measures`.
    """
    if window.places.empty:
        return missing(NO_LISTS)
    if not groups.comparable:
        return missing("there is one group of restaurants only")
    ledger = Ledger.of(shown_in(window), sold=sold, groups=groups)
    if not ledger.earned.sum():
        return missing("no orders yet")
    return bootstrap(
        ledger.exposure.shape[0], lambda weights: least_over_greatest(ledger.per_merit(groups, weights)), "diners"
    )


def _kind(window: Window) -> Groups:
    return Groups.of("kind", kinds(window.restaurants, pd.Timestamp(window.until)), fewest=1)


def shown_in(window: Window) -> Shown:
    """The places of the window's lists as arrays; diners and restaurants are rows of their first appearance and of the
    catalogue."""
    places, catalogue = window.places, pd.Index(window.restaurants[col.RESTAURANT_ID])
    diner, diners = pd.factorize(places[col.USER_ID])
    return Shown(
        diner,
        catalogue.get_indexer(pd.Index(places[col.RESTAURANT_ID])),
        window.looked_at(places[col.POSITION].to_numpy(np.int64)),
        places[ORDERED].to_numpy(np.bool_),
        places[SOLD].to_numpy(np.bool_),
        len(diners),
        len(catalogue),
    )


# -- diners and restaurants


def return_rate_28d(window: Window) -> Estimate:
    """Of the diners shown a list 28 days ago, those who asked for another within 28 days. Wilson's interval."""
    if not len(window.returned):
        return missing("no list is 28 days old yet")
    return share(int(window.returned.sum()), len(window.returned), "diners")


def open_share(window: Window) -> Estimate:
    """Of the restaurants shown in the window, those that are in the catalogue now. Wilson's interval."""
    shown = pd.Index(window.places[col.RESTAURANT_ID].unique())
    there = shown.isin(pd.Index(window.restaurants[col.RESTAURANT_ID]))
    return share(int(there.sum()), len(shown), "restaurants shown")


# -- parts


def _diner_sums(window: Window, part: str, whole: str) -> tuple[Doubles, Doubles]:
    return window.diners[part].to_numpy(np.float64), window.diners[whole].to_numpy(np.float64)


def _per_diner_week(window: Window, name: str) -> Estimate:
    if window.began is None or not window.diners[LISTS].any():
        return missing(NO_LISTS)
    if window.weeks < _LEAST_WEEKS:
        return missing("the log is younger than a day")
    sums = window.diners[name].to_numpy(np.float64)
    everyone = np.zeros(max(window.known_diners, len(sums)))
    everyone[: len(sums)] = sums
    estimate = rate if name == ORDERS else ratio
    return estimate(everyone, np.full(len(everyone), window.weeks), "diners")


def _of_the_card(found: Mapping[str, Any] | None, reason: str) -> Estimate:
    if found is None:
        return missing(reason)
    n, note = int(found.get("n", 0)), found.get("note")
    return Estimate(found["value"], found["low"], found["high"], n, "held-out diners", note)


def _noted(found: Estimate, off: str | None) -> Estimate:
    if off is None or found.value is None:
        return found
    return Estimate(found.value, found.low, found.high, found.n, found.of, f"money is off: {off}")


def _latency(answers: Answers | None, level: float) -> Estimate:
    if answers is None or not len(answers.counts):
        return missing("no answers timed yet")
    return quantile(answers.buckets, answers.counts, level, "answers")


def _per_answer(answers: Answers | None, name: str, scale: float) -> Estimate:
    """A cost over the answers that it was for."""
    if answers is None or answers.costs.empty:
        return missing("no process has told what its answers cost yet")
    hours = answers.costs["minute"] // 60
    unit, by = ("hours", hours) if hours.nunique() >= _LEAST_HOURS else ("minutes", answers.costs["minute"])
    sums = answers.costs.groupby(by)[[name, "requests"]].sum()
    costs, requests = sums[name].to_numpy(np.float64), sums["requests"].to_numpy(np.float64)
    if len(sums) == 1:
        value = scale * float(costs[0] / requests[0])
        return Estimate(value, value, value, 1, "minute", "no interval")
    return clipped(ratio(costs, requests, unit, scale), 0.0)
