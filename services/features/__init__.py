"""The feature cache: what a request must know about its diner, in one round trip to Redis."""

from services.features.cache import FeatureCache, Lookup
from services.features.codec import DinerState, MarketState
from services.features.embedded import EmbeddedRedis
from services.features.leases import Lease
from services.features.servers import Servers

__all__ = ["DinerState", "EmbeddedRedis", "FeatureCache", "Lease", "Lookup", "MarketState", "Servers"]
