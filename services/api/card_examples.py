"""Examples of model cards and of the ranking policy."""

from typing import Any, Final

_NDCG: Final = {"value": 0.3121, "low": 0.2984, "high": 0.3257}
_STANDING: Final = {"state": "champion", "since": "2026-01-08T03:12:00Z", "reason": "", "served": True}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "getMeasurement": {
        "market": "aldermoor",
        "name": "ladder",
        "measured_at": "2026-01-08T03:20:00Z",
        "snapshot": "3f9c2a71b0de",
        "seed": 0,
        "command": "tablestakes measure DIR",
        "note": None,
        "document": {
            "rungs": [
                {
                    "model": "popular",
                    "figures": {"ndcg@10": _NDCG},
                    "request_microseconds": {"median": 68.0, "p99": 141.0},
                    "serving_bytes": 1200000,
                    "fit_seconds": 0.1,
                    "explained": "by the district's orders, exact",
                }
            ]
        },
    },
    "getModelCard": {
        "market": "aldermoor",
        "market_title": "Aldermoor",
        "version": "lightfm-3f9c2a71b0de",
        "model": "lightfm",
        "summary": "Factors of diners, restaurants and their tags, learnt by WARP.",
        "created_at": "2026-01-08T03:11:52Z",
        "standing": _STANDING,
        "details": {
            "parameters": [{"name": "components", "value": "32"}],
            "dimensions": 32,
            "libraries": {"numpy": "2.3.5"},
            "kept": True,
        },
        "data": {
            "source": "home",
            "since": "2025-10-10T08:00:00Z",
            "until": "2026-01-08T02:59:10Z",
            "split": "time",
            "diners": 2000,
            "restaurants": 300,
            "positives": 41200,
        },
        "accuracy": {
            "questions": [
                {
                    "question": "diners",
                    "words": "all restaurants ranked for the diners of the test period",
                    "models": {"lightfm": {"ndcg@10": _NDCG}},
                }
            ],
            "against": [],
        },
        "groups": [{"group": "diners: warm", "diners": 1612, "figure": _NDCG, "popular": None}],
        "calibration": {"assumed": False, "errors": {"order_ece": _NDCG}, "examination": [1.0, 0.82]},
        "behaviour": [
            {
                "name": "longer way",
                "passed": True,
                "value": -1.31,
                "bound": 0.1,
                "explanation": "the probability of an order rises with the way to the restaurant (-1.31, at most 0.1)",
            }
        ],
        "importance": None,
        "over_indexing": None,
        "worst_slices": None,
        "slice_loss": None,
        "slice_regressions": None,
        "exact": True,
        "fidelity": None,
        "fairness": None,
        "limits": ["Diners whom it has not seen: not told, the test period had too few of them."],
        "changes": None,
        "not_measured": {"importance": "not measured for this version"},
    },
    "getRankingPolicy": {
        "market": "aldermoor",
        "market_title": "Aldermoor",
        "policy": "balanced",
        "version": 3,
        "made_at": "2026-01-07T10:00:00Z",
        "model": "lightfm",
        "model_version": "lightfm-3f9c2a71b0de",
        "model_summary": "Factors of diners, restaurants and their tags, learnt by WARP.",
        "parameters": [
            {
                "term": "relevance",
                "title": "The diner's taste",
                "words": "What the diner ordered, clicked and rated before.",
                "used": True,
                "share": {"value": 0.58, "low": 0.55, "high": 0.61},
                "ledger_share": {"value": 0.51, "low": 0.5, "high": 0.52},
                "why": None,
            }
        ],
        "features": None,
        "payment": {
            "sells": True,
            "label": "Sponsored",
            "words": ["At most 3 places of a list are sold."],
            "places_sold": {"value": 0.08, "low": 0.07, "high": 0.09},
            "lists_with_sold": None,
            "ranks_risen": None,
        },
        "personalisation": ["It can be switched off for any list: the app asks with `personalised=false`."],
        "exploration": ["Nothing is left to chance."],
        "fairness": ["No group of restaurants is lifted: the order is by what is likely to be chosen alone."],
        "unused": ["Protected attributes of diners are kept to measure fairness only."],
        "approval": {
            "signed": [{"seat": "ml", "title": "Machine learning", "at": "2026-01-07T11:02:00Z"}],
            "missing": [],
            "activated_at": "2026-01-07T12:30:00Z",
            "activated_by": "fairness",
            "words": "All seats have signed it.",
        },
        "since": {"name": "balanced", "version": 2, "changes": ["Price of money (ads.money): from 0.002 to 0.004."]},
        "settings": [{"dial": "ads.gap", "title": "ranks between neighbouring ads, at least", "value": "4"}],
        "measured": {
            "since": "2026-01-07T12:30:00Z",
            "until": "2026-01-09T19:00:00Z",
            "served": 18230,
            "lists": 1000,
            "diners": 731,
            "left_out": 2,
            "not_personal": {"value": 0.03, "low": 0.02, "high": 0.04},
        },
    },
}
