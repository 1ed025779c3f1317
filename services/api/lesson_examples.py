"""Examples of the bodies of lessons."""

from typing import Any, Final

_LOST: Final[dict[str, Any]] = {"value": -36.1, "low": -40.2, "high": -32.0}
_FIGURE: Final[dict[str, Any]] = {
    "kind": "lines",
    "title": "What waiting costs in orders",
    "sentence": "The further to the right, the longer every answer takes; the curve says how many orders are lost.",
    "x": {"label": "added to every answer", "unit": "ms", "scale": "linear"},
    "y": {"label": "change in orders per 1,000 lists", "unit": "orders", "scale": "linear"},
    "series": [
        {
            "name": "diners as they are",
            "points": [
                {"x": 0.0, "y": 0.0, "low": 0.0, "high": 0.0, "label": None},
                {"x": 400.0, "y": -36.1, "low": -40.2, "high": -32.0, "label": None},
            ],
            "style": "line",
        }
    ],
    "marks": [],
}
OUTCOME: Final[dict[str, Any]] = {
    "lesson": 3,
    "short": False,
    "figures": [_FIGURE],
    "numbers": [
        {
            "name": "orders lost per 1,000 lists at 400 ms more",
            "value": 36.1,
            "low": 32.0,
            "high": 40.2,
            "unit": "orders",
        }
    ],
    "claims": [
        {
            "sentence": "400 ms more lose orders",
            "sign": -1,
            "measured": _LOST,
            "unit": "orders per 1,000 lists",
            "asserted": True,
            "holds": True,
        }
    ],
    "reading": "Nothing changed but the time: the same lists, to the same diners with the same luck.",
    "provenance": {
        "made_at": "2026-01-09T19:00:00Z",
        "commit": "18f4050e7826",
        "code": "9b1f0c2d" * 8,
        "data": "3f9c2a71" * 8,
        "seeds": [1, 2, 3, 4, 5],
        "setting": {"restaurants": 120, "diners": 500, "days": 28},
        "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2},
        "python": "3.12.3",
        "libraries": {"numpy": "2.3.5"},
        "seconds": 41.2,
        "cpu_seconds": 63.0,
    },
}
_SUMMARY: Final[dict[str, Any]] = {
    "number": 3,
    "slug": "latency-against-orders",
    "title": "Latency against orders",
    "question": "Product says that a slow app loses orders: how many orders does a millisecond cost?",
    "command": "tablestakes lesson 3",
    "recorded": True,
    "holds": True,
}
RUN: Final[dict[str, Any]] = {
    "run_id": "01a2139c998ae01cb7909ac98b5f8ec7",
    "lesson": 3,
    "short": True,
    "seeds": 2,
    "state": "running",
    "progress": 0.25,
    "doing": "living with slower answers, 1 of 2 cities",
    "requested_by": "product",
    "requested_at": "2026-01-09T19:00:00Z",
    "started_at": "2026-01-09T19:00:01Z",
    "finished_at": None,
    "attempts": 1,
    "reason": None,
    "outcome": None,
}
_QUEUED: Final[dict[str, Any]] = {
    **RUN,
    "state": "queued",
    "progress": 0.0,
    "doing": "waits for its turn",
    "started_at": None,
    "attempts": 0,
}

REQUESTS: Final[dict[str, dict[str, Any]]] = {"startLessonRun": {"short": True}}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listLessons": {"items": [_SUMMARY], "next": None},
    "getLesson": {
        **_SUMMARY,
        "would_change": ["Diners who wait without minding: then nothing is lost."],
        "seeds": 5,
        "short_seeds": 2,
        "outcome": OUTCOME,
        "under_way": RUN,
        "last_run": None,
    },
    "startLessonRun": _QUEUED,
    "getLessonRun": RUN,
}
