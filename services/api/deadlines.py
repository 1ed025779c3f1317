"""How long a caller waits for its answer, told by a header, so that nothing is done that nobody waits for.

There is no registered HTTP header for it. `X-Request-Timeout-Ms` is what we ask for; Envoy and the meshes that are made
of it send `X-Envoy-Expected-Rq-Timeout-Ms` with the same meaning by themselves, so that is read too. The time begins
when the request's head has come in.
"""

import time
from math import inf
from typing import Final

from starlette.types import Scope

from services.api.problems import BadRequest

HEADERS: Final = (b"x-request-timeout-ms", b"x-envoy-expected-rq-timeout-ms")
_MOST_DIGITS: Final = 9


def read_deadline(scope: Scope, arrived: float) -> float:
    """When the caller stops waiting, in the clock of `arrived`; infinity where it does not say. Raises BadRequest."""
    deadline = inf
    for name, value in scope["headers"]:
        if name in HEADERS:
            if not (value.isdigit() and len(value) <= _MOST_DIGITS):
                raise BadRequest(f"header {name.decode()}: give whole milliseconds, of {_MOST_DIGITS} digits at most")
            deadline = min(deadline, arrived + int(value) / 1000.0)
    return deadline


def deadline_of(scope: Scope) -> float:
    """When the caller stops waiting, by `time.perf_counter`; infinity where it does not say. Raises BadRequest."""
    known = scope.get("deadline")
    return read_deadline(scope, time.perf_counter()) if known is None else float(known)
