"""Events as arrays of numbers, and their way into Arrow without a Python object an event."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.columns import EventType, Table
from data.dataset import ARROW_SCHEMAS

TYPES = tuple(EventType)
NONE = -1

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Events:
    """Events of one market, m of them; restaurants and diners are rows, times are microseconds of the epoch."""

    kind: npt.NDArray[np.int8]
    """(m,) index into `TYPES`."""
    diner: npt.NDArray[np.int32]
    restaurant: npt.NDArray[np.int32]
    request: Ints
    """(m,) number of the request."""
    order: Ints
    """(m,) number of the order, `NONE` where there is none."""
    at: Ints
    position: npt.NDArray[np.int16]
    """(m,) 1 = top, `NONE` where there is none."""
    propensity: npt.NDArray[np.float32]
    """(m,) nan where there is none."""
    value: npt.NDArray[np.float32]
    """(m,) nan where there is none."""

    def __len__(self) -> int:
        return self.kind.size

    @classmethod
    def of(
        cls,
        kind: EventType,
        diner: npt.NDArray[np.integer],
        restaurant: npt.NDArray[np.integer],
        request: npt.NDArray[np.integer],
        at: npt.NDArray[np.integer],
        order: npt.NDArray[np.integer] | int = NONE,
        position: npt.NDArray[np.integer] | int = NONE,
        propensity: npt.NDArray[np.floating] | float = np.nan,
        value: npt.NDArray[np.floating] | float = np.nan,
    ) -> Self:
        """Events of one type; what the type does not have stays out."""
        shape = diner.shape
        return cls(
            np.full(shape, TYPES.index(kind), np.int8),
            diner.astype(np.int32),
            restaurant.astype(np.int32),
            request.astype(np.int64),
            np.broadcast_to(order, shape).astype(np.int64),
            at.astype(np.int64),
            np.broadcast_to(position, shape).astype(np.int16),
            np.broadcast_to(propensity, shape).astype(np.float32),
            np.broadcast_to(value, shape).astype(np.float32),
        )

    @classmethod
    def none(cls) -> Self:
        """No events."""
        empty = np.empty(0, np.int64)
        return cls.of(EventType.IMPRESSION, empty, empty, empty, empty)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other; at least one."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Self:
        """Some of the events."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def in_time_order(self) -> Self:
        """Sorted by time; what happens at once keeps its order, so a list stays in the order of its positions."""
        return self.take(np.argsort(self.at, kind="stable"))


@dataclass(frozen=True)
class Namer:
    """The texts of one market: ids that are unique over all markets."""

    market: str
    number: int
    """Of the market, from 0."""
    restaurant_ids: pa.Array
    diner_ids: pa.Array

    @classmethod
    def of(cls, market: str, number: int, restaurants: int, diners: int) -> Self:
        """`r0-00001` … and `d0-000001` …, longer where there are more."""
        return cls(
            market,
            number,
            numbered(f"r{number}-", np.arange(1, restaurants + 1), 5),
            numbered(f"d{number}-", np.arange(1, diners + 1), 6),
        )

    def table(self, events: Events, first: int) -> pa.Table:
        """The events as a part of the events table; they are numbered from `first` on."""
        m = len(events)
        kinds = pa.array([str(kind) for kind in TYPES])
        columns = [
            numbered(f"e{self.number}-", np.arange(first, first + m), 9),
            kinds.take(pa.array(events.kind)),
            pa.array([self.market]).take(pa.array(np.zeros(m, np.int8))),
            self.diner_ids.take(pa.array(events.diner)),
            self.restaurant_ids.take(pa.array(events.restaurant)),
            numbered(f"q{self.number}-", events.request, 8),
            numbered(f"o{self.number}-", events.order, 8),
            pa.array(events.at, pa.timestamp("us", tz="UTC")),
            pa.array(events.position, mask=events.position == NONE),
            pa.array(events.propensity, mask=np.isnan(events.propensity)),
            pa.array(events.value, mask=np.isnan(events.value)),
        ]
        return pa.Table.from_arrays(columns, schema=ARROW_SCHEMAS[Table.EVENTS])


def numbered(prefix: str, numbers: npt.NDArray[np.integer], digits: int) -> pa.Array:
    """(m,) texts `prefix` + number with leading zeros, null where the number is negative; no Python loop over m."""
    digits = max(digits, len(str(int(numbers.max(initial=0)))))
    width = len(prefix) + digits
    text = np.empty((numbers.size, width), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode("ascii"), np.uint8)
    rest = np.maximum(numbers, 0).astype(np.int64)
    for place in range(width - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] = digit + ord("0")
    offsets = np.arange(0, (numbers.size + 1) * width, width, dtype=np.int32)
    array = pa.StringArray.from_buffers(numbers.size, pa.py_buffer(offsets), pa.py_buffer(text))
    if not (numbers < 0).any():
        return array
    positions = pa.array(np.arange(numbers.size, dtype=np.int32), mask=numbers < 0)
    return array.take(positions)
