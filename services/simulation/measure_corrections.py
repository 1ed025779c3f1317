"""What the corrections of training give, as a Markdown table: python -m services.simulation.measure_corrections.

For each seed a city is drawn and logged; models learn from its train period with and without the weights of
`models.corrections`. nDCG@10 is by the truth: a restaurant's gain is the probability that the diner, with the habits of
the train period, would order there on a typical look at it alone. Differences from the log as it is are paired over
cities, with Student's 95 % interval. In the late city an order comes a lognormal time after its list, in the median a
day, and what would come after the log's end is not in it.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city import truth
from data.city.generate import generate
from data.columns import EventType, Table
from data.dataset import Dataset, writing
from models.corrections import Corrections
from models.ladder import make
from models.preparation import chosen_rows, prepare, usual
from services.fan_out import in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.outcomes import Doubles, interval, ndcg

MODELS: Final = ("popular", "lightfm")
VARIANTS: Final = {
    "as logged": Corrections(),
    "place": Corrections(place=True),
    "delay": Corrections(delay=True),
    "both": Corrections(place=True, delay=True),
}
LATE_MEDIAN: Final = pd.Timedelta(days=1)
LATE_SIGMA: Final = 1.0
_AT: Final = 10


def run_seed(
    seed: int, restaurants: int = 300, diners: int = 2_000, days: int = 21
) -> dict[tuple[str, str, str], float]:
    """nDCG@10 by (city, model, variant)."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder)
        generate(path / "city", restaurants=restaurants, diners=diners, days=days, markets=1, seed=seed)
        city = Dataset.open(path / "city")
        [market] = city.markets
        gain = _gains(city, market)
        for name, dataset in (("prompt", city), ("late", late(city, path / "late", seed))):
            for variant, corrections in VARIANTS.items():
                data = prepare(dataset, market, seed, usual(dataset, corrections=corrections)).data
                for model in MODELS:
                    scores = make(model).fit(data).score(np.arange(diners, dtype=np.int32))
                    shown = np.argsort(-scores, axis=1, kind="stable")[:, :_AT]
                    found[name, model, variant] = float(ndcg(gain, shown, _AT).mean())
    return found


def late(city: Dataset, path: Path, seed: int) -> Dataset:
    """The same city with its orders coming late."""
    events = city.events()
    end = events[col.AT].max()
    orders = (events[col.TYPE] == EventType.ORDER).to_numpy()
    shown = events[events[col.TYPE] == EventType.IMPRESSION].groupby(col.REQUEST_ID)[col.AT].first()
    luck = np.random.default_rng(seed).standard_normal(int(orders.sum()))
    began = pd.DatetimeIndex(shown.reindex(events.loc[orders, col.REQUEST_ID]))
    events.loc[orders, col.AT] = (began + LATE_MEDIAN * np.exp(LATE_SIGMA * luck)).as_unit("us")
    events = events[events[col.AT] <= end].sort_values(col.AT, kind="stable")
    with writing(path) as writer:
        writer.append(Table.RESTAURANTS, city.restaurants())
        writer.append(Table.DINERS, city.diners())
        writer.append(Table.EVENTS, events)
        writer.finish(city.manifest)
    return Dataset.open(path)


def _gains(city: Dataset, market: str) -> Doubles:
    """(N, n) P(order | a look at it alone), with the habits of the train period of the prompt city."""
    known = truth.load(city.path, market)
    prepared = prepare(city, market, 0, usual(city))
    rows, columns = chosen_rows(prepared.data, prepared.log[prepared.split.train])
    shape = (len(prepared.data.diner_ids), len(prepared.data.restaurant_ids))
    past = sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=shape).toarray()
    utilities = known.utilities(np.arange(shape[0]), past_orders=past)
    return np.asarray(expit(utilities - known.diners.outside[:, None]), np.float64)


def as_markdown(runs: Sequence[dict[tuple[str, str, str], float]]) -> str:
    """A row for each city, model and variant."""
    lines = [
        "| orders | model | weights | nDCG@10 by the truth | difference from the log as it is |",
        "|---|---|---|---|---|",
    ]
    for city, model, variant in runs[0]:
        values, plain = (np.asarray([run[city, model, one] for run in runs]) for one in (variant, "as logged"))
        change = "" if variant == "as logged" else _cell(values - plain, "+.4f")
        lines.append(f"| {city} | {model} | {variant} | {_cell(values, '.3f')} | {change} |")
    return "\n".join(lines)


def _cell(values: Doubles, form: str) -> str:
    found = interval(values)
    return f"{found['value']:{form}} [{found['low']:{form}}, {found['high']:{form}}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m services.simulation.measure_corrections",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=10, help="cities, two at least")
    parser.add_argument("--first-seed", type=int, default=1)
    add_engine(parser)
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    print(as_markdown(in_order(engine_of(given), run_seed, ((seed,) for seed in seeds))))


if __name__ == "__main__":
    main()
