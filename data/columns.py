"""The one vocabulary of table and column names; no string literal for a column stands elsewhere."""

from enum import StrEnum
from typing import Final

# -- keys shared by the tables
MARKET: Final = "market"
RESTAURANT_ID: Final = "restaurant_id"
USER_ID: Final = "user_id"

# -- restaurants
NAME: Final = "name"
LAT: Final = "lat"
LON: Final = "lon"
CUISINES: Final = "cuisines"  # list[str], lower case, at least none
PRICE_LEVEL: Final = "price_level"  # 1 (cheap) .. 4
CHAIN: Final = "chain"  # the chain's name; null for an independent
DISTRICT: Final = "district"
OPENED_AT: Final = "opened_at"  # null: not known
HOURS: Final = "hours"  # list[int]: open, close, open, close, … in minutes of the local week; null: not known
DELIVERY: Final = "delivery"
TAGS: Final = "tags"  # list[str] of "name=value": whatever else is known and may be learnt from

# -- diners
HOME_LAT: Final = "home_lat"
HOME_LON: Final = "home_lon"
PROFILE: Final = "profile"  # list[str] of "name=value"; may be learnt from
PROTECTED: Final = "protected"  # list[str] of "name=value"; for measuring fairness, never a model input by default

# -- events
EVENT_ID: Final = "event_id"
TYPE: Final = "type"
REQUEST_ID: Final = "request_id"
ORDER_ID: Final = "order_id"
AT: Final = "at"  # UTC; null: the source has no times
POSITION: Final = "position"  # 1 = top; impressions only
PROPENSITY: Final = "propensity"  # P(this restaurant at this position | the positions above); impressions only
VALUE: Final = "value"  # rating: stars 1..5 · order: minor units of the market's currency

# -- lists, as the ranking drew them: only those in which something was left to chance
RESTAURANT_IDS: Final = "restaurant_ids"  # list[str], in the order drawn, before any place was sold
PROPENSITIES: Final = "propensities"  # list[float] of each, as of an impression
ALSO_SHOWN: Final = "also_shown"  # list[str] that were not drawn, and shown because their place was sold
CANDIDATES: Final = "candidates"  # list[str] from which was drawn
LAT_FROM: Final = "lat_from"  # where the diner asked from; null: from home
LON_FROM: Final = "lon_from"

# -- campaigns
CAMPAIGN_ID: Final = "campaign_id"
PAYER: Final = "payer"
BID: Final = "bid"
BILLING: Final = "billing"
DAILY_BUDGET: Final = "daily_budget"
TOTAL_BUDGET: Final = "total_budget"
STARTS_AT: Final = "starts_at"
ENDS_AT: Final = "ends_at"

MINUTES_PER_WEEK: Final = 7 * 24 * 60


class Table(StrEnum):
    """The tables of a dataset."""

    RESTAURANTS = "restaurants"
    DINERS = "diners"
    EVENTS = "events"
    CAMPAIGNS = "campaigns"
    LISTS = "lists"


class EventType(StrEnum):
    """What can happen between a diner and a restaurant."""

    IMPRESSION = "impression"
    CLICK = "click"
    ORDER = "order"
    ORDER_CANCELLED = "order_cancelled"
    RATING = "rating"
    DISMISS = "dismiss"


class Billing(StrEnum):
    """What an advertiser pays for."""

    CLICK = "click"
    ORDER = "order"
