"""What the log keeps of a served list: enough to explain it, to learn from it, to bill it, and to make it again."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from data import columns as col
from services.ads.blend import Doubles
from services.audit._columns import pack, pack_names
from services.audit.documents import TERM_NAMES, encoded, read_document
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
_NOTHING: Final[tuple[Any, ...]] = ((), [])


def served_record(answer: "Answer", explain: Explain, body: bytes, ledgers: ListLedgers = _NONE) -> Record:
    """The document, the sold places with their prices, how the auction ended for each candidate, and what it takes to
    make the list again: its body was what the client got. `ledgers`: what the list counts for, where that is known."""
    auction, outcomes = answer.shown.auction, None
    if auction is not None:
        found = auction.candidates
        outcomes = Outcomes(answer.ask.snapshot.book.campaign_ids, found["entry"], found["outcome"])
    sold = _sold(answer)
    document, inputs = served_document(answer, ledgers, sold), _inputs(answer, explain, body)
    return Record(document, sold, outcomes, inputs, _blobs(answer))


def _sold(answer: "Answer") -> list[SoldPlace]:
    auction, campaigns = answer.shown.auction, answer.ask.snapshot.book.campaigns
    if auction is None:
        return []
    return [
        SoldPlace(campaign.campaign_id, campaign.restaurant_id, slot + 1, campaign.billing, price)
        for slot, campaign, price in zip(
            auction.slots, [campaigns[entry] for entry in auction.sold], auction.prices, strict=True
        )
    ]


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


def served_document(answer: "Answer", ledgers: ListLedgers = _NONE, sold: Sequence[SoldPlace] | None = None) -> bytes:
    """What `services.audit.documents` reads. `sold`: the places that were sold, where they are known already.

    Numbers are read back with the same bits; distances are whole metres. Scores are left out: they are the sums of the
    terms.
    """
    ask, shown, policy = answer.ask, answer.shown, answer.ask.policy
    snapshot, auction = ask.snapshot, answer.shown.auction
    head = _head(answer)
    names = [pack_names(snapshot.catalogue.ids, shown.rows)]
    terms = shown.terms if policy.fairness.is_on else shown.terms.take(term_rows(policy), axis=0)
    columns: list[Any] = [terms, np.rint(shown.distances_km * 1000.0) / 1000.0]
    if policy.exploration > 0.0:
        head["explored"] = True
        columns.append(shown.propensities)
        if ask.personalised:
            head["draw"], drawn = _draw(answer)
            columns.append(drawn)
    if policy.fairness.is_on:
        by = policy.fairness.by
        own = ledgers.get(by) or list_ledger(ask, answer.ranked, shown, by)
        head["fairness"] = {"by": by, "groups": own.groups, "newcomers": own.newcomers}
        columns += (own.exposure, own.merit)
    if auction is not None:
        head["ads"] = _ads(answer, auction, _sold(answer) if sold is None else sold)
        names.append(pack_names(snapshot.book.campaign_ids, auction.candidates))
        columns.append(auction.candidates)
    return encoded(orjson.dumps(head), *names, pack(*columns))


def _head(answer: "Answer") -> dict[str, Any]:
    """What was asked for and what came of it; what is as it mostly is, is left out."""
    ask = answer.ask
    head: dict[str, Any] = {"k": ask.k, "terms": TERM_NAMES.index(term_names(ask.policy))}
    filters = ask.filters.__dict__.items()
    if asked := {name: value for name, value in filters if value is not None and value not in _NOTHING}:
        head["filters"] = asked
    if not ask.personalised:
        head["personalised"] = False
    if not ask.ads:
        head["ads_wanted"] = False
    if answer.degraded:
        head["degraded"] = answer.degraded
    if not ask.snapshot.exact_parts:
        head["exact_parts"] = False
    return head


def _draw(answer: "Answer") -> tuple[dict[str, Any], Doubles]:
    """The list as it was drawn, before anything was sold, and what it was drawn from: what another would have drawn
    can be told from no less."""
    ids, ranked = answer.ask.snapshot.catalogue.ids, answer.ranked
    there = ranked.rows[0] >= 0
    shortlists = ranked.shortlists
    rows = shortlists.rows[0] if shortlists.passing is None else shortlists.rows[0, shortlists.passing[0]]
    drawn = {
        "restaurant_ids": [ids[row] for row in ranked.rows[0, there].tolist()],
        "candidates": [ids[row] for row in np.sort(rows).tolist()],
    }
    return drawn, ranked.propensities[0, there]


def _ads(answer: "Answer", auction: Auction, sold: Sequence[SoldPlace]) -> dict[str, Any]:
    """What the list would have been without payment, and the auction's own inputs, so that it can be held again."""
    ask, shown = answer.ask, answer.shown
    entry: dict[str, Any] = {}
    if sold:
        kept = set(auction.ranks)
        pushed_out = [rank for rank in range(len(auction.ranks)) if rank not in kept]
        rows, scores = answer.ranked.rows, answer.ranked.scores
        entry["organic_ranks"] = shown.organic_ranks
        entry["sold"] = [(place[0], place[2], place[4]) for place in sold]
        entry["payers"] = [ask.snapshot.book.campaigns[one].payer for one in auction.sold]
        entry["pushed_out"] = [ask.snapshot.catalogue.ids[rows[0, rank]] for rank in pushed_out]
        entry["pushed_out_values"] = [float(scores[0, rank]) for rank in pushed_out]
    return entry


def drawn_list(document: bytes) -> dict[str, Any] | None:
    """From a served document to the columns of a drawn list in a dataset; None where nothing was left to chance."""
    served = read_document(document)
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
    kept = read_document(document)
    ids, propensities = kept["restaurant_ids"], kept["propensities"]
    chances = propensities if isinstance(propensities, list) else [propensities] * len(ids)
    return {name: (place, chance) for place, (name, chance) in enumerate(zip(ids, chances, strict=True), 1)}


def terms_of(document: dict[str, Any]) -> list[list[float]]:
    """(terms, shown) from a document, the short form of zeros written out."""
    shown = len(document["restaurant_ids"])
    return [values if isinstance(values, list) else [values] * shown for values in document["terms"]]
