from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.negotiation_request_demands import NegotiationRequestDemands


T = TypeVar("T", bound="NegotiationRequest")


@_attrs_define
class NegotiationRequest:
    """What is to be negotiated. Without `demands` it is for real: by what the seats have demanded, and kept.

    Attributes:
        market (None | str | Unset): May be left out where there is one market.
        front_id (None | str | Unset): By default the market's newest front.
        demands (NegotiationRequestDemands | None | Unset): What if: these seats' demands instead of what they have
            stored. Nothing of it is kept.
    """

    market: None | str | Unset = UNSET
    front_id: None | str | Unset = UNSET
    demands: NegotiationRequestDemands | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.negotiation_request_demands import NegotiationRequestDemands

        market: None | str | Unset
        if isinstance(self.market, Unset):
            market = UNSET
        else:
            market = self.market

        front_id: None | str | Unset
        if isinstance(self.front_id, Unset):
            front_id = UNSET
        else:
            front_id = self.front_id

        demands: dict[str, Any] | None | Unset
        if isinstance(self.demands, Unset):
            demands = UNSET
        elif isinstance(self.demands, NegotiationRequestDemands):
            demands = self.demands.to_dict()
        else:
            demands = self.demands

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if market is not UNSET:
            field_dict["market"] = market
        if front_id is not UNSET:
            field_dict["front_id"] = front_id
        if demands is not UNSET:
            field_dict["demands"] = demands

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.negotiation_request_demands import NegotiationRequestDemands

        d = dict(src_dict)

        def _parse_market(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        market = _parse_market(d.pop("market", UNSET))

        def _parse_front_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        front_id = _parse_front_id(d.pop("front_id", UNSET))

        def _parse_demands(data: object) -> NegotiationRequestDemands | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                demands_type_0 = NegotiationRequestDemands.from_dict(data)

                return demands_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NegotiationRequestDemands | None | Unset, data)

        demands = _parse_demands(d.pop("demands", UNSET))

        negotiation_request = cls(
            market=market,
            front_id=front_id,
            demands=demands,
        )

        return negotiation_request
