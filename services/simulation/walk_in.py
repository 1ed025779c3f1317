"""Diners who walk in: they ask the running API for a list, look, click and order as the city's choice model says."""

import http.client
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data import columns as col
from data.city import choice
from data.city.truth import CityTruth
from data.columns import EventType
from data.dataset import Dataset

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class ApiError(Exception):
    """The API answered with an error, or not at all."""


class ApiClient:
    """One keep-alive connection to an API on this machine, with a key."""

    def __init__(self, host: str, port: int, key: str, timeout_seconds: float = 10.0) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; raise ApiError unless it is a 2xx."""
        data = None if body is None else json.dumps(body)
        try:
            try:
                answer, content = self._exchange(method, path, data)
            except http.client.RemoteDisconnected:
                # The server closes a connection that was quiet for long. Asking again is safe: events are idempotent.
                answer, content = self._exchange(method, path, data)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ApiError(f"{method} {path.split('?')[0]}: {error or type(error).__name__}") from error
        if not 200 <= answer.status < 300:
            raise ApiError(f"{method} {path.split('?')[0]}: {answer.status} {content[:200].decode(errors='replace')}")
        return json.loads(content)

    def _exchange(self, method: str, path: str, data: str | None) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, data, self._headers)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass(frozen=True)
class Visit:
    """What one visit came to."""

    shown: int
    clicks: int
    ordered: bool
    degraded: bool


class Crowd:
    """The diners of one market of a synthetic city, with the tastes that no model is told and the habits of its log."""

    def __init__(self, dataset: Dataset, market: str, seed: int) -> None:
        """Raises DatasetError where the dataset has no truth."""
        self._truth = CityTruth.load(dataset.path, market)
        self._zone = ZoneInfo(dataset.market(market).time_zone)
        self._diner_ids: list[str] = dataset.diners(market)[col.USER_ID].tolist()
        self._restaurant_ids: list[str] = dataset.restaurants(market)[col.RESTAURANT_ID].tolist()
        self._row_of = {restaurant_id: row for row, restaurant_id in enumerate(self._restaurant_ids)}
        orders = dataset.events(market, [EventType.ORDER], [col.USER_ID, col.RESTAURANT_ID, col.VALUE])
        self._last_day = len(self._truth.rain) - 1
        self._amounts = orders.groupby(col.RESTAURANT_ID)[col.VALUE].median().round().to_dict()
        self._orders: dict[str, Counter[str]] = {
            str(user): Counter(names) for user, names in orders.groupby(col.USER_ID)[col.RESTAURANT_ID]
        }
        self._rng = np.random.default_rng(seed)

    def visits(self, api: ApiClient) -> Iterator[Visit]:
        """One diner after another, for ever, each as often as in the log."""
        often = self._truth.diners.visit / self._truth.diners.visit.sum()
        while True:
            yield self._visit(api, int(self._rng.choice(len(often), p=often)))

    def _visit(self, api: ApiClient, diner: int) -> Visit:
        parameters = self._truth.parameters
        query = f"user_id={quote(self._diner_ids[diner])}&market={self._truth.market}&k={parameters.list_length}"
        answer = api.call("GET", f"/v1/recommendations?{query}")
        # A restaurant that was added since the city was made has no truth: the diner does not see it.
        items = [item for item in answer["items"] if item["restaurant_id"] in self._row_of]
        if not items:
            return Visit(0, 0, False, bool(answer["degraded"]))
        names = [item["restaurant_id"] for item in items]
        rows, who = np.asarray([self._row_of[name] for name in names]), np.asarray([diner])
        ordered_before = self._orders.setdefault(self._diner_ids[diner], Counter())
        outcome = choice.decide(
            visits=self._rng.integers(2**63, size=1).astype(np.uint64),
            restaurants=rows[None],
            nests=self._truth.restaurants.cuisine[rows][None],
            utilities=self._wishes(who, rows, [ordered_before[name] for name in names], answer["as_of"]),
            outside=self._truth.diners.outside[who],
            theta=self._truth.theta[: len(rows)],
            nest_correlation=parameters.nest_correlation,
            click_margin=parameters.click_margin,
        )
        events = self._events(answer, diner, items, outcome)
        if events:
            api.call("POST", "/v1/events", events)
        ordered = int(outcome.ordered[0])
        if ordered >= 0:
            ordered_before[names[ordered]] += 1
        return Visit(len(items), int(outcome.clicked.sum()), ordered >= 0, bool(answer["degraded"]))

    def _wishes(self, who: Rows, rows: Rows, ordered_before: list[int], at: str) -> Doubles:
        """(1, m) V of the restaurants at the time of the answer, with habit and the weather of the log's last day."""
        hour = np.asarray([datetime.fromisoformat(at).astimezone(self._zone).hour])
        lasting = self._truth.utilities(who, rows, np.asarray([ordered_before]))
        moment = self._truth.of_moment(np.asarray([self._last_day]), hour)[:, rows]
        return np.asarray(lasting + moment, np.float64)

    def _events(
        self, answer: dict[str, Any], diner: int, items: list[dict[str, Any]], outcome: choice.Outcome
    ) -> list[dict[str, Any]]:
        happened: list[tuple[str, int]] = []
        happened += [("impression", position) for position in np.flatnonzero(outcome.examined[0]).tolist()]
        happened += [("click", position) for position in np.flatnonzero(outcome.clicked[0]).tolist()]
        happened += [("order", int(position)) for position in outcome.ordered if position >= 0]
        return [
            {
                "event_id": uuid.uuid4().hex,
                "type": kind,
                "user_id": self._diner_ids[diner],
                "restaurant_id": items[position]["restaurant_id"],
                "market": self._truth.market,
                "request_id": answer["request_id"],
                "at": answer["as_of"],
                **({"value": self._amounts.get(items[position]["restaurant_id"])} if kind == "order" else {}),
            }
            for kind, position in happened
        ]
