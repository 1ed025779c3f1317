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
    from ..models.column import Column


T = TypeVar("T", bound="Lists")


@_attrs_define
class Lists:
    """Two lists side by side, equal items joined.

    Attributes:
        title (str):
        sentence (str): What to see in it.
        kind (Literal['lists']): By default "lists".
        columns (list[Column]):
    """

    title: str
    sentence: str
    kind: Literal["lists"]
    columns: list[Column]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        sentence = self.sentence

        kind = self.kind

        columns = []
        for columns_item_data in self.columns:
            columns_item = columns_item_data.to_dict()
            columns.append(columns_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
                "sentence": sentence,
                "kind": kind,
                "columns": columns,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.column import Column

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        kind = cast(Literal["lists"], d.pop("kind"))
        if kind != "lists":
            raise ValueError(f"kind must match const 'lists', got '{kind}'")

        columns = []
        _columns = d.pop("columns")
        for columns_item_data in _columns:
            columns_item = Column.from_dict(columns_item_data)

            columns.append(columns_item)

        lists = cls(
            title=title,
            sentence=sentence,
            kind=kind,
            columns=columns,
        )

        lists.additional_properties = d
        return lists

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
