"""Somebody who sends events to a server for as long as a test goes on."""

import threading
import time
from contextlib import closing
from typing import Any

from services.clock import Clock
from services.simulation.walk_in import ApiClient


class Sender:
    """Sends events one after the other until told to stop, and keeps the ids of those that were acknowledged."""

    def __init__(self, port: int, key: str, restaurant: str) -> None:
        self.acknowledged: list[str] = []
        self.failure: Exception | None = None
        self._asked = (port, key, restaurant)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def until(self, count: int) -> None:
        """Wait for so many to be acknowledged in all."""
        deadline = time.monotonic() + 30
        while len(self.acknowledged) < count:
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, "nothing is acknowledged"
            time.sleep(0.01)

    def _send(self) -> None:
        port, key, restaurant = self._asked
        try:
            with closing(ApiClient("127.0.0.1", port, key)) as api:
                while not self._stop.is_set():
                    event = click(len(self.acknowledged), restaurant)
                    answer = api.call("POST", "/v1/events", event)
                    assert answer["accepted"] == 1, answer
                    self.acknowledged.append(event["event_id"])
        except Exception as error:  # noqa: BLE001 - told where somebody waits
            self.failure = error

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)


def click(number: int, restaurant: str) -> dict[str, Any]:
    """An event of a diner of the small city."""
    return {
        "event_id": f"load-{number}",
        "type": "click",
        "user_id": f"d0-{number % 300:06d}",
        "restaurant_id": restaurant,
        "at": Clock().now().isoformat(),
    }
