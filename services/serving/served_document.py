"""What the log keeps of a served list: enough to explain it, to learn from it, and to make it again."""

from typing import TYPE_CHECKING

import orjson

from services.ranking.rank import TERMS

if TYPE_CHECKING:
    from services.serving.recommender import Answer


def served_document(answer: "Answer") -> bytes:
    """JSON; floats are written so that reading them gives the same bits."""
    ask, ranked = answer.ask, answer.ranked
    rows = [row for row in ranked.rows[0].tolist() if row >= 0]
    shown = len(rows)
    return orjson.dumps(
        {
            "filters": ask.filters.__dict__,
            "k": ask.k,
            "personalised": ask.personalised,
            "degraded": answer.degraded,
            "term_names": TERMS,
            "restaurant_ids": [ask.snapshot.catalogue.ids[row] for row in rows],
            "scores": ranked.scores[0, :shown].tolist(),
            "terms": ranked.terms[:, 0, :shown].tolist(),
            "distances_km": ranked.distances_km[0, :shown].tolist(),
            "propensities": ranked.propensities[0, :shown].tolist(),
        }
    )
