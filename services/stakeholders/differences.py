"""What sets two versions of a policy apart, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from services.stakeholders.policy import AdPolicy, FairnessPolicy, PolicyDials


class _Words(NamedTuple):
    """How a dial is called, and what it is counted in."""

    title: str
    unit: str = ""


PARTS: Final[Mapping[str, type[BaseModel]]] = {"ads": AdPolicy, "fairness": FairnessPolicy}
"""Dials that have dials of their own."""
_WORDS: Final[dict[str, _Words]] = {
    "shortlist": _Words("restaurants that are scored in full"),
    "recency_gain": _Words("how far a fresh order lifts its restaurant", "standard deviations"),
    "recency_half_life_hours": _Words("time in which what a diner did counts half", "hours"),
    "exploration": _Words("temperature of the exploration", "order probability"),
    "radius_km": _Words("how far from a named place restaurants are looked for", "km"),
    "latency_budget_ms": _Words("time after which what a list can do without is left out; 0 for none", "ms"),
    "model": _Words("the model that it was agreed for"),
    "ads.money": _Words("price of money", "order probability a minor unit of fee"),
    "ads.first_slot": _Words("first rank that may be sold"),
    "ads.gap": _Words("ranks between neighbouring ads, at least"),
    "ads.cap": _Words("ads in a list, at most"),
    "ads.label_cost": _Words("what a labelled entry costs the diner", "order probability"),
    "ads.value_floor": _Words("order probability below which no place is sold"),
    "ads.click_floor": _Words("probability of the billed event below which no place is sold"),
    "ads.reserve_click": _Words("least price of a click", "minor units"),
    "ads.reserve_order": _Words("least price of an order", "minor units"),
    "ads.pricing": _Words("how a sold place is priced"),
    "ads.eligibility": _Words("which restaurants may be sold a place"),
    "ads.max_calibration_error": _Words("calibration error above which nothing is sold"),
    "fairness.gain": _Words("gain of the control of exposure", "order probability"),
    "fairness.max_lift": _Words("most that a restaurant is lifted or pushed down by", "order probability"),
    "fairness.control": _Words("control of exposure"),
    "fairness.by": _Words("groups whose exposure is controlled"),
    "fairness.half_life_days": _Words("time in which what was shown counts half", "days"),
    "fairness.newcomer_quota": _Words("share of exposure that newcomers are lifted towards"),
    "fairness.quality_floor": _Words("order probability below which nobody is lifted"),
}


@dataclass(frozen=True)
class Difference:
    """One dial that is set otherwise."""

    dial: str
    """In `Policy`, with dots: `ads.money`."""
    before: Any
    after: Any
    text: str
    """For people."""


def differences(before: PolicyDials, after: PolicyDials) -> list[Difference]:
    """The dials that differ, in the order of the document; name and version are none.

    >>> from services.stakeholders.policy import Policy
    >>> [one] = differences(Policy(), Policy(ads=AdPolicy(money=0.004)))
    >>> one.text
    'price of money (ads.money): from 0.002 to 0.004 order probability a minor unit of fee'
    >>> differences(Policy(model="ease"), Policy())[0].text
    "the model that it was agreed for (model): from 'ease' to any"
    """
    old = dict(dials_of(before))
    return [
        Difference(dial, old[dial], value, _text(dial, old[dial], value))
        for dial, value in dials_of(after)
        if old[dial] != value
    ]


def dials_of(policy: PolicyDials) -> Iterator[tuple[str, Any]]:
    """All dials of a policy with their values, those of the ads as `ads.…`, those of the fairness as `fairness.…`."""
    for dial in PolicyDials.model_fields:
        if dial in PARTS:
            part = getattr(policy, dial)
            yield from ((f"{dial}.{name}", getattr(part, name)) for name in PARTS[dial].model_fields)
        else:
            yield dial, getattr(policy, dial)


def title_of(dial: str) -> str:
    """How a dial is called and what it is counted in; its own name where it has no words yet.

    >>> title_of("ads.gap"), title_of("radius_km")
    ('ranks between neighbouring ads, at least', 'how far from a named place restaurants are looked for (km)')
    """
    words = _WORDS.get(dial, _Words(dial))
    return f"{words.title} ({words.unit})" if words.unit else words.title


def _text(dial: str, before: Any, after: Any) -> str:
    words = _WORDS.get(dial)
    called = dial if words is None else f"{words.title} ({dial})"
    unit = f" {words.unit}" if words is not None and words.unit else ""
    return f"{called}: from {_value(before)} to {_value(after)}{unit}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return repr(str(value)) if value else "any"
    return str(value)
