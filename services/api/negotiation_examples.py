"""Examples of requests and answers of the routes of demands and negotiations."""

from typing import Any, Final

_LIMIT: Final[dict[str, Any]] = {"measure": "orders_per_1000", "at_least": 700.0, "at_most": None}
_DEMAND: Final[dict[str, Any]] = {
    "limits": [_LIMIT],
    "disagreement": 650.0,
    "weight": 1.0,
    "note": "The winter target.",
}
_STORED: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "seat": "product",
    "version": 2,
    "updated_at": "2026-01-09T19:00:00Z",
    **_DEMAND,
}

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "putDemand": {"limits": [{"measure": "orders_per_1000", "at_least": 700.0}], "note": "The winter target."},
    "startNegotiation": {"demands": {"sales": {"limits": [{"measure": "fee_revenue_per_1000", "at_least": 12_000.0}]}}},
}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listDemands": {"items": [_STORED], "next": None},
    "getDemand": _STORED,
    "putDemand": _STORED,
}
