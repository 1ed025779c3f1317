from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.changed_figure import ChangedFigure
    from ..models.changed_parameter import ChangedParameter


T = TypeVar("T", bound="Changes")


@_attrs_define
class Changes:
    """Since the version before.

    Attributes:
        version (str):
        model (str):
        same_data (bool | None): Whether both have learnt from the very same data.
        until_before (datetime.datetime | None): Where the data of the version before ended.
        parameters (list[ChangedParameter]):
        figures (list[ChangedFigure]):
        groups (list[ChangedFigure]): nDCG@10 of groups that both were measured on.
        regressions (list[str]): Groups whose figure has certainly fallen.
    """

    version: str
    model: str
    same_data: bool | None
    until_before: datetime.datetime | None
    parameters: list[ChangedParameter]
    figures: list[ChangedFigure]
    groups: list[ChangedFigure]
    regressions: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        version = self.version

        model = self.model

        same_data: bool | None
        same_data = self.same_data

        until_before: None | str
        if isinstance(self.until_before, datetime.datetime):
            until_before = self.until_before.isoformat()
        else:
            until_before = self.until_before

        parameters = []
        for parameters_item_data in self.parameters:
            parameters_item = parameters_item_data.to_dict()
            parameters.append(parameters_item)

        figures = []
        for figures_item_data in self.figures:
            figures_item = figures_item_data.to_dict()
            figures.append(figures_item)

        groups = []
        for groups_item_data in self.groups:
            groups_item = groups_item_data.to_dict()
            groups.append(groups_item)

        regressions = self.regressions

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "model": model,
                "same_data": same_data,
                "until_before": until_before,
                "parameters": parameters,
                "figures": figures,
                "groups": groups,
                "regressions": regressions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.changed_figure import ChangedFigure
        from ..models.changed_parameter import ChangedParameter

        d = dict(src_dict)
        version = d.pop("version")

        model = d.pop("model")

        def _parse_same_data(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        same_data = _parse_same_data(d.pop("same_data"))

        def _parse_until_before(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                until_before_type_0 = datetime.datetime.fromisoformat(data)

                return until_before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        until_before = _parse_until_before(d.pop("until_before"))

        parameters = []
        _parameters = d.pop("parameters")
        for parameters_item_data in _parameters:
            parameters_item = ChangedParameter.from_dict(parameters_item_data)

            parameters.append(parameters_item)

        figures = []
        _figures = d.pop("figures")
        for figures_item_data in _figures:
            figures_item = ChangedFigure.from_dict(figures_item_data)

            figures.append(figures_item)

        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = ChangedFigure.from_dict(groups_item_data)

            groups.append(groups_item)

        regressions = cast(list[str], d.pop("regressions"))

        changes = cls(
            version=version,
            model=model,
            same_data=same_data,
            until_before=until_before,
            parameters=parameters,
            figures=figures,
            groups=groups,
            regressions=regressions,
        )

        changes.additional_properties = d
        return changes

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
