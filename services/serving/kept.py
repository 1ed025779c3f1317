"""What many lists are made from, kept once: the catalogue, the campaigns and the live data, named by their hashes."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from data.dataset import MarketInfo
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.ranking.fairness import Attributes

DIGEST_BYTES: Final = 16
_LEVEL: Final = 3


class Blob(NamedTuple):
    """Content that is kept once a market, however many lists were made from it."""

    digest: str
    """32 hexadecimal digits: BLAKE2b of the content."""
    kind: str
    content: Callable[[], bytes]
    """Compressed; called where the content is not kept yet."""

    @classmethod
    def of(cls, kind: str, plain: bytes) -> "Blob":
        """Named by its hash."""
        return cls(blake2b(plain, digest_size=DIGEST_BYTES).hexdigest(), kind, lambda: zlib.compress(plain, _LEVEL))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a market's snapshots have in common whatever model they are of."""

    info: MarketInfo
    catalogue_version: int
    restaurants: Sequence[Restaurant]
    book_version: int
    campaigns: Sequence[Campaign]

    @cached_property
    def catalogue_blob(self) -> Blob:
        """Market and restaurants, in order."""
        restaurants = [one.model_dump(mode="json") for one in self.restaurants]
        info = self.info.model_dump(mode="json")
        return Blob.of(
            "catalogue",
            orjson.dumps({"info": info, "version": self.catalogue_version, "restaurants": restaurants}),
        )

    @cached_property
    def book_blob(self) -> Blob:
        """Campaigns that were not closed, in order."""
        campaigns = [one.model_dump(mode="json") for one in self.campaigns]
        return Blob.of("book", orjson.dumps({"version": self.book_version, "campaigns": campaigns}))

    @cached_property
    def attributes(self) -> Attributes:
        """What restaurants are grouped by, in order."""
        return Attributes.of(
            chains=[one.chain for one in self.restaurants],
            districts=[one.district for one in self.restaurants],
            price_levels=[one.price_level for one in self.restaurants],
            cuisines=[one.cuisines for one in self.restaurants],
            opened_at=[None if one.opened_at is None else one.opened_at.timestamp() for one in self.restaurants],
        )

    @classmethod
    def read(cls, catalogue: bytes, book: bytes) -> "Surroundings":
        """From the plain contents of both blobs."""
        market, ads = orjson.loads(catalogue), orjson.loads(book)
        return cls(
            info=MarketInfo.model_validate(market["info"]),
            catalogue_version=market["version"],
            restaurants=[Restaurant.model_validate_json(orjson.dumps(one)) for one in market["restaurants"]],
            book_version=ads["version"],
            campaigns=[Campaign.model_validate_json(orjson.dumps(one)) for one in ads["campaigns"]],
        )
