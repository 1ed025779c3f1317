from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.ranking_request_explain import (
    RankingRequestExplain,
    check_ranking_request_explain,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.context import Context


T = TypeVar("T", bound="RankingRequest")


@_attrs_define
class RankingRequest:
    """The body of `POST /v1/rankings`: re-rank candidates that the client names.

    Attributes:
        user_id (str):
        restaurant_ids (list[str]):
        context (Context | Unset): Where and when, and what the diner is looking for.
        k (int | Unset): By default 20.
        market (None | str | Unset):
        explain (RankingRequestExplain | Unset): By default "none".
        personalised (bool | Unset): By default true.
    """

    user_id: str
    restaurant_ids: list[str]
    context: Context | Unset = UNSET
    k: int | Unset = UNSET
    market: None | str | Unset = UNSET
    explain: RankingRequestExplain | Unset = UNSET
    personalised: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        user_id = self.user_id

        restaurant_ids = self.restaurant_ids

        context: dict[str, Any] | Unset = UNSET
        if not isinstance(self.context, Unset):
            context = self.context.to_dict()

        k = self.k

        market: None | str | Unset
        if isinstance(self.market, Unset):
            market = UNSET
        else:
            market = self.market

        explain: str | Unset = UNSET
        if not isinstance(self.explain, Unset):
            explain = self.explain

        personalised = self.personalised

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "user_id": user_id,
                "restaurant_ids": restaurant_ids,
            }
        )
        if context is not UNSET:
            field_dict["context"] = context
        if k is not UNSET:
            field_dict["k"] = k
        if market is not UNSET:
            field_dict["market"] = market
        if explain is not UNSET:
            field_dict["explain"] = explain
        if personalised is not UNSET:
            field_dict["personalised"] = personalised

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.context import Context

        d = dict(src_dict)
        user_id = d.pop("user_id")

        restaurant_ids = cast(list[str], d.pop("restaurant_ids"))

        _context = d.pop("context", UNSET)
        context: Context | Unset
        if isinstance(_context, Unset):
            context = UNSET
        else:
            context = Context.from_dict(_context)

        k = d.pop("k", UNSET)

        def _parse_market(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        market = _parse_market(d.pop("market", UNSET))

        _explain = d.pop("explain", UNSET)
        explain: RankingRequestExplain | Unset
        if isinstance(_explain, Unset):
            explain = UNSET
        else:
            explain = check_ranking_request_explain(_explain)

        personalised = d.pop("personalised", UNSET)

        ranking_request = cls(
            user_id=user_id,
            restaurant_ids=restaurant_ids,
            context=context,
            k=k,
            market=market,
            explain=explain,
            personalised=personalised,
        )

        return ranking_request
