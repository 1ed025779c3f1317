"""Evaluation reports as training and the audits keep them."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import sparse

from models.cards.model_card import Subject
from models.cards.parts import Standing
from models.explanation.fidelity import EXACT, WEIGHT, faithfulness, pair_game
from models.explanation.parts import Kind, Parts, Source
from models.fairness.frames import compare_diners, compare_exposure
from models.fairness.groups import Groups
from models.fairness.measured import EXPOSURE, NDCG
from models.fairness.measures import Ledger

AT = datetime(2026, 1, 8, 3, 0, tzinfo=UTC)


def figure(value: float, spread: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - spread, "high": value + spread}


def group(name: str, value: float, popular: float, diners: int = 200, model: str = "lightfm") -> list[dict[str, Any]]:
    return [
        {"slice": name, "model": model, "diners": diners, "ndcg@10": figure(value)},
        {"slice": name, "model": "popular", "diners": diners, "ndcg@10": figure(popular)},
    ]


def measured_fidelity() -> dict[str, Any]:
    """As training measures it, of a few pairs of made-up parts."""
    rng = np.random.default_rng(0)
    sources = tuple(Source(Kind.TAG, f"tag={number}") for number in range(4))
    games = [pair_game(*(Parts.of(sources, rng.normal(size=(4, 6))) for _ in range(2)), diner) for diner in range(30)]
    orderings = {EXACT: [game.shapley for game in games], WEIGHT: [game.weights for game in games]}
    return {"pair": faithfulness(games, orderings, 0), "second_stage": None, "refused": None}


def measured_fairness(apart: float) -> list[dict[str, Any]]:
    """As training measures it, of 200 diners in three groups, the last too small to be shown."""
    rng = np.random.default_rng(0)
    groups = Groups.of("age group", ["18-29"] * 90 + ["65+"] * 100 + ["30-44"] * 10, 20)
    quality = rng.uniform(0.2, 0.4, 200) + apart * (groups.codes == 0)
    shown = sparse.csr_matrix(rng.random((200, 20)))
    kinds = Groups.of("kind", ["chain"] * 8 + ["independent"] * 12, 5)
    found = (
        compare_diners(NDCG, quality, groups, draws=50, permutations=50),
        compare_exposure(EXPOSURE, Ledger(shown, shown), kinds, draws=50, permutations=50),
    )
    return [one.document() for one in found if one is not None]


FULL: dict[str, Any] = {
    "split": "time",
    "until": "2026-01-08T02:59:10+00:00",
    "data": {
        "source": "csv",
        "since": "2025-10-10T08:00:00+00:00",
        "positives": 41_200,
        "train_positives": 30_000,
        "test_positives": 5_600,
        "diners_measured": 1_700,
        "assumptions": ["ratings of 4 and 5 are good"],
        "rejected": 12,
    },
    "data_snapshot": "a" * 64,
    "groups": [
        *group("diners: warm", 0.34, 0.22),
        *group("diners: cold", 0.21, 0.2, diners=60),
        *group("district: Harbour", 0.3, 0.1),
    ],
    "models": {
        "lightfm": {"ndcg@10": figure(0.31), "recall@20": figure(0.6), "ndcg@10_over_popular": figure(0.1)},
        "popular": {"ndcg@10": figure(0.21), "recall@20": figure(0.5)},
    },
    "against": {"champion": {"ndcg@10": figure(0.03)}},
    "requests": {"models": {"lightfm": {"ndcg@10": figure(0.4)}}, "against": {}, "by_slice": {}},
    "lists": None,
    "behaviour": [
        {"name": "longer way", "passed": True, "value": -1.3, "bound": 0.1, "explanation": "it rises with the way"},
        {"name": "known places", "passed": False, "value": 0.41, "bound": 0.6, "explanation": "they stand low"},
    ],
    "importance": [
        {"name": "cuisine=thai", "side": "restaurant", **figure(0.11), "measure": "mean |contribution|"},
        {"name": "this diner", "side": "diner", **figure(0.32), "measure": "mean |contribution|"},
        {"name": "price", "side": "restaurant", **figure(0.02, 0.01), "measure": "permutation loss in nDCG"},
    ],
    "over_indexing": {
        "findings": [
            {
                "feature": "district=Harbour",
                "kind": "concentration",
                "value": 0.62,
                "bound": 0.3,
                "reported": True,
                "sentence": "62 % of what orders its lists is district=Harbour.",
            },
            {
                "feature": "popularity",
                "kind": "popularity",
                "value": 0.1,
                "bound": 0.5,
                "reported": False,
                "sentence": "Popularity is within its bound.",
            },
        ]
    },
    "slices": {
        "unit": "orders",
        "loss": "log loss",
        "findings": [
            {
                "conditions": ["cuisine=thai", "district=Harbour"],
                "same_as": [["chain=Golden Spoon", "district=Harbour"]],
                "n": 140,
                **figure(0.62),
                "rest": 0.33,
                "p_adjusted": 0.003,
            }
        ],
    },
    "by_slice": {
        "champion": {
            "gain": 0.01,
            "regressions": [
                {
                    "conditions": ["price=4"],
                    "n": 81,
                    "before": 0.31,
                    "after": 0.22,
                    "loss": 0.09,
                    "low": 0.04,
                    "high": 0.14,
                    "p_adjusted": 0.01,
                }
            ],
        }
    },
    "fidelity": measured_fidelity(),
    "fairness": {"own": measured_fairness(0.1), "champion": measured_fairness(0.02)},
}
"""A report with every part that a card can show."""


def subject(report: dict[str, Any], **fields: Any) -> Subject:
    given: dict[str, Any] = {
        "market": "aldermoor",
        "market_title": "Aldermoor",
        "version": "lightfm-3f9c2a71b0de",
        "model": "lightfm",
        "created_at": AT,
        "metrics": report,
        "standing": Standing(state="champion", since=AT, reason="", served=True),
        "exact": True,
    }
    return Subject(**{**given, **fields})
