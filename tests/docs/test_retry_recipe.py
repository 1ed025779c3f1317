"""The client recipe of docs/how-to/retry.md, run as it stands there."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "retry.md"


@pytest.fixture
def budget() -> Any:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    there: dict[str, Any] = {}
    exec(code, there)
    return there["RetryBudget"]()


class Server:
    """Refuses some; counts all."""

    def __init__(self, refuses: float) -> None:
        self.refuses = refuses
        self.random = random.Random(1)
        self.sent = 0

    def send(self) -> tuple[int, float]:
        self.sent += 1
        return (503, 1.0) if self.random.random() < self.refuses else (200, 0.0)


def asked(budget: Any, server: Server, count: int = 10_000) -> list[int]:
    waited: list[float] = []
    statuses = [budget.call(server.send, sleep=waited.append) for _ in range(count)]
    assert all(seconds >= 1.0 for seconds in waited)
    return statuses


def test_where_everything_is_refused_a_tenth_more_is_sent(budget: Any) -> None:
    server = Server(1.0)
    assert set(asked(budget, server)) == {503}
    assert server.sent / 10_000 <= 1.1


def test_where_little_is_refused_nearly_everybody_gets_through(budget: Any) -> None:
    statuses = asked(budget, Server(0.05))
    assert statuses.count(200) / len(statuses) > 0.99


def test_after_a_long_refusal_the_budget_is_not_owed(budget: Any) -> None:
    asked(budget, Server(1.0))
    server = Server(0.05)
    assert asked(budget, server, 2_000).count(200) / 2_000 > 0.99
    assert server.sent <= 2_200
