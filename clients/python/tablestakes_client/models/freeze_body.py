from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.approved_bounds import ApprovedBounds
    from ..models.budget_body import BudgetBody
    from ..models.freeze_reason import FreezeReason
    from ..models.price import Price
    from ..models.release_body import ReleaseBody
    from ..models.window import Window


T = TypeVar("T", bound="FreezeBody")


@_attrs_define
class FreezeBody:
    """Whether a market is frozen, what waits, and what that costs.

    Attributes:
        market (str):
        frozen (bool):
        freezes (list[FreezeReason]):
        queue (list[ReleaseBody]): Challengers that could be promoted, the longest waiting first.
        price (Price): What it costs that nothing is released.
        bounds (ApprovedBounds): A range for each dial that may move; the others may not move at all. By default {}.
        calendar (list[Window]):
        error_budget (BudgetBody): What is left of the error budget.
    """

    market: str
    frozen: bool
    freezes: list[FreezeReason]
    queue: list[ReleaseBody]
    price: Price
    bounds: ApprovedBounds
    calendar: list[Window]
    error_budget: BudgetBody
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        market = self.market

        frozen = self.frozen

        freezes = []
        for freezes_item_data in self.freezes:
            freezes_item = freezes_item_data.to_dict()
            freezes.append(freezes_item)

        queue = []
        for queue_item_data in self.queue:
            queue_item = queue_item_data.to_dict()
            queue.append(queue_item)

        price = self.price.to_dict()

        bounds = self.bounds.to_dict()

        calendar = []
        for calendar_item_data in self.calendar:
            calendar_item = calendar_item_data.to_dict()
            calendar.append(calendar_item)

        error_budget = self.error_budget.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "market": market,
                "frozen": frozen,
                "freezes": freezes,
                "queue": queue,
                "price": price,
                "bounds": bounds,
                "calendar": calendar,
                "error_budget": error_budget,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approved_bounds import ApprovedBounds
        from ..models.budget_body import BudgetBody
        from ..models.freeze_reason import FreezeReason
        from ..models.price import Price
        from ..models.release_body import ReleaseBody
        from ..models.window import Window

        d = dict(src_dict)
        market = d.pop("market")

        frozen = d.pop("frozen")

        freezes = []
        _freezes = d.pop("freezes")
        for freezes_item_data in _freezes:
            freezes_item = FreezeReason.from_dict(freezes_item_data)

            freezes.append(freezes_item)

        queue = []
        _queue = d.pop("queue")
        for queue_item_data in _queue:
            queue_item = ReleaseBody.from_dict(queue_item_data)

            queue.append(queue_item)

        price = Price.from_dict(d.pop("price"))

        bounds = ApprovedBounds.from_dict(d.pop("bounds"))

        calendar = []
        _calendar = d.pop("calendar")
        for calendar_item_data in _calendar:
            calendar_item = Window.from_dict(calendar_item_data)

            calendar.append(calendar_item)

        error_budget = BudgetBody.from_dict(d.pop("error_budget"))

        freeze_body = cls(
            market=market,
            frozen=frozen,
            freezes=freezes,
            queue=queue,
            price=price,
            bounds=bounds,
            calendar=calendar,
            error_budget=error_budget,
        )

        freeze_body.additional_properties = d
        return freeze_body

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
