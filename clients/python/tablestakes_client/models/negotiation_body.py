from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.active_policy import ActivePolicy
    from ..models.basis import Basis
    from ..models.choice import Choice
    from ..models.exchange_rate import ExchangeRate
    from ..models.front_age import FrontAge
    from ..models.infeasible import Infeasible
    from ..models.negotiation_body_demands import NegotiationBodyDemands
    from ..models.negotiation_body_disagreement import NegotiationBodyDisagreement
    from ..models.negotiation_body_favourites import NegotiationBodyFavourites
    from ..models.negotiation_body_ideal import NegotiationBodyIdeal
    from ..models.short_sight import ShortSight
    from ..models.step import Step


T = TypeVar("T", bound="NegotiationBody")


@_attrs_define
class NegotiationBody:
    """A negotiation and what came of it.

    Attributes:
        settlement (Choice | None): Leximin Kalai-Smorodinsky.
        nash (Choice | None): The largest product of the shares.
        least_regret (Choice | None): The smallest greatest regret over the front.
        favourites (NegotiationBodyFavourites): Of each seat that bargains.
        active (Choice | None): What made the lists when the front was made.
        front (list[Choice]): Twelve at most: those above, and who adds most to the hypervolume.
        exchange_rates (list[ExchangeRate]):
        infeasible (Infeasible | None):
        ideal (NegotiationBodyIdeal): By seat: the best it could have.
        disagreement (NegotiationBodyDisagreement): By seat: what it is left with.
        hypervolume (float): Of the cube of shares that the front dominates.
        doubtful (list[str]): Policies that are dominated, but maybe by chance.
        basis (Basis): What was bargained over.
        short_sight (None | ShortSight): Null where there is no other run than the one of `basis`.
        notes (list[str]):
        words (list[str]):
        negotiation_id (None | str): Null for a what-if.
        market (str):
        evaluated (FrontAge): What was bargained over.
        requested_by (str):
        created_at (datetime.datetime):
        demands (NegotiationBodyDemands):
        policy (ActivePolicy | None): The settlement as a stored policy, ready to be signed.
        held (None | str): Why a settlement is not stored as a policy: the market is frozen.
        steps (list[Step] | Unset): How it came to this; empty where an older version of the program settled it. By
            default [].
    """

    settlement: Choice | None
    nash: Choice | None
    least_regret: Choice | None
    favourites: NegotiationBodyFavourites
    active: Choice | None
    front: list[Choice]
    exchange_rates: list[ExchangeRate]
    infeasible: Infeasible | None
    ideal: NegotiationBodyIdeal
    disagreement: NegotiationBodyDisagreement
    hypervolume: float
    doubtful: list[str]
    basis: Basis
    short_sight: None | ShortSight
    notes: list[str]
    words: list[str]
    negotiation_id: None | str
    market: str
    evaluated: FrontAge
    requested_by: str
    created_at: datetime.datetime
    demands: NegotiationBodyDemands
    policy: ActivePolicy | None
    held: None | str
    steps: list[Step] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.active_policy import ActivePolicy
        from ..models.choice import Choice
        from ..models.infeasible import Infeasible
        from ..models.short_sight import ShortSight

        settlement: dict[str, Any] | None
        if isinstance(self.settlement, Choice):
            settlement = self.settlement.to_dict()
        else:
            settlement = self.settlement

        nash: dict[str, Any] | None
        if isinstance(self.nash, Choice):
            nash = self.nash.to_dict()
        else:
            nash = self.nash

        least_regret: dict[str, Any] | None
        if isinstance(self.least_regret, Choice):
            least_regret = self.least_regret.to_dict()
        else:
            least_regret = self.least_regret

        favourites = self.favourites.to_dict()

        active: dict[str, Any] | None
        if isinstance(self.active, Choice):
            active = self.active.to_dict()
        else:
            active = self.active

        front = []
        for front_item_data in self.front:
            front_item = front_item_data.to_dict()
            front.append(front_item)

        exchange_rates = []
        for exchange_rates_item_data in self.exchange_rates:
            exchange_rates_item = exchange_rates_item_data.to_dict()
            exchange_rates.append(exchange_rates_item)

        infeasible: dict[str, Any] | None
        if isinstance(self.infeasible, Infeasible):
            infeasible = self.infeasible.to_dict()
        else:
            infeasible = self.infeasible

        ideal = self.ideal.to_dict()

        disagreement = self.disagreement.to_dict()

        hypervolume = self.hypervolume

        doubtful = self.doubtful

        basis = self.basis.to_dict()

        short_sight: dict[str, Any] | None
        if isinstance(self.short_sight, ShortSight):
            short_sight = self.short_sight.to_dict()
        else:
            short_sight = self.short_sight

        notes = self.notes

        words = self.words

        negotiation_id: None | str
        negotiation_id = self.negotiation_id

        market = self.market

        evaluated = self.evaluated.to_dict()

        requested_by = self.requested_by

        created_at = self.created_at.isoformat()

        demands = self.demands.to_dict()

        policy: dict[str, Any] | None
        if isinstance(self.policy, ActivePolicy):
            policy = self.policy.to_dict()
        else:
            policy = self.policy

        held: None | str
        held = self.held

        steps: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.steps, Unset):
            steps = []
            for steps_item_data in self.steps:
                steps_item = steps_item_data.to_dict()
                steps.append(steps_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "settlement": settlement,
                "nash": nash,
                "least_regret": least_regret,
                "favourites": favourites,
                "active": active,
                "front": front,
                "exchange_rates": exchange_rates,
                "infeasible": infeasible,
                "ideal": ideal,
                "disagreement": disagreement,
                "hypervolume": hypervolume,
                "doubtful": doubtful,
                "basis": basis,
                "short_sight": short_sight,
                "notes": notes,
                "words": words,
                "negotiation_id": negotiation_id,
                "market": market,
                "evaluated": evaluated,
                "requested_by": requested_by,
                "created_at": created_at,
                "demands": demands,
                "policy": policy,
                "held": held,
            }
        )
        if steps is not UNSET:
            field_dict["steps"] = steps

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.active_policy import ActivePolicy
        from ..models.basis import Basis
        from ..models.choice import Choice
        from ..models.exchange_rate import ExchangeRate
        from ..models.front_age import FrontAge
        from ..models.infeasible import Infeasible
        from ..models.negotiation_body_demands import NegotiationBodyDemands
        from ..models.negotiation_body_disagreement import NegotiationBodyDisagreement
        from ..models.negotiation_body_favourites import NegotiationBodyFavourites
        from ..models.negotiation_body_ideal import NegotiationBodyIdeal
        from ..models.short_sight import ShortSight
        from ..models.step import Step

        d = dict(src_dict)

        def _parse_settlement(data: object) -> Choice | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                settlement_type_0 = Choice.from_dict(data)

                return settlement_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Choice | None, data)

        settlement = _parse_settlement(d.pop("settlement"))

        def _parse_nash(data: object) -> Choice | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                nash_type_0 = Choice.from_dict(data)

                return nash_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Choice | None, data)

        nash = _parse_nash(d.pop("nash"))

        def _parse_least_regret(data: object) -> Choice | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                least_regret_type_0 = Choice.from_dict(data)

                return least_regret_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Choice | None, data)

        least_regret = _parse_least_regret(d.pop("least_regret"))

        favourites = NegotiationBodyFavourites.from_dict(d.pop("favourites"))

        def _parse_active(data: object) -> Choice | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                active_type_0 = Choice.from_dict(data)

                return active_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Choice | None, data)

        active = _parse_active(d.pop("active"))

        front = []
        _front = d.pop("front")
        for front_item_data in _front:
            front_item = Choice.from_dict(front_item_data)

            front.append(front_item)

        exchange_rates = []
        _exchange_rates = d.pop("exchange_rates")
        for exchange_rates_item_data in _exchange_rates:
            exchange_rates_item = ExchangeRate.from_dict(exchange_rates_item_data)

            exchange_rates.append(exchange_rates_item)

        def _parse_infeasible(data: object) -> Infeasible | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                infeasible_type_0 = Infeasible.from_dict(data)

                return infeasible_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Infeasible | None, data)

        infeasible = _parse_infeasible(d.pop("infeasible"))

        ideal = NegotiationBodyIdeal.from_dict(d.pop("ideal"))

        disagreement = NegotiationBodyDisagreement.from_dict(d.pop("disagreement"))

        hypervolume = d.pop("hypervolume")

        doubtful = cast(list[str], d.pop("doubtful"))

        basis = Basis.from_dict(d.pop("basis"))

        def _parse_short_sight(data: object) -> None | ShortSight:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                short_sight_type_0 = ShortSight.from_dict(data)

                return short_sight_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ShortSight, data)

        short_sight = _parse_short_sight(d.pop("short_sight"))

        notes = cast(list[str], d.pop("notes"))

        words = cast(list[str], d.pop("words"))

        def _parse_negotiation_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        negotiation_id = _parse_negotiation_id(d.pop("negotiation_id"))

        market = d.pop("market")

        evaluated = FrontAge.from_dict(d.pop("evaluated"))

        requested_by = d.pop("requested_by")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        demands = NegotiationBodyDemands.from_dict(d.pop("demands"))

        def _parse_policy(data: object) -> ActivePolicy | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                policy_type_0 = ActivePolicy.from_dict(data)

                return policy_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ActivePolicy | None, data)

        policy = _parse_policy(d.pop("policy"))

        def _parse_held(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        held = _parse_held(d.pop("held"))

        _steps = d.pop("steps", UNSET)
        steps: list[Step] | Unset = UNSET
        if _steps is not UNSET:
            steps = []
            for steps_item_data in _steps:
                steps_item = Step.from_dict(steps_item_data)

                steps.append(steps_item)

        negotiation_body = cls(
            settlement=settlement,
            nash=nash,
            least_regret=least_regret,
            favourites=favourites,
            active=active,
            front=front,
            exchange_rates=exchange_rates,
            infeasible=infeasible,
            ideal=ideal,
            disagreement=disagreement,
            hypervolume=hypervolume,
            doubtful=doubtful,
            basis=basis,
            short_sight=short_sight,
            notes=notes,
            words=words,
            negotiation_id=negotiation_id,
            market=market,
            evaluated=evaluated,
            requested_by=requested_by,
            created_at=created_at,
            demands=demands,
            policy=policy,
            held=held,
            steps=steps,
        )

        negotiation_body.additional_properties = d
        return negotiation_body

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
