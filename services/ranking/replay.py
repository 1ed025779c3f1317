"""Past auctions held again: what another bid would have brought. Pure; writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from services.ads.blend import Bids, Doubles, Rows
from services.ads.book import Bools
from services.ads.campaign import MICRO
from services.ranking.auction import UNHEARD, Auction, Selling


@dataclass(frozen=True)
class Expected:
    """What one auction brings a campaign, in expectation over the diner's look and choice."""

    impressions: int
    billed: float
    """Clicks or orders."""
    spend: float
    """Minor units."""


NOTHING: Final = Expected(0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class PastAuction:
    """What a served record tells of its auction among m candidates, in the order of their organic ranks."""

    campaign_ids: tuple[str, ...]
    organic: Doubles
    """(k,) values of the list without payment, falling."""
    ranks: Rows
    """(m,) organic ranks, from 0."""
    values: Doubles
    """(m,) organic values."""
    clicks: Doubles
    """(m,) the probability of what is billed."""
    bids: Doubles
    """(m,) in full, minor units."""
    paced: Doubles
    """(m,) after pacing."""
    is_open: Bools
    """(m,) there was budget left."""
    per_order: Bools

    @classmethod
    def of(cls, document: Mapping[str, Any], terms: Sequence[Sequence[float]]) -> Self | None:
        """From a served document and its terms (terms, shown); None where no campaign was a candidate."""
        ads = document.get("ads")
        if ads is None:
            return None
        organic = np.zeros(len(document["restaurant_ids"]))
        for values in terms:
            organic = organic + np.asarray(values)
        if "sold" in ads:
            organic = np.delete(organic, [place["rank"] - 1 for place in ads["sold"]])
            # What the ads pushed out stood at the end of the list, or where an ad of the list itself had stood.
            organic = -np.sort(-np.concatenate([organic, ads["pushed_out_values"]]))
        order = np.argsort(ads["ranks"], kind="stable")
        columns = {
            name: np.asarray(ads[name])[order] for name in ("ranks", "values", "clicks", "bids", "paced", "per_order")
        }
        return cls(
            campaign_ids=tuple(ads["campaign_ids"][index] for index in order.tolist()),
            organic=organic,
            is_open=np.asarray(ads["open"], np.bool_)[order],
            **columns,
        )

    def expected(self, campaign_id: str, bid: float, selling: Selling) -> Expected:
        """What `campaign_id` would have got with this bid, paced as its own was, with its budget open."""
        if campaign_id not in self.campaign_ids:
            return NOTHING
        own = self.campaign_ids.index(campaign_id)
        heard = np.where(self.is_open, self.paced, UNHEARD)
        heard[own] = bid * self.paced[own] / self.bids[own]
        auction = self._held(heard, selling)
        shown = auction.layout.campaigns.tolist()
        if own not in shown:
            return NOTHING
        place = shown.index(own)
        billed = float(selling.weights[auction.layout.slots[place]] * self.clicks[own])
        return Expected(1, billed, billed * auction.prices()[place] / MICRO)

    def _held(self, heard: Doubles, selling: Selling) -> Auction:
        """The auction under these bids and today's rules."""
        k = len(self.organic)
        below = self.ranks >= k
        # The blend reads values at the list's ranks and at the candidates' only: what lay between is left out.
        rows = np.where(below, k + np.cumsum(below) - 1, self.ranks)
        values = np.concatenate([self.organic, self.values[below]])
        bids = Bids(rows, self.clicks, heard, selling.reserves(self.per_order))
        return Auction.among(np.arange(len(rows)), self.is_open, values, bids, k, selling)
