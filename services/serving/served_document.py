"""What the log keeps of a served list: enough to explain it, to learn from it, to bill it, and to make it again."""

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from services.events.sales import Outcomes, SoldPlace
from services.events.served import Record
from services.ranking.auction import Auction
from services.ranking.rank import TERMS

if TYPE_CHECKING:
    from services.serving.recommender import Answer


def served_record(answer: "Answer") -> Record:
    """The document with the prices of what was sold, which are worked out here, behind the answer."""
    auction = answer.shown.auction
    if auction is None:
        return Record(orjson.dumps(_document(answer)))
    campaigns = answer.ask.snapshot.book.campaigns
    prices = auction.prices()
    sold = [
        SoldPlace(
            campaign_id=campaigns[campaign].campaign_id,
            restaurant_id=campaigns[campaign].restaurant_id,
            rank=slot + 1,
            billing=campaigns[campaign].billing,
            price=price,
        )
        for (slot, campaign), price in zip(answer.shown.sponsors.items(), prices, strict=True)
    ]
    outcomes = Outcomes(answer.ask.snapshot.book.campaign_ids, auction.candidates, auction.outcomes())
    document = _document(answer) | {"ads": _ads(answer, auction, sold)}
    return Record(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), sold, outcomes)


def _document(answer: "Answer") -> dict[str, Any]:
    """Floats are read back with the same bits. Scores are left out: they are the sums of the terms."""
    ask, shown = answer.ask, answer.shown
    return {
        "filters": ask.filters.__dict__,
        "k": ask.k,
        "personalised": ask.personalised,
        "degraded": answer.degraded,
        "term_names": TERMS,
        "restaurant_ids": [ask.snapshot.catalogue.ids[row] for row in shown.rows.tolist()],
        # A term that is 0 throughout (no recent actions, no exploration) is written as that one number.
        "terms": [values.tolist() if values.any() else 0.0 for values in shown.terms],
        "distances_km": [round(km, 3) for km in shown.distances_km.tolist()],
        "propensities": shown.propensities.tolist() if ask.policy.exploration > 0.0 else 1.0,
    }


def _ads(answer: "Answer", auction: Auction, sold: list[SoldPlace]) -> dict[str, Any]:
    """What the list would have been without payment, and the auction's own inputs, so that it can be held again."""
    campaigns, bids = answer.ask.snapshot.book.campaigns, auction.bids
    ids, full_bids = answer.ask.snapshot.book.campaign_ids, answer.ask.snapshot.book.bids
    offers = answer.ask.live.offers
    entry: dict[str, Any] = {
        "campaign_ids": [ids[entry] for entry in auction.candidates.tolist()],
        "ranks": bids.rows,
        "values": auction.values[bids.rows],
        "clicks": bids.clicks,
        "bids": full_bids[auction.candidates],
        "paced": None if offers is None else offers.bids[auction.candidates],
        "open": auction.is_open,
        "per_order": answer.ask.snapshot.book.per_order[auction.candidates],
    }
    if sold:
        pushed_out = np.setdiff1d(np.arange(len(auction.layout.rows)), auction.layout.rows)
        rows = answer.ranked.rows[0, pushed_out].tolist()
        entry |= {
            "organic_ranks": answer.shown.organic_ranks,
            "sold": [place._asdict() for place in sold],
            "payers": [campaigns[campaign].payer for campaign in answer.shown.sponsors.values()],
            "pushed_out": [answer.ask.snapshot.catalogue.ids[row] for row in rows],
            "pushed_out_values": auction.values[pushed_out],
        }
    return entry


def organic_ranks(document: dict[str, Any]) -> list[int]:
    """The rank of each entry in the list without payment."""
    ranks: list[int] | None = document.get("ads", {}).get("organic_ranks")
    return ranks or list(range(1, len(document["restaurant_ids"]) + 1))


def terms_of(document: dict[str, Any]) -> list[list[float]]:
    """(terms, shown) from a document, the short form of zeros written out."""
    shown = len(document["restaurant_ids"])
    return [values if isinstance(values, list) else [values] * shown for values in document["terms"]]
