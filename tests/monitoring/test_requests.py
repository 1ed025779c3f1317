"""What the log says of slow requests."""

import pytest
from structlog.testing import capture_logs

from services.monitoring import requests
from services.monitoring.metrics import Metrics
from services.monitoring.requests import RequestNotes, RequestWatch


class Clock:
    """In place of the module `time`."""

    now = 100.25

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


def test_of_many_slow_requests_in_a_second_some_are_told_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(requests, "time", clock)
    watch = RequestWatch(Metrics(), slow_seconds=0.5)

    def answer(number: int, seconds: float) -> None:
        watch.answered({"type": "http"}, "events", 503, f"r{number}", clock.now - seconds, RequestNotes())

    with capture_logs() as lines:
        answer(0, 0.4)
        for number in range(1, 16):
            answer(number, 5.0)
        clock.now += 1.0
        answer(16, 0.5)
        answer(17, 0.5)
    assert [line["request_id"] for line in lines] == [f"r{number}" for number in [*range(1, 11), 16, 17]]
    assert [line.get("untold_before", 0) for line in lines] == [0] * 10 + [5, 0]
    assert {line["event"] for line in lines} == {"request_slow"}
    assert [line["milliseconds"] for line in lines] == [5_000.0] * 10 + [500.0] * 2
