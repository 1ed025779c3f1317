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
    from ..models.measured_value import MeasuredValue


T = TypeVar("T", bound="Table")


@_attrs_define
class Table:
    """Rows of words and numbers.

    Attributes:
        title (str):
        sentence (str): What to see in it.
        kind (Literal['table']): By default "table".
        columns (list[str]):
        rows (list[list[float | MeasuredValue | str]]):
    """

    title: str
    sentence: str
    kind: Literal["table"]
    columns: list[str]
    rows: list[list[float | MeasuredValue | str]]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.measured_value import MeasuredValue

        title = self.title

        sentence = self.sentence

        kind = self.kind

        columns = self.columns

        rows = []
        for rows_item_data in self.rows:
            rows_item = []
            for rows_item_item_data in rows_item_data:
                rows_item_item: dict[str, Any] | float | str
                if isinstance(rows_item_item_data, MeasuredValue):
                    rows_item_item = rows_item_item_data.to_dict()
                else:
                    rows_item_item = rows_item_item_data
                rows_item.append(rows_item_item)

            rows.append(rows_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
                "sentence": sentence,
                "kind": kind,
                "columns": columns,
                "rows": rows,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.measured_value import MeasuredValue

        d = dict(src_dict)
        title = d.pop("title")

        sentence = d.pop("sentence")

        kind = cast(Literal["table"], d.pop("kind"))
        if kind != "table":
            raise ValueError(f"kind must match const 'table', got '{kind}'")

        columns = cast(list[str], d.pop("columns"))

        rows = []
        _rows = d.pop("rows")
        for rows_item_data in _rows:
            rows_item = []
            _rows_item = rows_item_data
            for rows_item_item_data in _rows_item:

                def _parse_rows_item_item(data: object) -> float | MeasuredValue | str:
                    try:
                        if not isinstance(data, dict):
                            raise TypeError()
                        rows_item_item_type_2 = MeasuredValue.from_dict(data)

                        return rows_item_item_type_2
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    return cast(float | MeasuredValue | str, data)

                rows_item_item = _parse_rows_item_item(rows_item_item_data)

                rows_item.append(rows_item_item)

            rows.append(rows_item)

        table = cls(
            title=title,
            sentence=sentence,
            kind=kind,
            columns=columns,
            rows=rows,
        )

        table.additional_properties = d
        return table

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
