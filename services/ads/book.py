"""The campaigns of a market as arrays: what is kept between requests, and what is bid at the moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from data.columns import Billing
from services.ads.blend import Doubles, Rows
from services.ads.campaign import Campaign

Bools = npt.NDArray[np.bool_]

UNHEARD: Final = -1.0
"""A bid below any reserve."""


@dataclass(frozen=True, eq=False)
class AdBook:
    """All campaigns of a market that are not closed, m of them."""

    version: int
    """Changes with every write of a campaign."""
    campaigns: tuple[Campaign, ...]
    campaign_ids: tuple[str, ...]
    rows: Rows
    """(m,) rows of the catalogue; -1: the restaurant has left it."""
    bids: Doubles
    """(m,) minor units."""
    per_order: Bools
    """(m,) billed by the order; otherwise by the click."""
    starts: Doubles
    """(m,) seconds since 1970, -inf where none is named."""
    funded: Bools
    """(m,) it has a budget at all; a daily budget of 0 is a pause."""
    ends: Doubles
    """(m,) the first second in which it does not run, inf where none is named."""

    @classmethod
    def of(cls, version: int, campaigns: Sequence[Campaign], row_of: Mapping[str, int]) -> "AdBook":
        """Pack campaigns in the given order."""
        return cls(
            version=version,
            campaigns=tuple(campaigns),
            campaign_ids=tuple(campaign.campaign_id for campaign in campaigns),
            rows=np.asarray([row_of.get(campaign.restaurant_id, -1) for campaign in campaigns], np.int64),
            bids=np.asarray([campaign.bid for campaign in campaigns], np.float64),
            per_order=np.asarray([campaign.billing == Billing.ORDER for campaign in campaigns], np.bool_),
            funded=np.asarray([c.daily_budget > 0 and c.total_budget > 0 for c in campaigns], np.bool_),
            starts=_seconds([campaign.starts_at for campaign in campaigns], -np.inf),
            ends=_seconds([campaign.ends_at for campaign in campaigns], np.inf),
        )

    def offers(
        self, at: datetime, restaurants: int, multipliers: npt.NDArray[np.floating], is_open: Bools
    ) -> "Offers | None":
        """What is bid at this time over a catalogue of so many restaurants; None where no campaign runs.

        `multipliers` (m,) mu >= 0 of the pacing divide the bids by 1 + mu; `is_open` (m,) says whose budget lasts.
        """
        now = at.timestamp()
        running = np.flatnonzero((self.starts <= now) & (now < self.ends) & (self.rows >= 0) & self.funded)
        if not len(running):
            return None
        of_row = np.full(restaurants, -1)
        of_row[self.rows[running]] = running
        paces = 1.0 / (1.0 + np.asarray(multipliers, np.float64))
        return Offers(self, of_row, paces, np.where(is_open, self.bids * paces, UNHEARD))


@dataclass(frozen=True, eq=False)
class Offers:
    """What is bid right now, over a catalogue of n restaurants."""

    book: AdBook
    """Whose m campaigns these are."""
    of_row: Rows
    """(n,) the campaign of each restaurant that runs now, or -1."""
    paces: Doubles
    """(m,) in (0, 1], what the pacing leaves of the full bid: 1 / (1 + mu)."""
    bids: Doubles
    """(m,) minor units for a billed event, as they are heard: paced, or UNHEARD where no budget is left for today."""


def _seconds(times: Sequence[datetime | None], missing: float) -> Doubles:
    return np.asarray([missing if at is None else at.timestamp() for at in times], np.float64)
