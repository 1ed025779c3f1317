"""What a dataset looks like in numbers: skew, loyalty, distance, ratings. `python -m data.city.statistics DIR …`.

It works for every dataset; what it cannot know (no homes, no impressions, no orders) is nan, shown as a dash.
"Choices" are orders, or ratings where a dataset has no orders.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col
from data.city.choice import travel
from data.city.estimation import conditional_logit
from data.city.measures import NAN, distance_slope, gini, neighbours, slope, top_share, zipf_slope
from data.columns import EventType
from data.dataset import Dataset
from data.geo import distance_km

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.integer]

_LISTS = 20_000
"""Lists that the travel-time coefficient is learnt from, at most."""


def _figure(label: str, form: str = "") -> Any:
    return field(metadata={"label": label, "form": form})


@dataclass(frozen=True)
class Statistics:
    """Figures of one market; each field's metadata hold its label and its format. Distances are in km."""

    restaurants: float = _figure("restaurants", ",.0f")
    diners: float = _figure("diners", ",.0f")
    choices: float = _figure("choices (orders, else ratings)", ",.0f")
    within_2_km: float = _figure("restaurants within 2 km of one, median", ".0f")
    gini: float = _figure("Gini of choices over restaurants", ".2f")
    zipf_slope: float = _figure("Zipf slope, upper half", ".2f")
    top_tenth: float = _figure("share of the top tenth of restaurants", ".2f")
    per_diner: float = _figure("choices a diner, mean", ".2f")
    per_diner_p90: float = _figure("choices a diner, 90th percentile", ".0f")
    without: float = _figure("diners without a choice", ".2f")
    repeat_share: float = _figure("repeat share of choices", ".2f")
    days_between: float = _figure("days between a diner's choices, median", ".1f")
    median_km: float = _figure("km from home to the choice, median", ".2f")
    distance_slope: float = _figure("slope of log(choices / pairs) on log travel time", ".2f")
    travel_time: float = _figure("travel-time coefficient among those shown", ".2f")
    travel_time_low: float = _figure("… 95 % from", ".2f")
    travel_time_high: float = _figure("… 95 % to", ".2f")
    orders_per_request: float = _figure("orders a request", ".2f")
    clicks_per_order: float = _figure("clicks an order", ".2f")
    ctr_decay: float = _figure("decay of log click rate a position", ".3f")
    mean_rating: float = _figure("mean rating", ".2f")
    rating_shares: str = _figure("ratings by value, %")


@dataclass(frozen=True)
class _Map:
    """Places of one market, by id."""

    homes: tuple[Floats, Floats]
    places: tuple[Floats, Floats]
    diners: pd.Index
    restaurants: pd.Index

    @classmethod
    def of(cls, restaurants: pd.DataFrame, diners: pd.DataFrame) -> "_Map":
        return cls(
            (diners[col.HOME_LAT].to_numpy(np.float64), diners[col.HOME_LON].to_numpy(np.float64)),
            (restaurants[col.LAT].to_numpy(np.float64), restaurants[col.LON].to_numpy(np.float64)),
            pd.Index(diners[col.USER_ID]),
            pd.Index(restaurants[col.RESTAURANT_ID]),
        )

    def rows(self, events: pd.DataFrame) -> tuple[Rows, Rows]:
        """(diner row, restaurant row) of each event."""
        diners, restaurants = pd.Index(events[col.USER_ID]), pd.Index(events[col.RESTAURANT_ID])
        return self.diners.get_indexer(diners), self.restaurants.get_indexer(restaurants)

    def homes_known(self) -> tuple[Floats, Floats]:
        """Homes of those diners whose home is known."""
        known = np.isfinite(self.homes[0])
        return self.homes[0][known], self.homes[1][known]

    def ends(self, rows: tuple[Rows, Rows]) -> tuple[Floats, Floats, Floats, Floats]:
        """Coordinates of home and restaurant."""
        return self.homes[0][rows[0]], self.homes[1][rows[0]], self.places[0][rows[1]], self.places[1][rows[1]]


def measure(dataset: Dataset, market: str) -> Statistics:
    """The figures of one market of a dataset."""
    places = _Map.of(dataset.restaurants(market), dataset.diners(market))
    ratings = dataset.events(market, [EventType.RATING], [col.USER_ID, col.RESTAURANT_ID, col.AT, col.VALUE])
    orders = dataset.events(market, [EventType.ORDER], [col.USER_ID, col.RESTAURANT_ID, col.AT, col.REQUEST_ID])
    choices = orders if len(orders) else ratings
    rows = places.rows(choices)
    known = np.isfinite(places.homes[0][rows[0]])
    per_restaurant = np.bincount(rows[1], minlength=len(places.restaurants))
    per_diner = np.bincount(rows[0], minlength=len(places.diners))
    at_home = (rows[0][known], rows[1][known])
    coefficient, low, high = _travel_time(dataset, market, places, orders)
    requests, clicks, decay = _funnel(dataset, market)
    return Statistics(
        restaurants=len(places.restaurants),
        diners=len(places.diners),
        choices=len(choices),
        within_2_km=neighbours(*places.places, 2.0),
        gini=gini(per_restaurant),
        zipf_slope=zipf_slope(per_restaurant),
        top_tenth=top_share(per_restaurant, 0.1),
        per_diner=float(per_diner.mean()),
        per_diner_p90=float(np.quantile(per_diner, 0.9)),
        without=float(np.mean(per_diner == 0)),
        repeat_share=float(choices.duplicated([col.USER_ID, col.RESTAURANT_ID]).mean()) if len(choices) else NAN,
        days_between=_days_between(choices),
        median_km=float(np.median(distance_km(*places.ends(at_home)))) if known.any() else NAN,
        distance_slope=distance_slope(places.homes_known(), places.places, places.ends(at_home))
        if known.any()
        else NAN,
        travel_time=coefficient,
        travel_time_low=low,
        travel_time_high=high,
        orders_per_request=len(orders) / requests if requests else NAN,
        clicks_per_order=clicks / len(orders) if len(orders) and clicks else NAN,
        ctr_decay=decay,
        mean_rating=float(ratings[col.VALUE].mean()) if len(ratings) else NAN,
        rating_shares=_rating_shares(ratings[col.VALUE]),
    )


def _travel_time(dataset: Dataset, market: str, places: _Map, orders: pd.DataFrame) -> tuple[float, float, float]:
    """(coefficient, low, high) of -log travel time among the restaurants shown, the position held fixed.

    From the first `_LISTS` lists that led to an order. What diners like and cannot be seen here is noise, so this is
    below the coefficient in their utility. All nan where there are no impressions.
    """
    columns = [col.REQUEST_ID, col.USER_ID, col.RESTAURANT_ID, col.POSITION]
    shown = dataset.events(market, [EventType.IMPRESSION], columns)
    chosen = orders[[col.REQUEST_ID, col.RESTAURANT_ID]].iloc[:_LISTS].assign(ordered=True)
    shown = shown[shown[col.REQUEST_ID].isin(chosen[col.REQUEST_ID])]
    shown = shown.merge(chosen, how="left", on=[col.REQUEST_ID, col.RESTAURANT_ID])
    rows = places.rows(shown)
    usable = (rows[0] >= 0) & (rows[1] >= 0) & np.isfinite(places.homes[0][rows[0]])
    if not usable.any():
        return NAN, NAN, NAN
    shown, rows = shown[usable], (rows[0][usable], rows[1][usable])
    lists = shown[col.REQUEST_ID].factorize()[0]
    position = shown[col.POSITION].to_numpy(np.int64) - 1
    features = np.zeros((int(lists.max()) + 1, int(position.max()) + 1, 2))
    features[lists, position] = np.stack([-travel(*places.ends(rows)), position], axis=1)
    available, taken = (np.zeros(features.shape[:2], np.bool_) for _ in range(2))
    available[lists, position] = True
    taken[lists, position] = shown["ordered"].notna()
    kept = taken.any(axis=1)
    estimate = conditional_logit(features[kept], taken[kept].argmax(axis=1), available[kept])
    return float(estimate.coefficients[0]), *estimate.interval(0)


def _funnel(dataset: Dataset, market: str) -> tuple[int, int, float]:
    """(requests, clicks, decay of the log click rate a position); the decay is nan without clicks and impressions."""
    columns = [col.REQUEST_ID, col.RESTAURANT_ID]
    clicks = dataset.events(market, [EventType.CLICK], columns).dropna()
    shown = dataset.events(market, [EventType.IMPRESSION], [*columns, col.POSITION])
    if not len(shown):
        return 0, len(clicks), NAN
    clicked = clicks.drop_duplicates().merge(shown, on=columns)
    impressions, opened = (
        np.bincount(frame[col.POSITION].to_numpy(np.int64), minlength=2)[1:] for frame in (shown, clicked)
    )
    opened = np.pad(opened, (0, impressions.size - opened.size))
    met = opened > 0
    positions = np.arange(impressions.size, dtype=np.float64)[met]
    decay = -slope(positions, np.log(opened[met] / impressions[met])) if met.sum() > 1 else NAN
    return int(impressions[0]), len(clicks), decay


def _days_between(choices: pd.DataFrame) -> float:
    """Median days from a diner's choice to the next; nan without times."""
    timed = choices.dropna(subset=[col.AT]).sort_values([col.USER_ID, col.AT])
    gaps = timed[col.AT].diff()[timed[col.USER_ID] == timed[col.USER_ID].shift()]
    return float(gaps.dt.total_seconds().median()) / 86_400 if len(gaps) else NAN


def _rating_shares(values: pd.Series) -> str:
    """Per cent at each value, lowest first: `4 / 12 / 21 / 23 / 41`."""
    shares = values.value_counts(normalize=True).sort_index()
    return " / ".join(f"{value:g}: {100 * share:.0f}" for value, share in shares.items())


def as_markdown(columns: Sequence[tuple[str, Statistics]]) -> str:
    """A Markdown table, one column for each (title, figures)."""
    lines = ["| | " + " | ".join(title for title, _ in columns) + " |", "|---|" + "---:|" * len(columns)]
    for figure in fields(Statistics):
        cells = [_cell(getattr(values, figure.name), figure.metadata["form"]) for _, values in columns]
        lines.append(f"| {figure.metadata['label']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(value: float | str, form: str) -> str:
    if isinstance(value, str):
        return value or "–"
    return "–" if np.isnan(value) else format(value, form)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of every market of the datasets named."""
    parser = argparse.ArgumentParser(prog="python -m data.city.statistics", description=measure.__doc__)
    parser.add_argument("datasets", type=Path, nargs="+", metavar="DIR")
    columns = []
    for path in parser.parse_args(arguments).datasets:
        dataset = Dataset.open(path)
        columns += [(dataset.market(market).title or market, measure(dataset, market)) for market in dataset.markets]
    print(as_markdown(columns))


if __name__ == "__main__":
    main()
