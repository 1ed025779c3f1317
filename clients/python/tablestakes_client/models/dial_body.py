from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.scale import Scale, check_scale

T = TypeVar("T", bound="DialBody")


@_attrs_define
class DialBody:
    """A field of the policy that a seat moves.

    Attributes:
        path (str):
        title (str): How it is called, and what it is counted in.
        low (float):
        high (float):
        scale (Scale | str):
        whole (bool):
    """

    path: str
    title: str
    low: float
    high: float
    scale: Scale | str
    whole: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        path = self.path

        title = self.title

        low = self.low

        high = self.high

        scale: str
        if isinstance(self.scale, str):
            scale = self.scale
        else:
            scale = self.scale

        whole = self.whole

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "path": path,
                "title": title,
                "low": low,
                "high": high,
                "scale": scale,
                "whole": whole,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        path = d.pop("path")

        title = d.pop("title")

        low = d.pop("low")

        high = d.pop("high")

        def _parse_scale(data: object) -> Scale | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                scale_type_0 = check_scale(data)

                return scale_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Scale | str, data)

        scale = _parse_scale(d.pop("scale"))

        whole = d.pop("whole")

        dial_body = cls(
            path=path,
            title=title,
            low=low,
            high=high,
            scale=scale,
            whole=whole,
        )

        dial_body.additional_properties = d
        return dial_body

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
