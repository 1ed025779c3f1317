"""Fronts by hand and by chance, without a simulation."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from services.stakeholders.negotiation.front import Estimate, Evaluated, Front, Stage
from services.stakeholders.policy import Policy
from services.stakeholders.seats import signing

MADE_AT = datetime(2026, 1, 9, 19, tzinfo=UTC)
NUMBERS = tuple(seat.number.key for seat in signing())


def stage(rows: Mapping[str, Mapping[str, float | None]], days: int = 28, error: float = 0.0, n: int = 400) -> Stage:
    """Outcomes by policy's name and measure."""
    return Stage(
        days=days,
        policies=tuple(
            Evaluated(
                policy=Policy(name=name),
                model="lightfm",
                outcomes={key: Estimate(mean=mean, error=error, n=n) for key, mean in outcomes.items()},
            )
            for name, outcomes in rows.items()
        ),
    )


def front(wide: Stage, long: Stage | None = None, active: str = "balanced") -> Front:
    """Around stages."""
    return Front(front_id="0" * 16, created_at=MADE_AT, active=active, wide=wide, long=long, assumed=False)


def of_values(values: np.ndarray, keys: Sequence[str] = NUMBERS, prefix: str = "p") -> Stage:
    """(n, s) numbers of the first s of `keys`."""
    return stage(
        {
            f"{prefix}{row:04d}": dict(zip(keys, numbers, strict=False))
            for row, numbers in enumerate(np.asarray(values, float).tolist())
        }
    )


def town(policies: int = 128, seed: int = 0, days: int = 28) -> Stage:
    """A market as it might be: fees and orders pull apart, exposure costs accuracy, some luck in all of it."""
    rng = np.random.default_rng(seed)
    money, curiosity, depth = rng.random((3, policies))
    fees = 4_000.0 * money**0.5
    rows = {
        "ndcg@10": 0.66 - 0.05 * money - 0.1 * curiosity + 0.02 * depth,
        "fee_revenue_per_1000": fees,
        "orders_per_1000": 760.0 - 60.0 * money**2 - 40.0 * curiosity,
        "cpu_ms_per_1000": 900.0 + 400.0 * depth + 200.0 * money,
        "explained_share": np.ones(policies),
        "exposure_ratio": 0.2 + 0.4 * curiosity,
        "return_rate_28d": 0.95 - 0.1 * money,
    }
    luck = {key: 1.0 + 0.005 * rng.standard_normal(policies) for key in rows}
    luck["explained_share"] = np.ones(policies)
    return stage(
        {
            f"p{row:04d}": {key: float(values[row] * luck[key][row]) for key, values in rows.items()}
            for row in range(policies)
        },
        days,
    )
