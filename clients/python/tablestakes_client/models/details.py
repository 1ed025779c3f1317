from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.details_libraries import DetailsLibraries
    from ..models.parameter import Parameter


T = TypeVar("T", bound="Details")


@_attrs_define
class Details:
    """What the version was made with.

    Attributes:
        parameters (list[Parameter]):
        dimensions (int | None): Of the vectors that it serves with.
        libraries (DetailsLibraries):
        kept (bool): Whether its files are there and whole.
    """

    parameters: list[Parameter]
    dimensions: int | None
    libraries: DetailsLibraries
    kept: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        parameters = []
        for parameters_item_data in self.parameters:
            parameters_item = parameters_item_data.to_dict()
            parameters.append(parameters_item)

        dimensions: int | None
        dimensions = self.dimensions

        libraries = self.libraries.to_dict()

        kept = self.kept

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "parameters": parameters,
                "dimensions": dimensions,
                "libraries": libraries,
                "kept": kept,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.details_libraries import DetailsLibraries
        from ..models.parameter import Parameter

        d = dict(src_dict)
        parameters = []
        _parameters = d.pop("parameters")
        for parameters_item_data in _parameters:
            parameters_item = Parameter.from_dict(parameters_item_data)

            parameters.append(parameters_item)

        def _parse_dimensions(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        dimensions = _parse_dimensions(d.pop("dimensions"))

        libraries = DetailsLibraries.from_dict(d.pop("libraries"))

        kept = d.pop("kept")

        details = cls(
            parameters=parameters,
            dimensions=dimensions,
            libraries=libraries,
            kept=kept,
        )

        details.additional_properties = d
        return details

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
