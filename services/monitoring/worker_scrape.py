"""What the worker shows of itself on its port, as an API process reads it for the page of operations."""

import http.client
import urllib.request
from typing import Final

MAX_BYTES: Final = 4_000_000
TIMEOUT_SECONDS: Final = 1.0


class WorkerAway(Exception):
    """No metrics came from where the worker should show them."""


def scrape(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> str:
    """The worker's exposition text. Blocks; raises WorkerAway. No proxy of the environment is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_seconds) as answer:
            found: bytes = answer.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise WorkerAway(f"the worker does not show its metrics at {url}: {error}") from error
    if len(found) > MAX_BYTES:
        raise WorkerAway(f"what {url} answers is longer than {MAX_BYTES:,} bytes")
    return found.decode("utf-8", "replace")
