"""Examples and error answers of the OpenAPI."""

from typing import Any, Final

from pydantic import BaseModel

from services.api import (
    card_examples,
    fairness_schemas,
    front_schemas,
    lesson_examples,
    negotiation_examples,
    operations_schemas,
    release_examples,
    scorecard_schemas,
)
from services.api.problems import MEDIA_TYPE, ProblemBody

RESTAURANT: Final[dict[str, Any]] = {
    "restaurant_id": "r0-00042",
    "market": "aldermoor",
    "name": "Golden Lantern",
    "lat": 52.2041,
    "lon": 0.1272,
    "cuisines": ["chinese"],
    "price_level": 2,
    "chain": None,
    "district": "harbour",
    "opened_at": "2021-06-01T00:00:00Z",
    "hours": [660, 1320, 2100, 2760],
    "delivery": True,
    "tags": ["outdoor=yes"],
}
DINER: Final[dict[str, Any]] = {
    "user_id": "d0-000001",
    "market": "aldermoor",
    "home_lat": 52.2013,
    "home_lon": 0.1201,
    "profile": ["budget=medium", "favourite=thai"],
    "protected": ["age_group=25-34"],
}
EVENT: Final[dict[str, Any]] = {
    "event_id": "5f0c6a1e",
    "type": "order",
    "user_id": "d0-000001",
    "restaurant_id": "r0-00042",
    "request_id": "019ab1c2d3e4f5a6b7c8d9e0f1a2b3c4",
    "order_id": "o-778",
    "at": "2026-01-09T19:05:00Z",
    "value": 2450,
}
RECEIPT: Final[dict[str, Any]] = {
    "accepted": 1,
    "duplicates": 0,
    "rejected": [{"index": 1, "problem": "restaurant_id: no market has a restaurant 'r9'"}],
}
RECOMMENDATIONS: Final[dict[str, Any]] = {
    "request_id": "019ab1c2d3e4f5a6b7c8d9e0f1a2b3c4",
    "user_id": "d0-000001",
    "market": "aldermoor",
    "as_of": "2026-01-09T19:00:00Z",
    "policy": {"name": "balanced", "version": "1"},
    "model": {"name": "lightfm", "version": "lightfm-3f9c2a71b0de"},
    "degraded": [],
    "items": [
        {
            "rank": 1,
            "restaurant_id": "r0-00042",
            "name": "Golden Lantern",
            "score": 0.1846,
            "organic_rank": 1,
            "sponsored": False,
            "sponsor": None,
            "reasons": [{"code": "taste", "text": "Fits your taste"}, {"code": "near", "text": "0.6 km away"}],
            "explanation": None,
            "cuisines": ["chinese"],
            "price_level": 2,
            "lat": 52.2041,
            "lon": 0.1272,
            "distance_km": 0.612,
            "open_now": True,
            "eta_minutes": 21.5,
        },
        {
            "rank": 2,
            "restaurant_id": "r0-00107",
            "name": "Saffron Yard",
            "score": 0.1779,
            "organic_rank": 23,
            "sponsored": True,
            "sponsor": {"payer": "Saffron Group", "label": "Sponsored"},
            "reasons": [
                {"code": "sponsored", "text": "Saffron Group pays for this place; without payment it is number 23"}
            ],
            "explanation": None,
            "cuisines": ["indian"],
            "price_level": 3,
            "lat": 52.2088,
            "lon": 0.1301,
            "distance_km": 1.27,
            "open_now": True,
            "eta_minutes": 20.0,
        },
    ],
}
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

_TEXTS: Final = {
    400: "The request cannot be read.",
    401: "No key, or one that is not known.",
    403: "The key's role may not do this.",
    404: "There is no such thing.",
    409: "It contradicts what is stored.",
    410: "It was here and has been erased, or what it takes is not kept any more.",
    412: "It was written since you read it: read it again.",
    413: "The body is too large.",
    422: "The request is readable, but outside the schema.",
    428: "It exists: send `If-Match` with the `ETag` that you have read.",
    429: "The key has asked for too much; `Retry-After` says when to try again.",
    503: "Something that is needed is away for now; `Retry-After` says when to try again.",
}


RANKING_REQUEST: Final[dict[str, Any]] = {
    "user_id": "d0-000001",
    "restaurant_ids": ["r0-00042", "r0-00007"],
    "context": {"max_price": 3},
    "k": 2,
}
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
POLICY: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "name": "calm-january",
    "version": 1,
    "active": False,
    "created_at": "2026-01-09T19:00:00Z",
    "shortlist": 200,
    "recency_gain": 0.5,
    "recency_half_life_hours": 72.0,
    "exploration": 0.0,
    "radius_km": 8.0,
    "latency_budget_ms": 50.0,
    "model": "",
    "ads": {
        "money": 0.001,
        "first_slot": 3,
        "gap": 5,
        "cap": 2,
        "label_cost": 0.0,
        "value_floor": 0.02,
        "click_floor": 0.0,
        "reserve_click": 5,
        "reserve_order": 50,
        "pricing": "vcg",
        "eligibility": "below-list",
        "max_calibration_error": 0.02,
    },
    "fairness": {
        "gain": 0.02,
        "max_lift": 0.05,
        "control": "fairco",
        "by": "kind",
        "half_life_days": 21.0,
        "newcomer_quota": 0.05,
        "quality_floor": 0.02,
    },
}
SIGN_OFFS: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "name": "calm-january",
    "version": 1,
    "signed": [{"seat": "ml", "at": "2026-01-09T19:00:00Z", "reason": "accuracy holds"}],
    "missing": ["sales", "product", "infra", "interpretability", "fairness"],
    "active": False,
    "held_back": None,
}
AUDIT_RECORD: Final[dict[str, Any]] = {
    "seq": 1,
    "at": "2026-01-09T19:00:00Z",
    "role": "fairness",
    "action": "policy.activate",
    "market": "aldermoor",
    "subject": "calm-january",
    "document": {
        "before": {"name": "balanced", "version": 1},
        "after": {"name": "calm-january", "version": 1},
        "reason": "the settlement of January",
        "signed_by": ["ml", "sales", "product", "infra", "interpretability", "fairness"],
        "missing": [],
    },
    "previous": "0" * 64,
    "digest": "9b1f0c2d" * 8,
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
RETRAINING_RUN: Final[dict[str, Any]] = {
    "run_id": "01a2139c998ae01cb7909ac98b5f8ec7",
    "market": "aldermoor",
    "state": "queued",
    "requested_by": "ml",
    "requested_at": "2026-01-09T19:00:00Z",
    "started_at": None,
    "finished_at": None,
    "watermark": None,
    "models": ["lightfm"],
    "seed": 0,
    "attempts": 0,
    "reasons": [],
}
_FINISHED_RUN: Final[dict[str, Any]] = {
    **RETRAINING_RUN,
    "state": "finished",
    "started_at": "2026-01-09T19:00:01Z",
    "finished_at": "2026-01-09T19:00:41Z",
    "watermark": "2026-01-09T19:00:01Z",
    "attempts": 1,
}
_LIGHTFM: Final = {"model": "lightfm", "version": "lightfm-3f9c2a71b0de"}
REQUESTS: Final[dict[str, dict[str, Any]]] = {
    **release_examples.REQUESTS,
    **negotiation_examples.REQUESTS,
    **lesson_examples.REQUESTS,
    "startRetraining": {"models": ["lightfm"], "seed": 0},
    "previewCampaign": {"bid": 90},
    "putPolicy": {"ads": {"money": 0.001, "first_slot": 3, "gap": 5, "cap": 2, "value_floor": 0.02}},
    "activatePolicy": {"version": 1, "override": False, "reason": "back to what we had in January"},
    "signPolicy": {"version": 1, "reason": "half of what we hoped for, and fees hold"},
    "rankCandidates": RANKING_REQUEST,
    "putRestaurant": {name: value for name, value in RESTAURANT.items() if name != "restaurant_id"},
    "putUser": {name: value for name, value in DINER.items() if name != "user_id"},
    "putCampaign": {
        name: value
        for name, value in CAMPAIGN.items()
        if name not in {"campaign_id", "version", "created_at", "updated_at", "closed_at"}
    },
}
"""Example bodies of requests, by operation."""

ANSWERS: Final[dict[str, dict[str, Any]]] = {
    **release_examples.ANSWERS,
    **scorecard_schemas.ANSWERS,
    **card_examples.ANSWERS,
    **fairness_schemas.ANSWERS,
    **negotiation_examples.ANSWERS,
    **operations_schemas.ANSWERS,
    **lesson_examples.ANSWERS,
    **front_schemas.ANSWERS,
    "previewCampaign": PREVIEW,
    "listPolicies": {"items": [POLICY], "next": None, "active": {"name": "balanced", "version": 1}},
    "listPolicyVersions": {"items": [POLICY], "next": None, "active": {"name": "balanced", "version": 1}},
    "getPolicy": POLICY,
    "putPolicy": POLICY,
    "activatePolicy": {**POLICY, "active": True},
    "getSignOffs": SIGN_OFFS,
    "replayList": {
        "request_id": RECOMMENDATIONS["request_id"],
        "market": "aldermoor",
        "identical": True,
        "sealed": True,
        "response": RECOMMENDATIONS,
        "differences": [],
    },
    "signPolicy": SIGN_OFFS,
    "withdrawSignOff": {**SIGN_OFFS, "signed": [], "missing": ["ml", *SIGN_OFFS["missing"]]},
    "diffPolicies": {
        "market": "aldermoor",
        "name": "calm-january",
        "before": 1,
        "after": 2,
        "items": [
            {
                "dial": "ads.money",
                "before": 0.001,
                "after": 0.004,
                "text": "price of money (ads.money): from 0.001 to 0.004 order probability a minor unit of fee",
            }
        ],
    },
    "startRetraining": RETRAINING_RUN,
    "listRetrainingRuns": {"items": [_FINISHED_RUN], "next": None},
    "getRetrainingRun": {
        **_FINISHED_RUN,
        "progress": 1.0,
        "steps": [
            {
                "step": "register",
                "state": "done",
                "started_at": "2026-01-09T19:00:40Z",
                "finished_at": "2026-01-09T19:00:41Z",
                "document": {"lightfm": {"version": "lightfm-3f9c2a71b0de", "outcome": "challenger"}},
            }
        ],
        "versions": [{**_LIGHTFM, "outcome": "challenger", "reasons": []}],
        "log": [{"at": "2026-01-09T19:00:41+00:00", "event": "run_over", "state": "finished", "reasons": []}],
    },
    "getAuditTrail": {
        "items": [AUDIT_RECORD],
        "next": None,
        "verified": True,
        "broken_at": None,
        "verified_at": "2026-01-09T19:00:00Z",
    },
    "getRecommendations": RECOMMENDATIONS,
    "rankCandidates": RECOMMENDATIONS,
    "getExplanation": EXPLANATION,
    "getCounterfactuals": COUNTERFACTUALS,
    "postEvents": RECEIPT,
    "getRestaurant": RESTAURANT,
    "putRestaurant": RESTAURANT,
    "listRestaurants": {"items": [RESTAURANT], "next": "r0-00042"},
    "listSimilarRestaurants": {"items": [{**RESTAURANT, "score": 0.8731}], "next": None},
    "listPopular": {"items": [{**RESTAURANT, "score": 45.5}], "next": None},
    "searchRestaurants": {"items": [{**RESTAURANT, "score": 45.5}], "next": None},
    "putUser": DINER,
    "getUser": {**DINER, "events": [], "served_lists": 3},
    "listCampaigns": {"items": [CAMPAIGN], "next": None},
    "getCampaign": CAMPAIGN,
    "putCampaign": CAMPAIGN,
    "closeCampaign": {**CAMPAIGN, "version": 3, "closed_at": "2026-01-08T09:30:00Z"},
    "getCampaignReport": CAMPAIGN_REPORT,
    "eraseUser": {"user_id": "d0-000001", "events": 12, "served_lists": 3, "exports": 0},
}
"""Examples of successful answers, by operation. FastAPI drops nulls from examples, so they are added afterwards."""


def answers(model: type[BaseModel], *errors: int, success: int = 200) -> dict[int | str, Any]:
    """The `responses` of a route: its success, and its errors as problem details."""
    responses: dict[int | str, Any] = {success: {"model": model}}
    for status in sorted({401, 403, 429, *errors}):
        responses[status] = problem(status)
    return responses


def problem(status: int) -> dict[str, Any]:
    """One error of a route."""
    return {
        "description": _TEXTS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}}},
    }
