"""Examples of explanations and counterfactuals."""

from typing import Any, Final

EXPLANATION: Final[dict[str, Any]] = {
    "request_id": "019ab1c2d3e4f5a6b7c8d9e0f1a2b3c4",
    "restaurant_id": "r0-00042",
    "rank": 1,
    "score": 0.1846,
    "terms": [
        {"name": "relevance", "value": 2.125},
        {"name": "recency", "value": 0.5},
        {"name": "second_stage", "value": 0.0},
        {"name": "calibration", "value": -2.4404},
        {"name": "exploration", "value": 0.0},
        {"name": "payment", "value": 0.0},
    ],
    "reasons": [
        {"code": "taste", "text": "Fits your taste", "value": 0.875},
        {"code": "cuisine", "text": "You like thai cuisine", "value": 0.25},
        {"code": "others", "text": "All else, for and against", "value": -0.125},
    ],
    "features": [
        {"diner_feature": "this diner", "restaurant_feature": "cuisine=thai", "value": 1.5},
        {"diner_feature": None, "restaurant_feature": "this restaurant", "value": 0.5},
        {"diner_feature": "others", "restaurant_feature": "others", "value": 0.125},
    ],
    "shapley": [
        {"of": "restaurant", "feature": "this restaurant", "value": 1.25},
        {"of": "diner", "feature": "this diner", "value": 0.75},
        {"of": "both", "feature": "others", "value": 0.125},
    ],
    "contrast": {
        "against": "r0-00007",
        "features": [{"feature": "cuisine=thai", "value": 1.25}],
        "words": [
            "Lemon Grass stands 1st with 0.1846, Corner Pizza 2nd with 0.1790.",
            "For Lemon Grass: what you make of its cuisine (thai against pizza) (+1.25).",
        ],
    },
    "second_stage": [],
    "without_payment": {"rank": 1},
    "against_next": [{"name": "relevance", "value": 0.25}],
    "method": "lightfm: cells of features, and their Shapley values in closed form",
    "exact": True,
}

COUNTERFACTUALS: Final[dict[str, Any]] = {
    "request_id": "019ab1c2d3e4f5a6b7c8d9e0f1a2b3c4",
    "restaurant_id": "r0-00042",
    "now": {"rank": 4, "organic_rank": 3},
    "without_payment": {"rank": 3, "organic_rank": 3},
    "without_personalisation": {"rank": None, "organic_rank": 57},
    "without_terms": [{"term": "recency", "rank": 9, "organic_rank": 8}],
    "own_actions": {
        "top": "r0-00007",
        "considered": 5,
        "remove": [
            {
                "restaurant_id": "r0-00007",
                "name": "Corner Pizza",
                "learnt": False,
                "lately": [{"type": "order", "at": "2026-01-08T19:30:00Z"}],
            }
        ],
        "then_top": "r0-00042",
        "proven_smallest": True,
        "at_least": 1,
        "none_up_to": 0,
    },
    "to_reach": {
        "rank": 1,
        "smallest": [{"change": {"price_level": 2}, "rank": 1, "organic_rank": 1}],
        "found": 1,
        "alone": [
            {"change": {"price_level": 2}, "rank": 1, "organic_rank": 1},
            {"change": {"delivery": True}, "rank": 3, "organic_rank": 2},
        ],
        "tried": 25,
        "exhaustive": True,
        "bid": {"billing": "click", "bid": None, "rank": None, "why": "the policy sold no places"},
    },
}
