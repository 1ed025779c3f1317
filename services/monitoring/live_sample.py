"""A sample of what was served in a time, with what became of it: the data of the live watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Engine, select

from data import columns as col
from data.columns import EventType
from data.dataset import MarketInfo
from services.audit.documents import read_document
from services.catalogue.store import CatalogueStore
from services.database.schema import diners, events, restaurants
from services.database.transactions import reading
from services.events.served_lists import ServedList, sample
from services.serving.served_document import terms_of

OUTCOME_DAYS: Final = 1
"""What a list leads to is looked for so long after it."""
_NOT_OF_THE_MODEL: Final = frozenset({"fairness", "exploration", "payment"})
"""Terms that move a restaurant without saying that it is likelier to be ordered from."""
_CHUNK: Final = 500
Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class LiveSample:
    """Lists of one market and time."""

    shown: pd.DataFrame
    """A row for each place: request, diner, restaurant, time, model version, `probability` of an order given a look."""
    events: pd.DataFrame
    """Impressions (which mean: viewed), clicks and orders that name one of these lists."""


def read_sample(engine: Engine, market: str, since: datetime, until: datetime, limit: int) -> LiveSample:
    """At most `limit` lists of [since, until), evenly spread over it. Raises StorageUnavailable."""
    with reading(engine) as connection:
        _, lists = sample(connection, market, since, until, limit)
        happened = events_of(connection, market, lists, since, until)
    return LiveSample(_shown(lists), happened)


def catalogue_frames(engine: Engine, info: MarketInfo, users: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The market's restaurants, and of its diners those named, as the columns that drift looks at."""
    place, diner = restaurants.c, diners.c
    wanted = (col.RESTAURANT_ID, col.LAT, col.LON, col.CUISINES, col.PRICE_LEVEL, col.DISTRICT)
    homes = (col.USER_ID, col.HOME_LAT, col.HOME_LON)
    with reading(engine) as connection:
        places = connection.execute(select(*(place[name] for name in wanted)).where(place.market == info.market)).all()
        people = [
            row
            for chunk in _chunks(users)
            for row in connection.execute(
                select(*(diner[name] for name in homes)).where(diner.market == info.market, diner.user_id.in_(chunk))
            )
        ]
    return pd.DataFrame(places, columns=list(wanted)), pd.DataFrame(people, columns=list(homes))


def markets_of(engine: Engine) -> list[MarketInfo]:
    """All markets. Raises StorageUnavailable."""
    return list(CatalogueStore(engine).markets())


def events_of(
    connection: Connection, market: str, lists: Sequence[ServedList], since: datetime, until: datetime
) -> pd.DataFrame:
    """Impressions, clicks and orders that name one of these lists of [since, until)."""
    event = events.c
    names = (col.REQUEST_ID, col.RESTAURANT_ID, col.USER_ID, col.TYPE, col.AT, col.VALUE)
    kinds = (EventType.IMPRESSION, EventType.CLICK, EventType.ORDER)
    # The table has an index of diners and times; a client's clock may be slow.
    lag = timedelta(days=OUTCOME_DAYS)
    statement = select(*(event[name] for name in names)).where(
        event.market == market, event.at >= since - lag, event.at < until + lag, event.type.in_(kinds)
    )
    rows: list[Any] = []
    for part in _chunks(lists):
        theirs = event.request_id.in_([one.request_id for one in part])
        of_them = event.user_id.in_(sorted({one.user_id for one in part}))
        rows += connection.execute(statement.where(of_them, theirs))
    return pd.DataFrame(rows, columns=list(names))


def _shown(lists: Sequence[ServedList]) -> pd.DataFrame:
    documents = [read_document(one.document) for one in lists]
    sizes = [len(document["restaurant_ids"]) for document in documents]

    def spread(values: Sequence[Any]) -> npt.NDArray[Any]:
        return np.repeat(np.asarray(values, object), sizes)

    return pd.DataFrame(
        {
            col.REQUEST_ID: spread([one.request_id for one in lists]),
            col.USER_ID: spread([one.user_id for one in lists]),
            col.RESTAURANT_ID: [name for document in documents for name in document["restaurant_ids"]],
            col.AT: pd.to_datetime(spread([one.at for one in lists]), utc=True),
            "model_version": spread([one.model_version for one in lists]),
            "probability": np.concatenate([probabilities(document) for document in documents] or [np.empty(0)]),
        }
    )


def probabilities(document: dict[str, Any]) -> npt.NDArray[np.float64]:
    """(shown,) what the model and the calibration say, without fairness, exploration and payment."""
    terms = zip(document["term_names"], terms_of(document), strict=True)
    kept = [values for name, values in terms if name not in _NOT_OF_THE_MODEL]
    return np.asarray(np.sum(np.asarray(kept, np.float64), axis=0))


def _chunks(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
