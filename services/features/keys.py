"""Names of the cache's keys: `ts:{market}:` and then `d:user`, `l:user`, `g:user`, `w`, `m` or `x:counting`.

Redis Cluster places a key by what stands between the first braces, so all keys of a market lie on one node.
"""

import re


def diner_key(market: str, user_id: str) -> bytes:
    """The Redis key of a diner."""
    return f"ts:{{{_hash_tag(market)}}}:d:{user_id}".encode("utf-8", "surrogatepass")


def beside(diner: bytes) -> tuple[bytes, bytes, bytes]:
    """From `diner_key`, the keys of the lease on the diner, of the market's warm-ups, and of the diner's being gone."""
    market, _, user = diner.partition(b"}:d:")
    return market + b"}:l:" + user, market + b"}:w", market + b"}:g:" + user


def warm_up_key(market: str) -> bytes:
    """The Redis key of a market's warm-ups."""
    return f"ts:{{{_hash_tag(market)}}}:w".encode("utf-8", "surrogatepass")


def all_keys(market: str) -> bytes:
    """The pattern of all keys of a market, for `SCAN`."""
    tag = re.sub(r"([\\*?\[\]^])", r"\\\1", _hash_tag(market))
    return f"ts:{{{tag}}}:*".encode("utf-8", "surrogatepass")


def market_key(market: str) -> bytes:
    """The Redis key of a market's blob."""
    return f"ts:{{{_hash_tag(market)}}}:m".encode("utf-8", "surrogatepass")


def exposure_key(market: str, counting: str) -> bytes:
    """The Redis key of what groups of a market's restaurants have had, for one way of counting."""
    return f"ts:{{{_hash_tag(market)}}}:x:{counting}".encode("utf-8", "surrogatepass")


def _hash_tag(market: str) -> str:
    """The market as it can stand between braces: no two markets or diners share a key, whatever their names.

    Never empty: where nothing stands between them, the cluster goes by the whole key.
    """
    if not market:
        return "%"
    if "}" in market or "%" in market:
        return market.replace("%", "%25").replace("}", "%7D")
    return market
