"""Five real diners of the UCI data, explained in words beside their profile, to be checked by hand.

    python -m services.serving.real_diners DIR [--diners U1,U2,…] [--model ease]

DIR: the folder of the nine files. They are imported, a model of each town is trained, and each diner's first three
restaurants are told with the reasons that a list tells, next to what the diner's own profile, cuisines and ratings in
these files say. Everything lies in a folder that is thrown away; the same files give the same text.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from data import columns as col
from data.columns import Table
from data.dataset import Dataset, to_arrow
from data.importers import import_dataset
from models import pipeline
from models.base import ModelError
from models.training_data import restaurant_tags
from services.catalogue.records import Restaurant
from services.features import DinerState
from services.ranking.candidates import Filters
from services.serving.in_words import weighed_reasons
from services.serving.live import live_market
from services.serving.own_actions import own_actions
from services.serving.recommender import Answer, Ask, ranked_lists, sold_list
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policy import Policy

DINERS: Final = ("U1016", "U1053", "U1058", "U1093", "U1106")
"""Of two towns, with six to twelve good ratings each and different tastes."""
_AT: Final = datetime(2012, 8, 3, 1, 0, tzinfo=UTC)  # a Thursday evening in Mexico, near the set's publication
_SHOWN: Final = 3
_PROFILE: Final = ("budget", "ambience", "drinks", "smoker", "transport")


def explained(folder: Path, diners: Sequence[str], model: str = "ease") -> list[str]:
    """Lines of text. Raises ImportFailed where the folder is not the UCI data, ModelError for an unknown model."""
    with tempfile.TemporaryDirectory() as made:
        import_dataset("uci", folder, Path(made) / "data")
        dataset = Dataset.open(Path(made) / "data")
        markets = {name: _market(dataset, name, model, Path(made) / "models") for name in _towns(dataset, diners)}
        lines: list[str] = []
        for diner in diners:
            market = next(market for market in markets.values() if market.artifact.diner_row(diner) is not None)
            lines.extend(_diner(dataset, market, diner))
        return lines


def _towns(dataset: Dataset, diners: Sequence[str]) -> list[str]:
    """Where these diners rated, at least one of them each."""
    events = dataset.events()
    rated = events[events[col.USER_ID].isin(list(diners))]
    missing = set(diners) - set(rated[col.USER_ID])
    if missing:
        raise ModelError(f"these diners rated nothing in the set: {', '.join(sorted(missing))}")
    return sorted(set(rated[col.MARKET]))


def _market(dataset: Dataset, name: str, model: str, root: Path) -> MarketSnapshot:
    artifact, policy = pipeline.train(dataset, name, model, root), Policy()
    rows: list[dict[str, Any]] = to_arrow(dataset.restaurants(name), Table.RESTAURANTS).to_pylist()
    restaurants = [Restaurant.model_validate(row) for row in rows]
    return build_snapshot(dataset.market(name), 1, restaurants, artifact, {policy.name: policy}, policy.name, 1, [])


def _listed(market: MarketSnapshot, diner: str, lat: float, lon: float, rated: list[str]) -> Answer:
    """The list that the diner would be shown at home, where that is known, without what the diner has rated."""
    row = market.artifact.diner_row(diner)
    if row is None:
        raise ModelError(f"the model has not learnt diner {diner}")
    learnt = market.artifact.diners
    state = DinerState(learnt.vectors[row], float(learnt.biases[row]), market.model_tag, lat, lon)
    ask = Ask(
        user_id=diner,
        snapshot=market,
        live=live_market(market, _AT, {}, {}, {}),
        policy=market.policies[market.active_policy],
        filters=Filters(exclude=rated),
        k=_SHOWN,
    )
    ranked = ranked_lists(ask, state, _AT, f"{row:032x}")
    return Answer(f"{row:032x}", _AT, ask, sold_list(ask, ranked), ranked, [], {}, state)


def _diner(dataset: Dataset, market: MarketSnapshot, diner: str) -> Iterator[str]:
    known = dataset.diners(market.info.market).set_index(col.USER_ID).loc[diner]
    profile = list(known[col.PROFILE])
    told = [tag for tag in profile if tag.partition("=")[0] in _PROFILE]
    likes = [tag.partition("=")[2] for tag in profile if tag.startswith(("likes=", "cuisine="))]
    yield f"{diner}, {market.info.title or market.info.market}"
    yield f"  profile: {', '.join(told)}; names as favourites: {', '.join(likes) or 'nothing'}"
    names = {one.restaurant_id: one for one in market.restaurants}
    events = dataset.events()
    own = events[(events[col.USER_ID] == diner) & (events[col.MARKET] == market.info.market)]
    rated = sorted(zip(-own[col.VALUE], own[col.RESTAURANT_ID], strict=True))
    yield "  rated: " + "; ".join(f"{_described(names[name])} {-stars:.0f}" for stars, name in rated)
    home = [float(str(known[name])) for name in (col.HOME_LAT, col.HOME_LON)]
    answer = _listed(market, diner, home[0], home[1], [name for _, name in rated])
    for place, row in enumerate(answer.shown.rows.tolist(), 1):
        restaurant = market.restaurants[row]
        yield f"  {place}. {_described(restaurant)}"
        yield f"       tags: {_tags(restaurant)}"
        for reason in weighed_reasons(answer, restaurant.restaurant_id)[:-1]:
            yield f"       {reason['text']} ({reason['value']:+.3f})"
    if (fewest := own_actions(answer)) is not None and fewest["remove"]:
        gone = ", ".join(one["name"] for one in fewest["remove"])
        then = names[fewest["then_top"]].name if fewest["then_top"] else "nothing"
        proof = "no fewer do" if fewest["proven_smallest"] else f"no {fewest['none_up_to']} do; fewer than these may"
        yield f"  without {gone} among the ratings, {then} would be on top ({proof})"
    yield ""


def _tags(one: Restaurant) -> str:
    """All that the model reads of a restaurant beside what `_described` says."""
    tags = restaurant_tags(**one.features())
    return ", ".join(sorted(tag for tag in tags if tag.partition("=")[0] not in ("cuisine", "price")))


def _described(one: Restaurant) -> str:
    price = "?" if one.price_level is None else "$" * one.price_level
    return f"{one.name} [{', '.join(one.cuisines) or 'no cuisine'}, {price}]"


def main() -> None:
    """Print the text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--diners", default=",".join(DINERS))
    parser.add_argument("--model", default="ease")
    given = parser.parse_args()
    for line in explained(given.folder, given.diners.split(","), given.model):
        print(line)


if __name__ == "__main__":
    main()
