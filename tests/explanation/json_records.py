"""Documents of served lists as they were written before their numbers were packed: JSON, all of it."""

from base64 import b64encode
from typing import Any

import numpy as np
import orjson

from services.events.sales import SoldPlace
from services.ranking.auction import Auction
from services.serving.fair_share import ListLedgers, list_ledger
from services.serving.ledger import term_names, term_rows
from services.serving.recommender import Answer
from services.serving.served_document import served_record


def json_document(answer: Answer, ledgers: ListLedgers) -> bytes:
    """What the log kept of a list."""
    document = _document(answer, ledgers)
    if answer.shown.auction is not None:
        document["ads"] = _ads(answer, answer.shown.auction, list(served_record(answer, "none", b"").sold))
    return orjson.dumps(document)


def _document(answer: Answer, ledgers: ListLedgers) -> dict[str, Any]:
    """Floats are read back with the same bits. Scores are left out: they are the sums of the terms."""
    ask, shown = answer.ask, answer.shown
    terms = shown.terms[term_rows(ask.policy)]
    document = {
        "filters": ask.filters.__dict__,
        "k": ask.k,
        "personalised": ask.personalised,
        "ads_wanted": ask.ads,
        "degraded": answer.degraded,
        "exact_parts": ask.snapshot.exact_parts,
        "term_names": term_names(ask.policy),
        "restaurant_ids": [ask.snapshot.catalogue.ids[row] for row in shown.rows.tolist()],
        # A term that is 0 throughout (no recent actions, no exploration) is written as that one number.
        "terms": [
            values if there else 0.0
            for values, there in zip(terms.tolist(), np.any(terms, axis=1).tolist(), strict=True)
        ],
        "distances_km": np.round(shown.distances_km, 3).tolist(),
        "propensities": shown.propensities.tolist() if ask.policy.exploration > 0.0 else 1.0,
    }
    if ask.policy.exploration > 0.0 and ask.personalised:
        document["draw"] = _draw(answer)
    if ask.policy.fairness.is_on:
        by = ask.policy.fairness.by
        ledger = ledgers.get(by) or list_ledger(ask, answer.ranked, shown, by)
        document["fairness"] = {"by": by, **ledger.document()}
    return document


def _draw(answer: Answer) -> dict[str, Any]:
    """The list as it was drawn, before anything was sold, and what it was drawn from: what another would have drawn
    can be told from no less."""
    ids, ranked = answer.ask.snapshot.catalogue.ids, answer.ranked
    there = ranked.rows[0] >= 0
    shortlists = ranked.shortlists
    rows = shortlists.rows[0] if shortlists.passing is None else shortlists.rows[0, shortlists.passing[0]]
    return {
        "restaurant_ids": [ids[row] for row in ranked.rows[0, there].tolist()],
        "propensities": ranked.propensities[0, there].tolist(),
        "candidates": [ids[row] for row in np.sort(rows).tolist()],
    }


def _ads(answer: Answer, auction: Auction, sold: list[SoldPlace]) -> dict[str, Any]:
    """What the list would have been without payment, and the auction's own inputs, so that it can be held again."""
    ask, shown = answer.ask, answer.shown
    ids, found = ask.snapshot.book.campaign_ids, auction.candidates
    entry: dict[str, Any] = {
        "campaign_ids": [ids[one] for one in found["entry"].tolist()],
        "candidates": b64encode(found.tobytes()).decode(),  # of services.ranking.auction.CANDIDATE
    }
    if sold:
        kept = set(auction.ranks)
        pushed_out = [rank for rank in range(len(auction.ranks)) if rank not in kept]
        entry["organic_ranks"] = shown.organic_ranks
        entry["sold"] = [{"campaign_id": place.campaign_id, "rank": place.rank, "price": place.price} for place in sold]
        entry["payers"] = [ask.snapshot.book.campaigns[one].payer for one in auction.sold]
        entry["pushed_out"] = [ask.snapshot.catalogue.ids[row] for row in answer.ranked.rows[0, pushed_out].tolist()]
        entry["pushed_out_values"] = answer.ranked.scores[0, pushed_out].tolist()
    return entry
