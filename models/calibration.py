"""From raw scores to probabilities of a click and of an order, with the position's effect taken out.

    P(y = 1 | shown at position k) = theta_k sigmoid(a s + c x + b)

s is the model's raw score, x the log travel time less its mean (0 where the way is not known), theta_k the probability
that position k is looked at, theta_1 = 1 and not rising. Fitted by maximum likelihood on impressions that the model was
not trained on. a > 0, so restaurants at the same distance keep the model's order, which an isotonic fit with its
plateaus would not promise.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit, log_expit, logit

Doubles = npt.NDArray[np.float64]

_ASSUMED_ORDER_RATE: Final = 0.1
_ASSUMED_CLICK_RATE: Final = 0.3
_ASSUMED_TRAVEL_ELASTICITY: Final = -1.5
"""Half as far is two to four times as likely (Davis, Dingel, Monras, Morales)."""
_ASSUMED_DECAY: Final = 0.15


class Curve(BaseModel):
    """sigmoid(slope * score + travel * log-time offset + intercept)."""

    model_config = ConfigDict(frozen=True)

    slope: float = Field(gt=0, allow_inf_nan=False)
    travel: float = Field(allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)

    def probability(self, scores: npt.NDArray[np.floating], log_time_offset: npt.NDArray[np.floating]) -> Doubles:
        """Given a look; float64 whatever comes in, so that scores that differ as float32 stay apart."""
        wide, offset = np.asarray(scores, np.float64), np.asarray(log_time_offset, np.float64)
        return np.asarray(expit(self.slope * wide + self.travel * offset + self.intercept))


class Calibration(BaseModel):
    """Both curves and the examination probabilities of one model in one market."""

    model_config = ConfigDict(frozen=True)

    order: Curve
    click: Curve
    examination: tuple[float, ...] = Field(min_length=1)
    """theta_k; positions beyond the last count as the last."""
    mean_log_time: float = Field(allow_inf_nan=False)
    """Subtracted from the log travel time to give the offset."""
    assumed: bool = False
    """True: the data had no impressions, so nothing was fitted."""
    errors: dict[str, dict[str, float]] = {}
    """On the test period, `{"value", "low", "high"}` of `order_ece`, `order_brier`, `click_ece`, `click_brier`."""

    def order_probability(self, scores: npt.NDArray[np.floating], log_time_offset: npt.NDArray[np.floating]) -> Doubles:
        """P(order | looked at); any shape."""
        return self.order.probability(scores, log_time_offset)

    def click_probability(self, scores: npt.NDArray[np.floating], log_time_offset: npt.NDArray[np.floating]) -> Doubles:
        """P(click | looked at); any shape."""
        return self.click.probability(scores, log_time_offset)

    def examination_at(self, positions: npt.NDArray[np.integer]) -> Doubles:
        """theta of positions counted from 1."""
        theta = np.asarray(self.examination)
        return np.asarray(theta[np.minimum(positions, len(theta)) - 1])


@dataclass(frozen=True, eq=False)
class Impressions:
    """m shown restaurants with what became of them."""

    scores: Doubles
    log_times: Doubles
    """log minutes of the way; NaN where it is not known."""
    positions: npt.NDArray[np.int64]
    """1 = top."""
    clicked: npt.NDArray[np.bool_]
    ordered: npt.NDArray[np.bool_]
    diners: npt.NDArray[np.int64]
    """Row of the diner: intervals resample diners, not impressions."""

    @property
    def can_calibrate(self) -> bool:
        """Whether there is something of each to learn from: clicks, orders, and impressions without them."""
        return all(outcome.any() and not outcome.all() for outcome in (self.clicked, self.ordered))


def fit(impressions: Impressions) -> Calibration:
    """Maximum likelihood by L-BFGS over both curves and the examination probabilities together.

    Raises ValueError where there is no click or no order, or nothing else, to learn from.
    """
    if not impressions.can_calibrate:
        raise ValueError("calibration needs clicks and orders, and impressions without them")
    known = np.isfinite(impressions.log_times)
    mean = float(impressions.log_times[known].mean()) if known.any() else 0.0
    offsets = np.where(known, impressions.log_times - mean, 0.0)
    center, scale = float(impressions.scores.mean()), float(impressions.scores.std()) or 1.0
    design = np.column_stack([(impressions.scores - center) / scale, offsets, np.ones(len(offsets))])
    positions = impressions.positions - 1
    length = int(positions.max()) + 1
    outcomes = (impressions.clicked, impressions.ordered)

    def loss(parameters: Doubles) -> tuple[float, Doubles]:
        drops = np.exp(parameters[6:])
        log_theta = np.concatenate([[0.0], -np.cumsum(drops)])[positions]
        total, gradient = 0.0, np.zeros_like(parameters)
        by_log_theta = np.zeros(len(positions))
        for block, outcome in zip((slice(0, 3), slice(3, 6)), outcomes, strict=True):
            weights = parameters[block].copy()
            weights[0] = np.exp(weights[0])
            value, by_logit, by_theta = _likelihood(design @ weights, log_theta, outcome)
            total += value
            by_log_theta += by_theta
            by_weights = design.T @ by_logit
            by_weights[0] *= weights[0]
            gradient[block] = by_weights
        at_position = np.bincount(positions, weights=by_log_theta, minlength=length)
        gradient[6:] = -np.cumsum(at_position[::-1])[::-1][1:] * drops
        # A weak prior holds what the data leave open (a position that is hardly ever shown).
        prior = 1e-3 * parameters
        return (total + 0.5 * float(prior @ parameters)) / len(positions), (gradient + prior) / len(positions)

    from scipy.optimize import minimize  # not for those who only serve what was fitted

    rates = [float(outcome.mean()) for outcome in outcomes]
    start = np.concatenate([[0.0, 0.0, logit(rates[0])], [0.0, 0.0, logit(rates[1])], np.full(length - 1, -2.0)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    curves = [_unscaled(found[block], center, scale) for block in (slice(0, 3), slice(3, 6))]
    theta = np.exp(np.concatenate([[0.0], -np.cumsum(np.exp(found[6:]))]))
    return Calibration(click=curves[0], order=curves[1], examination=tuple(theta.tolist()), mean_log_time=mean)


def assume(scores: npt.NDArray[np.floating], log_times: npt.NDArray[np.floating]) -> Calibration:
    """A curve from general facts, for data without impressions; marked as assumed."""
    scale = float(np.std(scores)) or 1.0
    center = float(np.mean(scores))
    known = np.asarray(log_times)[np.isfinite(log_times)]

    def curve(rate: float) -> Curve:
        return Curve(
            slope=1.0 / scale, travel=_ASSUMED_TRAVEL_ELASTICITY, intercept=float(logit(rate)) - center / scale
        )

    return Calibration(
        order=curve(_ASSUMED_ORDER_RATE),
        click=curve(_ASSUMED_CLICK_RATE),
        examination=tuple(np.exp(-_ASSUMED_DECAY * np.arange(10)).tolist()),
        mean_log_time=float(known.mean()) if known.size else 0.0,
        assumed=True,
    )


def errors(
    calibration: Calibration, impressions: Impressions, rng: np.random.Generator, bins: int = 10, draws: int = 200
) -> dict[str, dict[str, float]]:
    """Expected calibration error (over equally filled bins) and Brier score of both curves, examination included.

    The 95 % intervals resample diners: what one diner does with a list's entries is not independent.
    """
    offsets = np.nan_to_num(impressions.log_times - calibration.mean_log_time, nan=0.0)
    theta = calibration.examination_at(impressions.positions)
    diners, diner_of = np.unique(impressions.diners, return_inverse=True)
    drawn = np.stack(
        [np.bincount(rng.integers(len(diners), size=len(diners)), minlength=len(diners)) for _ in range(draws)]
    )
    weights = np.concatenate([np.ones((1, len(diners))), drawn])
    counts = weights @ np.bincount(diner_of, minlength=len(diners))
    found: dict[str, dict[str, float]] = {}
    for name, curve, outcome in (
        ("order", calibration.order, impressions.ordered),
        ("click", calibration.click, impressions.clicked),
    ):
        predicted = theta * curve.probability(impressions.scores, offsets)
        bin_of = np.argsort(np.argsort(predicted, kind="stable")) * bins // len(predicted)
        surplus = np.bincount(diner_of * bins + bin_of, weights=outcome - predicted, minlength=len(diners) * bins)
        squares = np.bincount(diner_of, weights=(outcome - predicted) ** 2, minlength=len(diners))
        found[f"{name}_ece"] = _interval(np.abs(weights @ surplus.reshape(-1, bins)).sum(axis=1) / counts)
        found[f"{name}_brier"] = _interval(weights @ squares / counts)
    return found


def _interval(values: Doubles) -> dict[str, float]:
    """The first is the figure itself, the others are resampled."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {"value": float(values[0]), "low": float(low), "high": float(high)}


def _likelihood(logits: Doubles, log_theta: Doubles, outcome: npt.NDArray[np.bool_]) -> tuple[float, Doubles, Doubles]:
    """Negative log likelihood of theta * sigmoid, and its gradients by the logit and by log theta."""
    log_hit = log_theta + log_expit(logits)
    hit = np.minimum(np.exp(log_hit), 1.0 - 1e-12)
    value = -float(np.where(outcome, log_hit, np.log1p(-hit)).sum())
    odds = np.where(outcome, -1.0, hit / (1.0 - hit))
    return value, odds * expit(-logits), odds


def _unscaled(weights: Doubles, center: float, scale: float) -> Curve:
    slope = float(np.exp(weights[0])) / scale
    return Curve(slope=slope, travel=float(weights[1]), intercept=float(weights[2]) - slope * center)
