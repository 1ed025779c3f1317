from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PreviewRequest")


@_attrs_define
class PreviewRequest:
    """A bid to be tried out.

    Attributes:
        bid (int): Minor units for a billed event.
        daily_budget (int | None | Unset): By default the campaign's own.
    """

    bid: int
    daily_budget: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        bid = self.bid

        daily_budget: int | None | Unset
        if isinstance(self.daily_budget, Unset):
            daily_budget = UNSET
        else:
            daily_budget = self.daily_budget

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "bid": bid,
            }
        )
        if daily_budget is not UNSET:
            field_dict["daily_budget"] = daily_budget

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        bid = d.pop("bid")

        def _parse_daily_budget(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        daily_budget = _parse_daily_budget(d.pop("daily_budget", UNSET))

        preview_request = cls(
            bid=bid,
            daily_budget=daily_budget,
        )

        return preview_request
