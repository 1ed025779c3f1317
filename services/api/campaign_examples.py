"""Examples of campaigns, their report and their preview."""

from typing import Any, Final

CAMPAIGN: Final[dict[str, Any]] = {
    "campaign_id": "lantern-spring",
    "market": "aldermoor",
    "restaurant_id": "r0-00042",
    "payer": "Golden Lantern Ltd",
    "bid": 45,
    "billing": "click",
    "daily_budget": 5000,
    "total_budget": 100000,
    "starts_at": "2026-01-05T00:00:00Z",
    "ends_at": None,
    "version": 2,
    "created_at": "2026-01-04T10:12:00Z",
    "updated_at": "2026-01-08T09:30:00Z",
    "closed_at": None,
}

_CAMPAIGN_DAY: Final[dict[str, Any]] = {
    "impressions": 412,
    "viewed": 377,
    "clicks": 31,
    "orders": 6,
    "billed": 30,
    "spend": {"micro_units": 742500000, "minor_units": 742.5},
    "refunds": {"micro_units": 0, "minor_units": 0.0},
    "revenue": 14850.0,
    "return_on_spend": 20.0,
    "auctions": 3920,
    "lost_to_budget": 12,
    "lost_to_floor": 240,
    "lost_to_price": 3256,
}

CAMPAIGN_REPORT: Final[dict[str, Any]] = {
    **{name: CAMPAIGN[name] for name in ("campaign_id", "market", "restaurant_id", "payer", "billing")},
    "currency": "GBP",
    "time_zone": "Europe/London",
    "as_of": "2026-01-09T19:00:00Z",
    "first_day": "2026-01-09",
    "last_day": "2026-01-09",
    "totals": _CAMPAIGN_DAY,
    "days": [{"day": "2026-01-09", **_CAMPAIGN_DAY}],
    "remaining": {
        "total": {"micro_units": 99257500000, "minor_units": 99257.5},
        "today": {"micro_units": 4257500000, "minor_units": 4257.5},
    },
    "pacing": {"multiplier": 0.25, "is_open": True, "updated_at": "2026-01-09T18:59:55Z"},
    "pace": [
        {
            "starts_at": "2026-01-09T18:00:00Z",
            "hour": 18,
            "plan": {"micro_units": 3900000000, "minor_units": 3900.0},
            "spent": {"micro_units": 742500000, "minor_units": 742.5},
        }
    ],
}

_OUTLOOK: Final[dict[str, Any]] = {
    "bid": 60,
    "impressions": {"value": 1840.0, "low": 1722.0, "high": 1958.0},
    "billed": {"value": 402.5, "low": 371.0, "high": 434.0},
    "spend": {"value": 14210.0, "low": 13050.0, "high": 15370.0},
    "spend_within_budget": 14210.0,
}

PREVIEW: Final[dict[str, Any]] = {
    "since": "2026-01-02T19:00:00Z",
    "until": "2026-01-09T19:00:00Z",
    "lists": 21450,
    "replayed": 1950,
    "candidate_in": 610,
    "now": _OUTLOOK,
    "proposed": {**_OUTLOOK, "bid": 90, "spend": {"value": 25100.0, "low": 23400.0, "high": 26800.0}},
}
