"""How long a what-if takes: `python -m services.stakeholders.negotiation.measure`.

The arithmetic alone, over fronts of six seats, and with what the API does around it: reading the front from its JSON
and writing the answer.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np

from services.stakeholders.negotiation.demand import Bound, Demand
from services.stakeholders.negotiation.front import Estimate, Evaluated, Front, Stage
from services.stakeholders.negotiation.negotiate import negotiate
from services.stakeholders.policy import Policy
from services.stakeholders.seats import measures, signing

_SIZES: Final = (32, 128, 512)
_FINALISTS: Final = 8
_MEANINGS: Final = 21


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=_MEANINGS, help="of which the median is shown")
    repeat = parser.parse_args().repeat
    print(f"milliseconds, median [90th percentile] of {repeat}")
    print(f"{'policies':>8}{'settled':>22}{'blocked':>22}{'read, settle, write':>22}")
    for policies in _SIZES:
        front = _front(policies)
        text, greedy = front.model_dump_json(), _demands(front)
        works: tuple[Callable[[], object], ...] = (
            lambda front=front: negotiate(front, {}),  # type: ignore[misc]
            lambda front=front, greedy=greedy: negotiate(front, greedy),  # type: ignore[misc]
            lambda text=text: negotiate(Front.model_validate_json(text), {}).model_dump_json(),  # type: ignore[misc]
        )
        print(f"{policies:>8}" + "".join(f"{_spent(work, repeat):>22}" for work in works))


def _spent(work: Callable[[], object], repeat: int) -> str:
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    median, high = 1000.0 * np.quantile(seconds, [0.5, 0.9])
    return f"{median:.1f} [{high:.1f}]"


def _front(policies: int) -> Front:
    """Policies of chance on the surface of a ball: almost none is dominated, which is the most work."""
    rng = np.random.default_rng(1)
    keys, own = list(measures()), [seat.number.key for seat in signing()]
    points = np.abs(rng.standard_normal((policies, len(own))))
    points /= np.linalg.norm(points, axis=1)[:, None]
    others = rng.random((policies, len(keys)))

    def stage(rows: range, days: int) -> Stage:
        return Stage(days=days, policies=tuple(evaluated(row) for row in rows))

    def evaluated(row: int) -> Evaluated:
        numbers = {**dict(zip(keys, others[row].tolist(), strict=True)), **dict(zip(own, points[row], strict=True))}
        outcomes = {key: Estimate(mean=float(number), error=0.001, n=400) for key, number in numbers.items()}
        return Evaluated(policy=Policy(name=f"p{row}"), model="lightfm", outcomes=outcomes)

    return Front(
        front_id="0" * 16,
        created_at=datetime(2026, 1, 9, tzinfo=UTC),
        active="p0",
        wide=stage(range(policies), 28),
        long=stage(range(_FINALISTS), 182),
        assumed=True,
    )


def _demands(front: Front) -> dict[str, Demand]:
    """Two seats that each ask for what the other's favourite does not leave."""
    asking = [seat for seat in signing() if seat.number.key in ("fee_revenue_per_1000", "orders_per_1000")]
    best = {seat.name: max(one.outcomes[seat.number.key].mean or 0.0 for one in front.wide.policies) for seat in asking}
    return {
        seat.name: Demand(limits=(Bound(measure=seat.number.key, at_least=0.98 * best[seat.name]),)) for seat in asking
    }


if __name__ == "__main__":
    main()
