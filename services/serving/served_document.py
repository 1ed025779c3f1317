"""What the log keeps of a served list: enough to explain it, to learn from it, and to make it again."""

from typing import TYPE_CHECKING, Any

import orjson

from services.ranking.rank import TERMS

if TYPE_CHECKING:
    from services.serving.recommender import Answer


def served_document(answer: "Answer") -> bytes:
    """JSON; floats are read back with the same bits. Scores are left out: they are the sums of the terms."""
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
            # A term that is 0 throughout (no recent actions, no exploration) is written as that one number.
            "terms": [values[:shown].tolist() if values.any() else 0.0 for values in ranked.terms[:, 0]],
            "distances_km": [round(km, 3) for km in ranked.distances_km[0, :shown].tolist()],
            "propensities": ranked.propensities[0, :shown].tolist() if ask.policy.exploration > 0.0 else 1.0,
        }
    )


def terms_of(document: dict[str, Any]) -> list[list[float]]:
    """(terms, shown) from a document, the short form of zeros written out."""
    shown = len(document["restaurant_ids"])
    return [values if isinstance(values, list) else [values] * shown for values in document["terms"]]
