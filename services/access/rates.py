"""How much each key may ask for: a token bucket for every role, in the memory of one process.

Each role has exactly one valid key (`services/access/keys.py`), so a bucket a role is a bucket a key, and their number
does not grow with what callers send. The bucket is kept as one time (the generic cell rate algorithm, ITU-T I.371): the
moment at which it would be full again.

A process counts for itself: n API processes let n times the rate through. Counting together would put a second round
trip to Redis on the path on which latency costs orders, and would let the limit fail with Redis.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from services.access.roles import Role

_ROUNDING: Final = 1e-6
"""Of a request: a sum of times is as exact as the clock's last bit, and 2 requests may come out as 1.9999999."""
COSTS: Final = {
    "rankCandidates": 2,
    "getExplanation": 2,
    "getCounterfactuals": 10,
    "previewCampaign": 20,
    "startNegotiation": 20,
    "startRetraining": 20,
    "startLessonRun": 20,
    "getScorecard": 5,
    "getOperations": 2,
    "getModelCard": 5,
    "getRankingPolicy": 5,
    "getFairness": 5,
    "getFairnessReport": 5,
    "getRestaurantExposure": 5,
    "replayList": 20,
    "getAuditTrail": 5,
    "exportAuditTrail": 20,
    "getUser": 5,
    "eraseUser": 10,
}
"""Operations that count for more than one request: estimates of how much longer they keep a process busy."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands after a request."""

    role: Role
    per_second: float
    burst: int
    """Requests that a full bucket holds."""
    left: float
    """Requests that it holds now; below 0: so many are missing for this one, which is refused."""

    @property
    def refused(self) -> bool:
        """Whether the bucket held too little."""
        return self.left < 0

    @property
    def retry_after_seconds(self) -> int:
        """Until there is enough for the request that was refused, rounded up."""
        return max(1, ceil((-self.left - _ROUNDING) / self.per_second))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10); t: seconds until full."""
        left = max(0.0, self.left)
        full = ceil((self.burst - left - _ROUNDING) / self.per_second)
        window = ceil(self.burst / self.per_second)
        return [
            (b"ratelimit", f'"{self.role}";r={int(left + _ROUNDING)};t={full}'.encode()),
            (b"ratelimit-policy", f'"{self.role}";q={self.burst};w={window}'.encode()),
        ]


class RateLimits:
    """The buckets of one process; safe for threads, in which FastAPI looks at keys."""

    def __init__(
        self,
        app_per_second: float,
        seats_per_second: float,
        burst_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """A rate of 0 is no limit."""
        self._now = now
        self._rates = {role: app_per_second if role is Role.APP else seats_per_second for role in Role}
        self._burst_seconds = burst_seconds
        self._lock = threading.Lock()
        self._full_at = dict.fromkeys(Role, 0.0)

    def take(self, role: Role, cost: int = 1) -> Standing | None:
        """Take a request's cost out of the role's bucket, or nothing where it holds too little; None: no limit.

        A request that costs more than a full bucket holds empties it, and passes only when it is full.
        """
        rate = self._rates[role]
        if not rate:
            return None
        burst = max(1, int(rate * self._burst_seconds))
        with self._lock:
            now = self._now()
            full_at = max(self._full_at[role], now) + min(cost, burst) / rate
            left = burst - (full_at - now) * rate
            if left > -_ROUNDING:
                self._full_at[role] = full_at
                left = max(0.0, left)
        return Standing(role, rate, burst, left)
