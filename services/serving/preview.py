"""What a bid would have brought: a market's last auctions held again with it. Reads, and writes nothing."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.ads.campaign import Campaign
from services.audit.documents import read_document
from services.events.served import ServedLog
from services.ranking.auction import Selling
from services.ranking.replay import NOTHING, Expected, PastAuction
from services.serving.served_document import terms_of
from services.serving.snapshot import MarketSnapshot

PERIOD: Final = timedelta(days=7)
_AT_MOST: Final = 2_000
_TWO_SIDED_95: Final = 1.96


@dataclass(frozen=True)
class Estimate:
    """A total over all lists, estimated from a sample of them, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Outlook:
    """What one bid would have brought in the period."""

    bid: int
    impressions: Estimate
    billed: Estimate
    """Clicks or orders, whichever are billed, in expectation."""
    spend: Estimate
    """Minor units, before the daily budget."""
    spend_within_budget: float
    """The same with no day above the daily budget."""


@dataclass(frozen=True)
class Preview:
    """The campaign as it bids now beside the bid that is proposed."""

    since: datetime
    until: datetime
    lists: int
    """Lists that were served in the period."""
    replayed: int
    """How many of them were held again."""
    candidate_in: int
    """In how many of these the restaurant was a candidate for a sold place."""
    now: Outlook
    proposed: Outlook


def preview(
    served: ServedLog, snapshot: MarketSnapshot, campaign: Campaign, bid: int, daily_budget: int, until: datetime
) -> Preview | None:
    """Hold the auctions of the last seven days again under the active policy.

    Everybody else bids as then. None where the active policy sells nothing. Raises StorageUnavailable.
    """
    selling = snapshot.selling[snapshot.active_policy]
    if selling is None:
        return None
    since = until - PERIOD
    count, lists = served.sample(snapshot.info.market, since, until, _AT_MOST)
    zone = ZoneInfo(snapshot.info.time_zone)
    past: list[tuple[date, PastAuction | None]] = []
    for one in lists:
        document = read_document(one.document)
        past.append((one.at.astimezone(zone).date(), PastAuction.of(document, terms_of(document))))
    return Preview(
        since=since,
        until=until,
        lists=count,
        replayed=len(lists),
        candidate_in=sum(auction is not None and campaign.campaign_id in auction.campaign_ids for _, auction in past),
        now=_outlook(past, campaign, campaign.bid, campaign.daily_budget, selling, count),
        proposed=_outlook(past, campaign, bid, daily_budget, selling, count),
    )


def _outlook(
    past: Iterable[tuple[date, PastAuction | None]],
    campaign: Campaign,
    bid: int,
    daily_budget: int,
    selling: Selling,
    count: int,
) -> Outlook:
    results: list[Expected] = []
    spend_of_day: defaultdict[date, float] = defaultdict(float)
    for day, auction in past:
        result = NOTHING if auction is None else auction.expected(campaign.campaign_id, bid, selling)
        results.append(result)
        spend_of_day[day] += result.spend
    scale = count / len(results) if results else 0.0
    return Outlook(
        bid=bid,
        impressions=_estimate([float(each.impressions) for each in results], count),
        billed=_estimate([each.billed for each in results], count),
        spend=_estimate([each.spend for each in results], count),
        spend_within_budget=sum(min(scale * spend, float(daily_budget)) for spend in spend_of_day.values()),
    )


def _estimate(sampled: list[float], count: int) -> Estimate:
    """The total over `count` lists from a sample without replacement, normal interval."""
    size = len(sampled)
    if not size:
        return Estimate(0.0, 0.0, 0.0)
    mean = math.fsum(sampled) / size
    variance = math.fsum((value - mean) ** 2 for value in sampled) / max(size - 1, 1)
    half = _TWO_SIDED_95 * math.sqrt(variance / size * max(0.0, 1.0 - size / count))
    return Estimate(count * mean, count * max(0.0, mean - half), count * (mean + half))
