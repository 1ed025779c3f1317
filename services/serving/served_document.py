"""What the log keeps of a served list: enough to explain it, to learn from it, to bill it, and to make it again."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import orjson

from data import columns as col
from services.ads.campaign import Campaign
from services.events.sales import Outcomes, SoldPlace
from services.events.served import Record
from services.ranking.auction import Auction
from services.serving.fair_share import ListLedgers, list_ledger
from services.serving.kept import Blob
from services.serving.ledger import term_names, term_rows
from services.serving.replay_inputs import Explain, encode_inputs

if TYPE_CHECKING:
    from services.serving.recommender import Answer


_NONE: Final[ListLedgers] = {}


def served_record(answer: "Answer", explain: Explain, body: bytes, ledgers: ListLedgers = _NONE) -> Record:
    """The document, the sold places with their prices, how the auction ended for each candidate, and what it takes to
    make the list again: its body was what the client got. `ledgers`: what the list counts for, where that is known."""
    made = served_document(answer, ledgers)
    document, inputs, blobs = orjson.dumps(made.document), _inputs(answer, explain, body), _blobs(answer)
    return Record(document, made.sold, made.outcomes, inputs, blobs)


class Made(NamedTuple):
    """What the log keeps for people and for learning."""

    document: dict[str, Any]
    sold: Sequence[SoldPlace] = ()
    outcomes: Outcomes | None = None


def served_document(answer: "Answer", ledgers: ListLedgers = _NONE) -> Made:
    """The document, the sold places with their prices, and how the auction ended for each candidate."""
    auction = answer.shown.auction
    if auction is None:
        return Made(_document(answer, ledgers))
    book = answer.ask.snapshot.book
    sold = [
        SoldPlace(
            campaign_id=campaign.campaign_id,
            restaurant_id=campaign.restaurant_id,
            rank=slot + 1,
            billing=campaign.billing,
            price=price,
        )
        for (slot, campaign), price in zip(_sponsors(answer), auction.prices, strict=True)
    ]
    outcomes = Outcomes(book.campaign_ids, auction.candidates["entry"], auction.candidates["outcome"])
    document = _document(answer, ledgers)
    document["ads"] = _ads(answer, auction, sold)
    return Made(document, sold, outcomes)


def _blobs(answer: "Answer") -> tuple[Blob, Blob, Blob]:
    around = answer.ask.snapshot.around
    return around.catalogue_blob, around.book_blob, answer.ask.live.kept


def _inputs(answer: "Answer", explain: Explain, body: bytes) -> bytes:
    ask = answer.ask
    catalogue, book, live = (blob.digest for blob in _blobs(answer))
    return encode_inputs(
        explain,
        (catalogue, book, live),
        None if ask.offers is None else ask.live.offers_at,
        sha256(body).digest(),
        answer.state,
        ask.user_id,
        ask.snapshot.artifact,
    )


def _sponsors(answer: "Answer") -> list[tuple[int, Campaign]]:
    campaigns = answer.ask.snapshot.book.campaigns
    return [(slot, campaigns[entry]) for slot, entry in answer.shown.sponsors.items()]


def _document(answer: "Answer", ledgers: ListLedgers) -> dict[str, Any]:
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


def _draw(answer: "Answer") -> dict[str, Any]:
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


def _ads(answer: "Answer", auction: Auction, sold: list[SoldPlace]) -> dict[str, Any]:
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
        entry["payers"] = [campaign.payer for _, campaign in _sponsors(answer)]
        entry["pushed_out"] = [ask.snapshot.catalogue.ids[row] for row in answer.ranked.rows[0, pushed_out].tolist()]
        entry["pushed_out_values"] = answer.ranked.scores[0, pushed_out].tolist()
    return entry


def drawn_list(document: bytes) -> dict[str, Any] | None:
    """From a served document to the columns of a drawn list in a dataset; None where nothing was left to chance."""
    served: Mapping[str, Any] = orjson.loads(document)
    draw = served.get("draw")
    if draw is None:
        return None
    drawn = set(draw["restaurant_ids"])
    return {
        col.RESTAURANT_IDS: draw["restaurant_ids"],
        col.PROPENSITIES: draw["propensities"],
        col.ALSO_SHOWN: [one for one in served["restaurant_ids"] if one not in drawn],
        col.CANDIDATES: draw["candidates"],
        col.LAT_FROM: served["filters"]["lat"],
        col.LON_FROM: served["filters"]["lon"],
    }


def organic_ranks(document: dict[str, Any]) -> list[int]:
    """The rank of each entry in the list without payment."""
    ranks: list[int] | None = document.get("ads", {}).get("organic_ranks")
    return ranks or list(range(1, len(document["restaurant_ids"]) + 1))


def placements(document: bytes) -> dict[str, tuple[int, float]]:
    """Each restaurant's position (1 = top) and propensity; what `services.events.export` gives to impressions."""
    kept = orjson.loads(document)
    ids, propensities = kept["restaurant_ids"], kept["propensities"]
    chances = propensities if isinstance(propensities, list) else [propensities] * len(ids)
    return {name: (place, chance) for place, (name, chance) in enumerate(zip(ids, chances, strict=True), 1)}


def terms_of(document: dict[str, Any]) -> list[list[float]]:
    """(terms, shown) from a document, the short form of zeros written out."""
    shown = len(document["restaurant_ids"])
    return [values if isinstance(values, list) else [values] * shown for values in document["terms"]]
