"""Digests of served lists, and the one digest that stands for many of them. Pure.

A Merkle tree as in RFC 6962 (2.1): a leaf's hash begins with a zero byte, a node's with a one, so that neither can pass
for the other. The root of a batch goes into the audit trail.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

EMPTY: Final = hashlib.sha256(b"").hexdigest()


def list_digest(
    request_id: str,
    market: str,
    user_id: str,
    at: datetime,
    policy: str,
    policy_version: int,
    model_version: str,
    document: bytes,
    inputs: bytes | None,
) -> str:
    """A served list's digest, 64 hexadecimal digits.

    sha256 over a zero byte and the JSON array of the fields, document and inputs as their own sha256 ("" where there
    are no inputs). Inputs begin with random bytes, so that a digest that outlives its list gives nothing of it away.
    """
    kept = "" if inputs is None else hashlib.sha256(inputs).hexdigest()
    head = [request_id, market, user_id, at, policy, policy_version, model_version]
    fields = [*head, hashlib.sha256(document).hexdigest(), kept]
    return hashlib.sha256(b"\0" + orjson.dumps(fields, option=orjson.OPT_UTC_Z)).hexdigest()


def merkle_root(digests: Sequence[str]) -> str:
    """The root over leaves in this order, 64 hexadecimal digits.

    >>> merkle_root(["ab" * 32]) == "ab" * 32
    True
    >>> merkle_root(["ab" * 32, "cd" * 32]) == merkle_root(["cd" * 32, "ab" * 32])
    False
    """
    level = [bytes.fromhex(digest) for digest in digests]
    while len(level) > 1:
        paired = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(level) - len(level) % 2 :]
    return level[0].hex() if level else EMPTY
