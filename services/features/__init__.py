"""The feature cache: what a request must know about its diner, in one round trip to Redis."""

from services.features.cache import FeatureCache, Lookup
from services.features.codec import DinerState, MarketState
from services.features.embedded import EmbeddedRedis

__all__ = ["DinerState", "EmbeddedRedis", "FeatureCache", "Lookup", "MarketState"]
