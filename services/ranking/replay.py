"""Past auctions held again: what another bid would have brought. Pure; writes nothing."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from services.ads.blend import Doubles
from services.ads.campaign import MICRO
from services.ranking.auction import Selling, hold_among, read_candidates


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
    """What a served record tells of its auction among m candidates."""

    campaign_ids: tuple[str, ...]
    candidates: npt.NDArray[np.void]
    """(m,) of CANDIDATE, by organic rank; their entries are of offers that are long gone."""
    organic: Doubles
    """(k,) values of the list without payment, falling."""

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
        candidates = read_candidates(b64decode(ads["candidates"]), len(ads["campaign_ids"]))
        return cls(tuple(ads["campaign_ids"]), candidates, organic)

    def expected(self, campaign_id: str, bid: float, selling: Selling) -> Expected:
        """What `campaign_id` would have got with this bid, paced as its own was, with its budget open."""
        if campaign_id not in self.campaign_ids:
            return NOTHING
        own = self.campaign_ids.index(campaign_id)
        candidates = self.candidates.copy()
        candidates["entry"] = np.arange(len(candidates))
        candidates["reserve"] = selling.reserves(candidates["per_order"])
        candidates["bid"][own] = bid * candidates["pace"][own]
        auction = hold_among(candidates, self.organic, selling)
        if own not in auction.sold:
            return NOTHING
        place = auction.sold.index(own)
        billed = float(selling.weights[auction.slots[place]] * candidates["clicks"][own])
        return Expected(1, billed, billed * auction.prices[place] / MICRO)
