"""Examples of requests and answers of the routes of releases and freezes."""

from typing import Any, Final

_RELEASE: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "version": "lightfm-3f9c2a71b0de",
    "model": "lightfm",
    "state": "canary",
    "since": "2026-01-09T19:00:00Z",
    "reason": "better on what is new to the diner",
    "created_at": "2026-01-09T04:10:00Z",
    "served": False,
    "share": 0.1,
    "ndcg": 0.4213,
    "evidence": {
        "requests": {"canary": 1012, "champion": 9088},
        "threshold": 80.0,
        "errors": {"canary": 0, "champion": 4, "e": 0.71},
        "slow": {"canary": 3, "champion": 31, "e": 0.52},
        "clicks": {"canary": 98, "champion": 861, "e": 0.34},
        "orders": {"canary": 61, "champion": 522, "e": 0.41},
    },
    "agreement": None,
}
_BUDGET: Final[dict[str, Any]] = {
    "requests": 2800000,
    "errors": 840,
    "slow": 9100,
    "window_days": 28,
    "availability": 0.999,
    "fast": 0.99,
    "slow_ms": 100.0,
    "spent": 0.325,
    "left": 0.675,
}
_WINDOW: Final[dict[str, Any]] = {
    "days": ["fri", "sat"],
    "starts": "17:00",
    "ends": "01:00",
    "reason": "nobody mends anything on a Friday night",
}
_BOUNDS: Final[dict[str, Any]] = {"ads.money": {"min": 0.0, "max": 0.004}, "ads.cap": {"min": 0, "max": 3}}
_WAITING: Final[dict[str, Any]] = {
    **_RELEASE,
    "version": "lightfm-b3f4d497e0f0",
    "state": "challenger",
    "reason": "",
    "share": 0.0,
    "ndcg": 0.4288,
    "evidence": {},
}
_FREEZE: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "frozen": True,
    "freezes": [
        {
            "cause": "hand",
            "reason": "the outage of Tuesday is not understood yet",
            "role": "infra",
            "since": "2026-01-08T08:00:00Z",
            "until": "2026-01-12T08:00:00Z",
        }
    ],
    "queue": [_WAITING],
    "price": {
        "staleness_days": 9.4,
        "champion_ndcg": 0.4213,
        "best_queued": "lightfm-b3f4d497e0f0",
        "ndcg_lost": 0.0075,
    },
    "bounds": _BOUNDS,
    "calendar": [_WINDOW],
    "error_budget": _BUDGET,
}
_TRYING: Final[dict[str, Any]] = {"share": 0.1, "reason": "better on what is new to the diner"}
_MOVING: Final[dict[str, Any]] = {"reason": "the canary of last week did well"}

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "promoteRelease": _MOVING,
    "canaryRelease": _TRYING,
    "shadowRelease": _TRYING,
    "rollbackRelease": {"reason": "orders fell after the promotion"},
    "withdrawRelease": {"reason": "a better one has come"},
    "rejectRelease": {"reason": "it over-indexes on distance"},
    "putFreeze": {"reason": "the outage of Tuesday is not understood yet", "until": "2126-01-12T08:00:00Z"},
    "putFreezeBounds": _BOUNDS,
    "putFreezeCalendar": {"windows": [_WINDOW]},
}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listReleases": {"items": [_RELEASE], "next": None, "error_budget": _BUDGET},
    "promoteRelease": {**_RELEASE, "state": "champion", "served": True, "share": 0.0},
    "canaryRelease": {**_RELEASE, "evidence": {}},
    "shadowRelease": {**_RELEASE, "state": "shadow", "evidence": {}},
    "rollbackRelease": {**_RELEASE, "state": "champion", "served": True, "share": 0.0},
    "withdrawRelease": {**_RELEASE, "state": "challenger", "share": 0.0},
    "rejectRelease": {**_RELEASE, "state": "rejected", "share": 0.0},
    "getFreeze": _FREEZE,
    "putFreeze": _FREEZE,
    "liftFreeze": {**_FREEZE, "frozen": False, "freezes": []},
    "getFreezeBounds": _BOUNDS,
    "putFreezeBounds": _BOUNDS,
    "getFreezeCalendar": {"windows": [_WINDOW]},
    "putFreezeCalendar": {"windows": [_WINDOW]},
}
