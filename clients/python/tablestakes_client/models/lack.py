from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.lack_code import LackCode, check_lack_code

T = TypeVar("T", bound="Lack")


@_attrs_define
class Lack:
    """What an answer was made without.

    Attributes:
        code (LackCode | str):
        text (str):
    """

    code: LackCode | str
    text: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code: str
        if isinstance(self.code, str):
            code = self.code
        else:
            code = self.code

        text = self.text

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_code(data: object) -> LackCode | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                code_type_0 = check_lack_code(data)

                return code_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LackCode | str, data)

        code = _parse_code(d.pop("code"))

        text = d.pop("text")

        lack = cls(
            code=code,
            text=text,
        )

        lack.additional_properties = d
        return lack

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
