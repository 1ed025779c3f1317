from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.axis import Axis
    from ..models.waterfall_step import WaterfallStep


T = TypeVar("T", bound="Waterfall")


@_attrs_define
class Waterfall:
    """How steps add up to a total.

    Attributes:
        title (str):
        sentence (str): What to see in it.
        kind (Literal['waterfall']): By default "waterfall".
        y (Axis): What runs along a side.
        steps (list[WaterfallStep]):
        total (float):
    """

    title: str
    sentence: str
    kind: Literal["waterfall"]
    y: Axis
    steps: list[WaterfallStep]
    total: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        sentence = self.sentence

        kind = self.kind

        y = self.y.to_dict()

        steps = []
        for steps_item_data in self.steps:
            steps_item = steps_item_data.to_dict()
            steps.append(steps_item)

        total = self.total

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
                "sentence": sentence,
                "kind": kind,
                "y": y,
                "steps": steps,
                "total": total,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.axis import Axis
        from ..models.waterfall_step import WaterfallStep

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        kind = cast(Literal["waterfall"], d.pop("kind"))
        if kind != "waterfall":
            raise ValueError(f"kind must match const 'waterfall', got '{kind}'")

        y = Axis.from_dict(d.pop("y"))

        steps = []
        _steps = d.pop("steps")
        for steps_item_data in _steps:
            steps_item = WaterfallStep.from_dict(steps_item_data)

            steps.append(steps_item)

        total = d.pop("total")

        waterfall = cls(
            title=title,
            sentence=sentence,
            kind=kind,
            y=y,
            steps=steps,
            total=total,
        )

        waterfall.additional_properties = d
        return waterfall

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
