"""How a market is ranked, in plain words and with measured importance, from the policy that makes its lists. Pure.

For diners (Regulation (EU) 2022/2065, Art. 27: the main parameters of recommender systems and the options to change
them) and for restaurants (Regulation (EU) 2019/1150, Art. 5: the main parameters of ranking, the reasons for their
relative importance, whether payment influences rank). It helps to say these things; it is no legal advice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from models.cards.figures import Figure, written
from models.cards.report import FeatureImportance
from services.cards.ranking_policy_words import CONTROLS, ELIGIBILITY, GROUPS, PRICING, TERMS, Words
from services.cards.shares import Shares
from services.stakeholders.differences import dials_of, differences, title_of
from services.stakeholders.policy import FairnessPolicy, Policy
from services.stakeholders.scorecard.estimates import Estimate
from services.stakeholders.seats import SEATS

LABEL: Final = "Sponsored"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class MainParameter(_Part):
    """A term of the score: what it looks at, and how much it has to say."""

    term: str = Field(description="Its name in the ledger of an explanation.")
    title: str
    words: str
    used: bool = Field(description="Whether the policy and the model that serve make use of it now.")
    share: Figure | None = Field(
        description="Its mean absolute contribution, as a share of all terms', on the scale of the score. Null: `why`."
    )
    ledger_share: Figure | None = Field(description="The same of the raw terms, in the ledger's own units.")
    why: str | None = Field(description="Why there is no share.")


class PaymentRules(_Part):
    """Whether and how payment influences the order."""

    sells: bool = Field(description="Whether places are sold now.")
    label: str = Field(description="What stands at every place that is sold.")
    words: list[str]
    places_sold: Figure | None = Field(description="Share of the places of recent lists.")
    lists_with_sold: Figure | None
    ranks_risen: Figure | None = Field(
        description="How far above its rank without payment a sold place lies, in the mean."
    )


class Setting(_Part):
    """One dial of the policy as it is set."""

    dial: str
    title: str
    value: str


class SignedBy(_Part):
    """A seat's consent."""

    seat: str
    title: str
    at: datetime


class Approval(_Part):
    """Who answers for the policy."""

    signed: list[SignedBy]
    missing: list[str] = Field(description="Seats that have not signed.")
    activated_at: datetime | None = Field(description="Null: it has made the lists from the beginning.")
    activated_by: str | None
    words: str


class SincePolicy(_Part):
    """What changed since the policy that made the lists before."""

    name: str
    version: int
    changes: list[str] = Field(description="One sentence a dial.")


class MeasuredLists(_Part):
    """The lists that the shares rest on."""

    since: datetime
    until: datetime
    served: int = Field(description="Lists of this time.")
    lists: int = Field(description="Of these, looked at: made by this policy, evenly spread.")
    diners: int
    left_out: int = Field(description="Of these, lists that have no order, or whose model is not kept any more.")
    not_personal: Figure | None = Field(description="Share of lists that were asked for without a profile.")


class RankingPolicy(_Part):
    """How lists are made in a market now. Intervals are 95 %."""

    market: str
    market_title: str
    policy: str
    version: int
    made_at: datetime | None
    model: str
    model_version: str
    model_summary: str
    parameters: list[MainParameter] = Field(description="The most important first.")
    features: list[FeatureImportance] | None = Field(description="What matters to the model; null: not measured.")
    payment: PaymentRules
    personalisation: list[str]
    exploration: list[str]
    fairness: list[str] = Field(description="Whether and how groups of restaurants are lifted to a fair share.")
    unused: list[str]
    approval: Approval
    since: SincePolicy | None = Field(description="Null: there was no other policy before.")
    settings: list[Setting] = Field(description="All dials.")
    measured: MeasuredLists


@dataclass(frozen=True)
class Activation:
    """How the policy came to make the lists."""

    at: datetime
    by: str
    override: bool
    before: Policy | None
    """What made the lists before; None: that is not known any more."""


@dataclass(frozen=True)
class Ruling:
    """All that the page is made from."""

    market: str
    market_title: str
    currency: str
    policy: Policy
    made_at: datetime | None
    signed: Sequence[tuple[str, datetime]]
    missing: Sequence[str]
    activation: Activation | None
    model: str
    model_version: str
    model_summary: str
    money_off: str | None
    """Why nothing is sold with this model though the policy would; None: nothing is in the way."""
    features: Sequence[FeatureImportance] | None
    protected: Sequence[str]
    """Names of attributes that are kept to measure fairness."""
    shares: Shares
    since: datetime
    until: datetime
    served: int


def ranking_policy(ruling: Ruling) -> RankingPolicy:
    """The whole document."""
    policy, shares = ruling.policy, ruling.shares
    return RankingPolicy(
        market=ruling.market,
        market_title=ruling.market_title,
        policy=policy.name,
        version=policy.version,
        made_at=ruling.made_at,
        model=ruling.model,
        model_version=ruling.model_version,
        model_summary=ruling.model_summary,
        parameters=_parameters(ruling),
        features=None if ruling.features is None else list(ruling.features),
        payment=_payment(ruling),
        personalisation=_personalisation(shares),
        exploration=_exploration(policy),
        fairness=fairness_words(policy.fairness),
        unused=_unused(ruling.protected),
        approval=_approval(ruling),
        since=_since(ruling),
        settings=[Setting(dial=dial, title=title_of(dial), value=_value(value)) for dial, value in dials_of(policy)],
        measured=MeasuredLists(
            since=ruling.since,
            until=ruling.until,
            served=ruling.served,
            lists=shares.lists,
            diners=shares.diners,
            left_out=shares.left_out,
            not_personal=_figure(shares.not_personal),
        ),
    )


def _parameters(ruling: Ruling) -> list[MainParameter]:
    shares = ruling.shares
    fair = ruling.policy.fairness.is_on or "fairness" in shares.terms
    found = []
    for name in dict.fromkeys([*TERMS, *shares.terms]):
        if name == "fairness" and not fair:
            continue
        measured, words = shares.terms.get(name), TERMS.get(name, Words(name.replace("_", " "), ""))
        share = _figure(measured)
        found.append(
            MainParameter(
                term=name,
                title=words.title,
                words=words.words,
                used=_used(name, ruling, share),
                share=share,
                ledger_share=_figure(shares.ledger.get(name)),
                why=None if share is not None else "no lists yet" if measured is None else measured.reason,
            )
        )
    return sorted(found, key=lambda one: -1.0 if one.share is None else one.share.value, reverse=True)


def _used(term: str, ruling: Ruling, share: Figure | None) -> bool:
    policy = ruling.policy
    dials = {
        "relevance": True,
        "calibration": True,
        "recency": policy.recency_gain > 0.0,
        "exploration": policy.exploration > 0.0,
        "fairness": policy.fairness.is_on,
        "payment": _sells(ruling),
    }
    return dials.get(term, share is not None and share.value > 0.0)


def _sells(ruling: Ruling) -> bool:
    ads = ruling.policy.ads
    return ads.money > 0.0 and ads.cap > 0 and ruling.money_off is None


def _payment(ruling: Ruling) -> PaymentRules:
    ads, shares, sells = ruling.policy.ads, ruling.shares, _sells(ruling)
    words = [
        "Payment never changes the order of the restaurants that are not labelled: a sold place moves those below it "
        "down by one, and nothing else.",
        f"Every sold place is labelled {LABEL!r}, says who pays, and at which rank it would stand without payment.",
        "Nothing else that a restaurant pays us, or does not, counts for the order.",
    ]
    if not sells:
        off = ruling.money_off
        because = "the policy sells none" if ads.money == 0.0 or ads.cap == 0 or off is None else off
        return _rules(sells, ["No places are sold now: " + because + ".", *words[2:]], shares)
    words += [
        f"At most {ads.cap} places of a list are sold, the first at rank {ads.first_slot} or below, with at least "
        f"{ads.gap - 1} other entries between two of them.",
        f"A place goes to whom diners are likely to want and who pays: the expected fee counts {ads.money:g} order "
        "probability for each minor unit, beside the probability of an order itself.",
        ELIGIBILITY[ads.eligibility],
        PRICING[ads.pricing],
        f"The least price is {ads.reserve_click} for a click and {ads.reserve_order} for an order, in minor units of "
        f"{ruling.currency}.",
    ]
    if ads.value_floor > 0.0 or ads.click_floor > 0.0:
        order, billed = (written(floor, "share") for floor in (ads.value_floor, ads.click_floor))
        words.append(
            f"No place is sold where an order is less likely than {order}, or what is billed less likely than {billed} "
            "if the diner looks."
        )
    if ads.label_cost > 0.0:
        words.append(f"For being an ad, a sold place counts {ads.label_cost:g} less order probability.")
    return _rules(sells, words, shares)


def _rules(sells: bool, words: list[str], shares: Shares) -> PaymentRules:
    return PaymentRules(
        sells=sells,
        label=LABEL,
        words=words,
        places_sold=_figure(shares.sold),
        lists_with_sold=_figure(shares.with_sold),
        ranks_risen=_figure(shares.risen),
    )


def _personalisation(shares: Shares) -> list[str]:
    words = [
        "Lists are made for each diner, from what this diner did here and from the profile that he or she gave.",
        "It can be switched off for any list: the app asks with personalised=false, and no profile and no past is "
        "used. Everybody then gets the same list for the same place and time, by what all diners of the market choose, "
        "and the way there.",
        "Whoever asks can also narrow a list by place, cuisine, price and opening time; these choices are obeyed "
        "before anything is ranked.",
        "A diner's data can be read and erased (GET and DELETE /v1/users/{id}); the next model has forgotten it.",
    ]
    off = _figure(shares.not_personal)
    if off is not None:
        words.append(f"Of recent lists, {written(off.value, 'share')} were asked for without personalisation.")
    return words


def _exploration(policy: Policy) -> list[str]:
    if policy.exploration == 0.0:
        return ["Nothing is left to chance: the same question at the same moment has the same list."]
    return [
        "A part of the order is drawn at random, so that restaurants of which little is known are seen at times.",
        f"The temperature of the draw is {policy.exploration:g} in order probability: two restaurants whose "
        f"probabilities are {policy.exploration:g} apart stand in the better order about 73 % of the time.",
        "The probability with which each list was drawn is kept, so that what was learnt from it can be corrected.",
    ]


def fairness_words(dials: FairnessPolicy) -> list[str]:
    """Control, groups, quota and floor in sentences."""
    if not dials.is_on:
        return ["No group of restaurants is lifted: the order is by what is likely to be chosen alone."]
    words = [
        f"Restaurants are held to a fair share of looks by {GROUPS[dials.by]}: a group's share follows what diners' "
        "choices justify, counted as if every place were looked at alike.",
        f"{CONTROLS[dials.control]} The gain is {dials.gain:g} in order probability.",
        f"What was shown {dials.half_life_days:g} days ago counts half.",
    ]
    if dials.newcomer_quota > 0.0:
        share = written(dials.newcomer_quota, "share")
        words.append(f"Newcomers are lifted towards {share} of all looks at places that are not sold, in any case.")
    if dials.quality_floor > 0.0:
        floor = written(dials.quality_floor, "share")
        words.append(f"A restaurant whose order is less likely than {floor} in a request is not lifted in it.")
    lift = dict(dials).get("max_lift")
    if isinstance(lift, float):
        words.append(f"No restaurant is lifted by more than {lift:g} in order probability.")
    return [*words, "The lift looks at groups of restaurants alone, never at who the diner is."]


def _unused(protected: Sequence[str]) -> list[str]:
    kept = f" ({', '.join(protected)})" if protected else ""
    return [
        f"Protected attributes of diners{kept} are kept, where they are given, to measure fairness only. No model "
        "learns from them, no term of the score reads them, and no reason names them.",
        "What a restaurant pays is not used outside of the places that are sold.",
    ]


def _approval(ruling: Ruling) -> Approval:
    titles = {seat.name: seat.title for seat in SEATS}
    signed = [SignedBy(seat=seat, title=titles.get(seat, seat), at=at) for seat, at in ruling.signed]
    activation = ruling.activation
    if activation is not None and activation.override:
        words = f"It was activated by {activation.by} over missing signatures; the audit trail says so."
    elif signed and not ruling.missing:
        words = "All seats have signed it."
    elif not signed and not ruling.missing:
        words = "It is the default of the system, which stands until the seats have agreed on another."
    else:
        words = "Not all seats have signed it."
    return Approval(
        signed=signed,
        missing=list(ruling.missing),
        activated_at=None if activation is None else activation.at,
        activated_by=None if activation is None else activation.by,
        words=words,
    )


def _since(ruling: Ruling) -> SincePolicy | None:
    before = None if ruling.activation is None else ruling.activation.before
    if before is None:
        return None
    changed = [f"{one.text[:1].upper()}{one.text[1:]}." for one in differences(before, ruling.policy)]
    return SincePolicy(name=before.name, version=before.version, changes=changed)


def _figure(found: Estimate | None) -> Figure | None:
    if found is None or found.value is None or found.low is None or found.high is None:
        return None
    return Figure(value=found.value, low=found.low, high=found.high)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value != "" else "any"
