from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.budget_body import BudgetBody
    from ..models.release_body import ReleaseBody


T = TypeVar("T", bound="ReleasePage")


@_attrs_define
class ReleasePage:
    """All versions of a market, newest first.

    Attributes:
        items (list[ReleaseBody]):
        next_ (None | str):
        error_budget (BudgetBody): What is left of the error budget.
    """

    items: list[ReleaseBody]
    next_: None | str
    error_budget: BudgetBody
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        next_: None | str
        next_ = self.next_

        error_budget = self.error_budget.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "items": items,
                "next": next_,
                "error_budget": error_budget,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.budget_body import BudgetBody
        from ..models.release_body import ReleaseBody

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = ReleaseBody.from_dict(items_item_data)

            items.append(items_item)

        def _parse_next_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_ = _parse_next_(d.pop("next"))

        error_budget = BudgetBody.from_dict(d.pop("error_budget"))

        release_page = cls(
            items=items,
            next_=next_,
            error_budget=error_budget,
        )

        release_page.additional_properties = d
        return release_page

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
