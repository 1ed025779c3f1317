"""Examples and error answers of the OpenAPI."""

from typing import Any, Final

from pydantic import BaseModel

from services.api import (
    campaign_examples,
    card_examples,
    explanation_examples,
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
        for name, value in campaign_examples.CAMPAIGN.items()
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
    "previewCampaign": campaign_examples.PREVIEW,
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
    "getExplanation": explanation_examples.EXPLANATION,
    "getCounterfactuals": explanation_examples.COUNTERFACTUALS,
    "postEvents": RECEIPT,
    "getRestaurant": RESTAURANT,
    "putRestaurant": RESTAURANT,
    "listRestaurants": {"items": [RESTAURANT], "next": "r0-00042"},
    "listSimilarRestaurants": {"items": [{**RESTAURANT, "score": 0.8731}], "next": None},
    "listPopular": {"items": [{**RESTAURANT, "score": 45.5}], "next": None},
    "searchRestaurants": {"items": [{**RESTAURANT, "score": 45.5}], "next": None},
    "putUser": DINER,
    "getUser": {**DINER, "events": [], "served_lists": 3},
    "listCampaigns": {"items": [campaign_examples.CAMPAIGN], "next": None},
    "getCampaign": campaign_examples.CAMPAIGN,
    "putCampaign": campaign_examples.CAMPAIGN,
    "closeCampaign": {**campaign_examples.CAMPAIGN, "version": 3, "closed_at": "2026-01-08T09:30:00Z"},
    "getCampaignReport": campaign_examples.CAMPAIGN_REPORT,
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
