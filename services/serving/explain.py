"""The ledger of a past list, from its served record: exactly as it was ranked."""

import functools
import operator
from typing import Any

from services.audit.documents import read_document
from services.events.served_lists import ServedList
from services.serving.served_document import organic_ranks, terms_of


class NotInList(Exception):
    """The restaurant was not in that list."""


def explanation(served: ServedList, restaurant_id: str) -> dict[str, Any]:
    """Why a restaurant stood where it stood; the fields are those of `api.schemas.Explanation`."""
    document = read_document(served.document)
    ids: list[str] = document["restaurant_ids"]
    if restaurant_id not in ids:
        raise NotInList(restaurant_id)
    at = ids.index(restaurant_id)
    names, terms = document["term_names"], terms_of(document)
    own = [values[at] for values in terms]
    last = at + 1 == len(ids)
    return {
        "request_id": served.request_id,
        "restaurant_id": restaurant_id,
        "rank": at + 1,
        "score": functools.reduce(operator.add, own, 0.0),
        "terms": [{"name": name, "value": value} for name, value in zip(names, own, strict=True)],
        "features": [],
        "without_payment": {"rank": organic_ranks(document)[at]},
        "against_next": []
        if last
        else [{"name": name, "value": values[at] - values[at + 1]} for name, values in zip(names, terms, strict=True)],
        "method": "the terms that were added up when the list was made",
        "exact": True,
    }
