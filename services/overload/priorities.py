"""Who goes first when a process cannot answer everybody: one table from the beginning of a path to a priority."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Priority(IntEnum):
    """A class of requests; the higher the number, the sooner it is refused."""

    ALWAYS = 0
    """Never refused: whoever looks whether the process lives must not take it for dead because it is busy."""
    FIRST = 1
    """Diners wait for it, orders come of it, it is the brake that is pulled when things go wrong; or it is a file of a
    page: it costs next to nothing, and a page that lacks one is broken until somebody loads it again."""
    SECOND = 2
    """Somebody looks at it, and can do so a little later."""
    LAST = 3
    """Reports, long work; and all below `/v1` that the table does not name."""


PREFIXES: Final[Mapping[str, Priority]] = {
    "health": Priority.ALWAYS,
    "metrics": Priority.ALWAYS,
    "v1/recommendations": Priority.FIRST,
    "v1/rankings": Priority.FIRST,
    "v1/events": Priority.FIRST,
    "v1/popular": Priority.FIRST,
    "v1/search": Priority.FIRST,
    "v1/releases": Priority.FIRST,
    "v1/freeze": Priority.FIRST,
    "v1/users": Priority.FIRST,
    "v1/explanations": Priority.SECOND,
    "v1/restaurants": Priority.SECOND,
    "v1/markets": Priority.SECOND,
    "v1/operations": Priority.SECOND,
    "v1/policies": Priority.SECOND,
    "v1/campaigns": Priority.LAST,
    "v1/demands": Priority.LAST,
    "v1/fronts": Priority.LAST,
    "v1/negotiations": Priority.LAST,
    "v1/retraining": Priority.LAST,
    "v1/audit-trail": Priority.LAST,
    "v1/seats": Priority.LAST,
    "v1/scorecard": Priority.LAST,
    "v1/model-card": Priority.LAST,
    "v1/ranking-policy": Priority.LAST,
    "v1/measurements": Priority.LAST,
    "v1/fairness": Priority.LAST,
    "v1/replays": Priority.LAST,
    "v1/lessons": Priority.LAST,
}
"""By the first segment of a path, the first two below `/v1`."""
_OF_BYTES: Final = {prefix.encode(): priority for prefix, priority in PREFIXES.items()}


def priority_of(path: bytes) -> Priority:
    """The priority of a path, which begins with a slash and has no query.

    >>> priority_of(b"/v1/users/ann"), priority_of(b"/health/ready"), priority_of(b"/console")
    (<Priority.FIRST: 1>, <Priority.ALWAYS: 0>, <Priority.FIRST: 1>)
    """
    of_api = path.startswith(b"/v1/")
    end = path.find(b"/", 4 if of_api else 1)
    return _OF_BYTES.get(path[1:] if end < 0 else path[1:end], Priority.LAST if of_api else Priority.FIRST)
